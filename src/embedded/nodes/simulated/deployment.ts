import { hash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { linkOf, entriesOf, replaceFile, textOf } from './files.ts';
import type { MachineFolder } from './machine-folder.ts';

/** A deployment that the boot loader knows, or that is to be one of those. */
export interface Deployment {
  /** `CHECKSUM.SERIAL`. */
  readonly name: string;
  readonly checksum: string;
  readonly serial: number;
  /** Its command line, without what names the deployment. */
  readonly options: string;
  /** Arguments that belong to somebody by name, a part of `options` (host-contract §4.3). */
  readonly sources: Readonly<Record<string, string>>;
}

/** A staged one, which lives as long as the power. */
export interface StagedDeployment extends Deployment {
  /** The deployment whose /etc it gets. */
  readonly merge: string;
  /** By its record; the marker file locks it as well. */
  readonly locked: boolean;
}

const LOCK_MARKER = 'run/ostree/staged-deployment-locked';
const STAGED = 'run/ostree/staged-deployment';

/** What the boot loader boots, the default first. */
export function bootableDeployments(machine: MachineFolder): readonly Deployment[] {
  const folder = machine.at('boot/loader/entries');
  return entriesOf(folder)
    .map(({ name }) => entryOf(machine, readFileSync(join(folder, name), 'utf8')))
    .sort((a, b) => b.version - a.version)
    .map(({ deployment }) => deployment);
}

interface BootEntry {
  readonly deployment: Deployment;
  /** The highest boots by default. */
  readonly version: number;
}

function entryOf(machine: MachineFolder, text: string): BootEntry {
  const values = new Map(
    text.split('\n').map((line) => {
      const [key = '', ...rest] = line.split(' ');
      return [key, rest.join(' ')] as const;
    }),
  );
  const words = (values.get('options') ?? '').split(' ');
  const link = words.find((word) => word.startsWith('ostree='))?.slice('ostree='.length) ?? '';
  const name = basename(linkOf(machine.at(`sysroot${link}`)) ?? '');
  const sources = [...values].filter(([key]) => key.startsWith('x-options-source-'));
  const deployment = {
    ...deploymentNamed(name),
    options: words.filter((word) => !word.startsWith('ostree=')).join(' '),
    sources: Object.fromEntries(
      sources.map(([key, value]) => [key.slice('x-options-source-'.length), value]),
    ),
  };
  return { deployment, version: Number(values.get('version')) };
}

export function deploymentNamed(name: string): Pick<Deployment, 'name' | 'checksum' | 'serial'> {
  const [checksum = '', serial = '0'] = name.split('.');
  return { name, checksum, serial: Number(serial) };
}

/** What is staged; undefined when nothing is. */
export function stagedDeployment(machine: MachineFolder): StagedDeployment | undefined {
  const text = textOf(machine.at(STAGED));
  return text === undefined ? undefined : (JSON.parse(text) as StagedDeployment);
}

/** Whether the file is there that locks what is staged, in every release (host-contract §3.4). */
export function isMarkedLocked(machine: MachineFolder): boolean {
  return textOf(machine.at(LOCK_MARKER)) !== undefined;
}

/** The deployment whose root the host runs on. */
export function bootedName(machine: MachineFolder): string | undefined {
  const link = linkOf(machine.at('usr'));
  return link === undefined || textOf(machine.at('run/ostree-booted')) === undefined
    ? undefined
    : basename(join(link, '..'));
}

/** All deployments as tools list them: what boots next first. */
export function listedDeployments(machine: MachineFolder): readonly Deployment[] {
  const staged = stagedDeployment(machine);
  const bootable = bootableDeployments(machine);
  return staged === undefined ? bootable : [staged, ...bootable];
}

export const STAGED_RECORD = STAGED;
export const STAGED_LOCK_MARKER = LOCK_MARKER;

/** Where a deployment's tree is. */
export function treeOf(machine: MachineFolder, { name }: Pick<Deployment, 'name'>): string {
  return join(machine.deployments, name);
}

/** The kernel's folder of a tree and the checksum of what is booted of it (host-contract §3.1, `bootcsum`). */
export function kernelOf(tree: string): {
  readonly release: string;
  readonly folder: string;
  readonly checksum: string;
} {
  const modules = join(tree, 'usr/lib/modules');
  const release =
    entriesOf(modules).find(({ name }) => textOf(join(modules, name, 'vmlinuz')) !== undefined)?.name ?? '';
  const folder = join(modules, release);
  const parts = ['vmlinuz', 'initramfs.img'].map((name) => hash('sha256', textOf(join(folder, name)) ?? ''));
  return { release, folder, checksum: hash('sha256', parts.join(' ')) };
}

/** The origin of a deployment, an INI file (host-contract §3.2). */
export class Origin {
  readonly #path: string;
  readonly #groups: Map<string, Map<string, string>>;

  constructor(machine: MachineFolder, { name }: Pick<Deployment, 'name'>) {
    this.#path = join(machine.deployments, `${name}.origin`);
    this.#groups = parseIni(textOf(this.#path) ?? '');
  }

  get(group: string, key: string): string | undefined {
    return this.#groups.get(group)?.get(key);
  }

  list(group: string, key: string): readonly string[] {
    return (this.get(group, key) ?? '').split(';').filter((item) => item !== '');
  }

  set(group: string, key: string, value: string | undefined): void {
    const values = this.#groups.get(group) ?? new Map<string, string>();
    if (value === undefined) values.delete(key);
    else values.set(key, value);
    if (values.size === 0) this.#groups.delete(group);
    else this.#groups.set(group, values);
  }

  has(group: string): boolean {
    return this.#groups.has(group);
  }

  get text(): string {
    const groups = [...this.#groups].map(([group, values]) =>
      [`[${group}]`, ...[...values].map(([key, value]) => `${key}=${value}`), ''].join('\n'),
    );
    return groups.join('\n');
  }

  get isPinned(): boolean {
    return this.get('libostree-transient', 'pinned') === 'true';
  }

  write(): void {
    replaceFile(this.#path, this.text);
  }
}

function parseIni(text: string): Map<string, Map<string, string>> {
  const groups = new Map<string, Map<string, string>>();
  let group = new Map<string, string>();
  for (const line of text.split('\n')) {
    const heading = /^\[([^\]]+)\]\s*$/.exec(line)?.[1];
    const [, key, value] = /^([^#=[\]]+?)\s*=\s*(.*)$/.exec(line) ?? [];
    if (heading !== undefined) {
      group = groups.get(heading) ?? new Map<string, string>();
      groups.set(heading, group);
    } else if (key !== undefined && value !== undefined) group.set(key, value.trimEnd());
  }
  return groups;
}
