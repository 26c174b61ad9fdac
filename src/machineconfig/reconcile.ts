import { isDeepStrictEqual } from 'node:util';
import { parseValue } from '../ignition/index.ts';
import { configItems } from './config-items.ts';
import type { ConfigItem } from './config-items.ts';
import type { Provenance, ProvenanceItem } from './provenance.ts';
import type { MachineConfig } from '../api/index.ts';
import type { Config, User } from '../ignition/index.ts';

/** One code per rule of contract §2.9. */
export type DifferenceCode =
  | 'invalid-config'
  | 'groups'
  | 'users'
  | 'ignition-kernel-arguments'
  | 'disks'
  | 'filesystems'
  | 'raid'
  | 'directories'
  | 'links'
  | 'append'
  | 'force-file'
  | 'fips';

/** A change that a running node cannot make. */
export interface Difference {
  readonly code: DifferenceCode;
  /** In the new configuration: `spec.config.storage.directories`. */
  readonly field: string;
  /** Names the current and the new configuration, and what to do. */
  readonly message: string;
  /** The MachineConfigs that the change comes from; empty if it lies in what is gone. */
  readonly machineConfigs: readonly string[];
}

/** Parts that an administrator has declared irrelevant for existing nodes (contract §2.9). */
export type IrreconcilableOverride = 'Disks' | 'FileSystems' | 'Raid';

/** A rendered configuration with what reconciling needs of it. */
export interface DesiredConfiguration {
  readonly machineConfig: MachineConfig;
  readonly config: Config;
  readonly provenance: Provenance;
}

/** Writing this file makes the contract's daemon skip its checks (contract §7.6). */
const FORCE_FILE = '/run/machine-config-daemon-force';

/**
 * What keeps nodes that run `current` from getting to `desired`: the complete list of contract §2.9, in its order.
 * Empty if they can.
 */
export function reconcile(
  current: MachineConfig,
  desired: DesiredConfiguration,
  overrides: readonly IrreconcilableOverride[] = [],
): readonly Difference[] {
  const names = `between ${current.metadata.name} and ${desired.machineConfig.metadata.name}`;
  const old = parseCurrent(current);
  if (typeof old === 'string') {
    const message = `the current configuration ${current.metadata.name} is not a valid Ignition config: ${old}`;
    return [{ code: 'invalid-config', field: 'spec.config', message, machineConfigs: [] }];
  }
  const comparison = new Comparison(old, desired, names);
  comparison.groups();
  comparison.users();
  comparison.kernelArguments();
  if (!overrides.includes('Disks')) comparison.storage('disks', 'storage.disks', 'disks');
  if (!overrides.includes('FileSystems'))
    comparison.storage('filesystems', 'storage.filesystems', 'filesystems');
  if (!overrides.includes('Raid')) comparison.storage('raid', 'storage.raid', 'RAID arrays');
  comparison.storage('directories', 'storage.directories', 'directories');
  // Links may all go, but not change.
  if ((desired.config.storage?.links ?? []).length > 0) comparison.storage('links', 'storage.links', 'links');
  comparison.files();
  comparison.fips(current.spec.fips === true);
  return comparison.differences;
}

/** The Ignition config of the current configuration, or why there is none. */
function parseCurrent({ spec }: MachineConfig): Config | string {
  if (spec.config === undefined) return { ignition: { version: '3.5.0' } };
  const outcome = parseValue(spec.config);
  if (outcome.ok) return outcome.config;
  return (
    outcome.report.entries.find(({ kind }) => kind === 'error')?.message ?? outcome.reason ?? 'unknown reason'
  );
}

class Comparison {
  readonly differences: Difference[] = [];
  readonly #old: Config;
  readonly #desired: DesiredConfiguration;
  readonly #names: string;

  constructor(old: Config, desired: DesiredConfiguration, names: string) {
    this.#old = old;
    this.#desired = desired;
    this.#names = names;
  }

  groups(): void {
    const { changed, items } = this.#compare('passwd.groups');
    if (!changed) return;
    this.#add('groups', 'spec.config.passwd.groups', this.#describe('groups differ', items), items);
  }

