import { basename, join } from 'node:path';
import { entriesOf, linkOf, replaceFile, replaceLink, removeTree, statOf, textOf } from './files.ts';
import { configurationFiles } from './configuration-files.ts';
import type { MachineFolder } from './machine-folder.ts';
import { followedBelow, pathBelow } from './root-path.ts';

/** Where unit files are, those that count more first. */
const FOLDERS = ['/etc/systemd/system', '/run/systemd/system', '/usr/lib/systemd/system'];

/** A unit as it stands on a machine. */
export interface UnitState {
  readonly load: 'loaded' | 'not-found' | 'masked';
  readonly active: 'active' | 'inactive' | 'failed';
  readonly sub: string;
  readonly result: string;
  readonly enablement: string;
}

interface Running {
  readonly active: UnitState['active'];
  readonly result: string;
}

const RUNNING = 'run/systemd/simulated-units.json';

/** The units of a machine: which there are and are enabled is on its disk, which run is in its memory. */
export class Units {
  readonly #machine: MachineFolder;

  constructor(machine: MachineFolder) {
    this.#machine = machine;
  }

  state(name: string): UnitState {
    const running = this.#running[name];
    const sub = this.#sub(name, running?.active ?? 'inactive');
    const state = {
      active: running?.active ?? 'inactive',
      sub,
      result: running?.result ?? 'success',
    } as const;
    if (this.#isMasked(name)) return { ...state, load: 'masked', enablement: 'masked' };
    const file = this.#file(name);
    if (file === undefined) return { ...state, load: 'not-found', enablement: '' };
    return { ...state, load: 'loaded', enablement: this.#enablement(name, file) };
  }

  /** Whether a unit can be started at all. */
  isStartable(name: string): boolean {
    return this.#file(name) !== undefined && !this.#isMasked(name);
  }

  set(name: string, active: UnitState['active'], result = 'success'): void {
    const all = { ...this.#running, [name]: { active, result } };
    replaceFile(this.#machine.at(RUNNING), JSON.stringify(all));
  }

  /** Makes the links that its [Install] section asks for. */
  enable(name: string): void {
    for (const [link, target] of this.#wantedLinks(name)) {
      const at = pathBelow(this.#machine.root, link);
      if (at !== undefined) replaceLink(at, target);
    }
  }

  disable(name: string): void {
    for (const link of this.#linksTo(name)) removeTree(link);
  }

  mask(name: string): boolean {
    const path = this.#machine.at(`etc/systemd/system/${name}`);
    if (statOf(path) !== undefined && linkOf(path) !== '/dev/null') return false;
    replaceLink(path, '/dev/null');
    return true;
  }

  unmask(name: string): void {
    const path = this.#machine.at(`etc/systemd/system/${name}`);
    if (linkOf(path) === '/dev/null') removeTree(path);
  }

  /** What a boot starts: all that the default target wants, and what those want in turn. */
  startAll(): void {
    const started: Record<string, Running> = {};
    const queue = [
      'default.target',
      'sysinit.target',
      'basic.target',
      'multi-user.target',
      'timers.target',
      'sockets.target',
    ];
    for (let name = queue.shift(); name !== undefined; name = queue.shift()) {
      if (started[name] !== undefined || !this.isStartable(name)) continue;
      started[name] = { active: 'active', result: 'success' };
      for (const kind of ['wants', 'requires']) {
        for (const folder of FOLDERS) {
          queue.push(...entriesOf(this.#machine.at(`${folder}/${name}.${kind}`)).map((entry) => entry.name));
        }
      }
      queue.push(...this.#settings(name, 'Unit', 'Wants'), ...this.#settings(name, 'Unit', 'Requires'));
    }
    for (const name of Object.keys(started)) {
      const isOneshot = this.#settings(name, 'Service', 'Type').includes('oneshot');
      if (isOneshot && !this.#settings(name, 'Service', 'RemainAfterExit').includes('yes')) {
        started[name] = { active: 'inactive', result: 'success' };
      }
    }
    replaceFile(this.#machine.at(RUNNING), JSON.stringify(started));
  }

  /** What the first boot of a machine does: it enables what the presets say, and disables nothing (systemd.preset(5)). */
  presetAll(): void {
    const rules = configurationFiles(this.#machine.root, 'systemd/system-preset', '.preset').flatMap((file) =>
      (textOf(file) ?? '').split('\n'),
    );
    const names = new Set(
      FOLDERS.flatMap((folder) =>
        entriesOf(this.#machine.at(folder))
          .map(({ name }) => name)
          .filter((name) => /\.(?:service|socket|timer|path|target|mount)$/.test(name)),
      ),
    );
    for (const name of names) {
      if (this.#isMasked(name) || this.#wantedLinks(name).length === 0) continue;
      if (presetOf(name, rules)) this.enable(name);
    }
  }

  get #running(): Readonly<Record<string, Running>> {
    return JSON.parse(textOf(this.#machine.at(RUNNING)) ?? '{}') as Record<string, Running>;
  }

  #sub(name: string, active: UnitState['active']): string {
    if (active !== 'active') return active === 'failed' ? 'failed' : 'dead';
    if (name.endsWith('.target') || name.endsWith('.mount')) return 'active';
    if (name.endsWith('.timer')) return 'waiting';
    if (name.endsWith('.socket')) return 'listening';
    return this.#settings(name, 'Service', 'Type').includes('oneshot') ? 'exited' : 'running';
  }

  /** The path of a unit's file on the machine; an instance has its template's. */
  #file(name: string): string | undefined {
    const template = name.replace(/@[^.]+\./, '@.');
    for (const folder of FOLDERS) {
      for (const one of new Set([name, template])) {
        const at = followedBelow(this.#machine.root, `${folder}/${one}`);
        if (at !== undefined && statOf(at)?.isFile() === true) return at;
      }
    }
    return undefined;
  }

  #isMasked(name: string): boolean {
    return FOLDERS.some((folder) => {
      const path = this.#machine.at(`${folder}/${name}`);
      return linkOf(path) === '/dev/null' || (statOf(path)?.isFile() === true && statOf(path)?.size === 0);
    });
  }

  #enablement(name: string, file: string): string {
    if (this.#linksTo(name).length > 0) return 'enabled';
    if (linkOf(this.#machine.at(`etc/systemd/system/${name}`)) !== undefined) return 'linked';
    return /^\[Install\]/m.test(textOf(file) ?? '') ? 'disabled' : 'static';
  }

  /** Links of /etc by which something wants a unit, as this process sees them. */
  #linksTo(name: string): readonly string[] {
    const folder = followedBelow(this.#machine.root, 'etc/systemd/system') ?? '';
    return entriesOf(folder)
      .filter((entry) => /\.(?:wants|requires)$/.test(entry.name))
      .flatMap((entry) => {
        const at = pathBelow(this.#machine.root, `etc/systemd/system/${entry.name}/${name}`);
        return at !== undefined && statOf(at) !== undefined ? [at] : [];
      });
  }

  #wantedLinks(name: string): readonly (readonly [link: string, target: string])[] {
    const file = this.#file(name);
    if (file === undefined) return [];
    const instance = this.#settings(name, 'Install', 'DefaultInstance')[0];
    const isTemplate = name.includes('@.');
    if (isTemplate && instance === undefined) return [];
    const link = isTemplate ? name.replace('@.', `@${instance ?? ''}.`) : name;
    const folder =
      FOLDERS.find((one) => file === followedBelow(this.#machine.root, join(one, basename(file)))) ??
      FOLDERS[2];
    const target = join(folder ?? '', basename(file));
    return [
      ...this.#settings(name, 'Install', 'WantedBy').map(
        (by) => [`etc/systemd/system/${by}.wants/${link}`, target] as const,
      ),
      ...this.#settings(name, 'Install', 'RequiredBy').map(
        (by) => [`etc/systemd/system/${by}.requires/${link}`, target] as const,
      ),
      ...this.#settings(name, 'Install', 'Alias').map(
        (alias) => [`etc/systemd/system/${alias}`, target] as const,
      ),
    ];
  }

  /** The words of a setting in a section of a unit's file. */
  #settings(name: string, section: string, key: string): readonly string[] {
    const file = this.#file(name);
    const words: string[] = [];
    let inside = '';
    for (const line of (file === undefined ? '' : (textOf(file) ?? '')).split('\n')) {
      inside = /^\[(\w+)\]/.exec(line)?.[1] ?? inside;
      const value = new RegExp(`^${key}\\s*=(.*)$`).exec(line)?.[1];
      if (inside === section && value !== undefined)
        words.push(
          ...value
            .trim()
            .split(/\s+/)
            .filter((word) => word !== ''),
        );
    }
    return words;
  }
}

/** Whether presets enable a unit: the first line that matches counts, and without one they do. */
function presetOf(name: string, rules: readonly string[]): boolean {
  for (const rule of rules) {
    const [, verb, pattern = ''] = /^\s*(enable|disable)\s+(\S+)/.exec(rule) ?? [];
    if (verb === undefined) continue;
    const source = pattern
      .replaceAll(/[.+^${}()|\\]/g, '\\$&')
      .replaceAll('*', '.*')
      .replaceAll('?', '.');
    if (new RegExp(`^${source}$`).test(name)) return verb === 'enable';
  }
  return true;
}