  users(): void {
    if (!this.#compare('passwd.users').changed) return;
    const field = 'spec.config.passwd.users';
    for (const user of this.#desired.config.passwd?.users ?? []) {
      const reason = userProblem(user);
      const item: ProvenanceItem = { section: 'passwd.users', key: user.name };
      if (reason === undefined) continue;
      const message = `users differ ${this.#names}, and ${reason}; undo the change, or replace the nodes`;
      this.#add('users', field, message, [item]);
    }
  }

  kernelArguments(): void {
    const old = this.#old.kernelArguments ?? {};
    const now = this.#desired.config.kernelArguments ?? {};
    const before = { add: old.shouldExist ?? [], remove: old.shouldNotExist ?? [] };
    const after = { add: now.shouldExist ?? [], remove: now.shouldNotExist ?? [] };
    if (isDeepStrictEqual(before, after)) return;
    const changed = [
      ...after.add.filter((argument) => !before.add.includes(argument)),
      ...after.remove.filter((argument) => !before.remove.includes(argument)),
    ];
    const items = changed.map((key): ProvenanceItem => ({ section: 'kernelArguments', key }));
    const message = `Ignition's kernelArguments differ ${this.#names}, which counts on first boot only; use spec.kernelArguments`;
    this.#add('ignition-kernel-arguments', 'spec.config.kernelArguments', message, items);
  }

  storage(code: DifferenceCode, section: StorageSection, words: string): void {
    const { changed, items } = this.#compare(section);
    if (changed) this.#add(code, `spec.config.${section}`, this.#describe(`${words} differ`, items), items);
  }

  files(): void {
    for (const { path, append = [] } of this.#desired.config.storage?.files ?? []) {
      const item: ProvenanceItem = { section: 'storage.files', key: path };
      const newName = this.#desired.machineConfig.metadata.name;
      if (append.length > 0) {
        const message = `file ${path} of ${newName} has append, which a node would do again with every update; write the whole contents`;
        this.#add('append', 'spec.config.storage.files', message, [item]);
      }
      if (path === FORCE_FILE) {
        const message = `file ${path} of ${newName} must not come from a MachineConfig; it makes a node skip its checks`;
        this.#add('force-file', 'spec.config.storage.files', message, [item]);
      }
    }
  }

  fips(old: boolean): void {
    const now = this.#desired.machineConfig.spec.fips === true;
    if (now === old) return;
    const message = `FIPS mode differs ${this.#names} (${old} before, ${now} after); it is chosen when a machine is installed`;
    this.#add('fips', 'spec.fips', message, [{ section: 'fips' }]);
  }

  /** Whether a list differs, in order too, and which of the new entries are new or changed. */
  #compare(section: KeyedSection): { changed: boolean; items: readonly ConfigItem[] } {
    const before = itemsOf(this.#old, section);
    const after = itemsOf(this.#desired.config, section);
    const same = isDeepStrictEqual(before.map(valueOf), after.map(valueOf));
    if (same) return { changed: false, items: [] };
    const known = new Map(before.map((item) => [item.description, item.value]));
    return {
      changed: true,
      items: after.filter((item) => !isDeepStrictEqual(known.get(item.description), item.value)),
    };
  }

  #describe(what: string, items: readonly ConfigItem[]): string {
    const which = items.length === 0 ? '' : ` (${items.map(({ description }) => description).join(', ')})`;
    return `${what} ${this.#names}${which}, and running nodes cannot follow; undo the change, or replace the nodes`;
  }

  #add(
    code: DifferenceCode,
    field: string,
    message: string,
    items: readonly (ConfigItem | ProvenanceItem)[],
  ): void {
    const owners = items.flatMap((item) => this.#desired.provenance.of('item' in item ? item.item : item));
    this.differences.push({ code, field, message, machineConfigs: [...new Set(owners)] });
  }
}

type StorageSection =
  | 'storage.disks'
  | 'storage.filesystems'
  | 'storage.raid'
  | 'storage.directories'
  | 'storage.links';
type KeyedSection = StorageSection | 'passwd.groups' | 'passwd.users';

function itemsOf(config: Config, section: KeyedSection): readonly ConfigItem[] {
  return configItems(config).filter(({ item }) => item.section === section);
}

function valueOf({ value }: ConfigItem): unknown {
  return value;
}

/** Only keys and password of the user core can change on a running node (contract §2.9, rule 3). */
function userProblem({ name, sshAuthorizedKeys = [], passwordHash, ...others }: User): string | undefined {
  if (name !== 'core') return `user ${name} cannot be created or changed on running nodes; only core can`;
  const more = Object.keys(others);
  if (more.length > 0)
    return `of user core only sshAuthorizedKeys and passwordHash can change, not ${more.join(', ')}`;
  const isEmpty = sshAuthorizedKeys.length === 0 && (passwordHash ?? '') === '';
  return isEmpty ? 'user core needs sshAuthorizedKeys or a passwordHash' : undefined;
}
