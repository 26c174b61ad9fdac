import type { Config, Origin } from '../ignition/index.ts';
import type { MachineConfig } from '../api/index.ts';

/**
 * An item of a rendered configuration: one of the image, or a part that only a machine's first boot uses.
 * Without a `key`, every MachineConfig that has something in the section counts.
 */
export type ProvenanceItem =
  | Origin
  | { readonly section: 'extensions'; readonly key: string }
  | { readonly section: 'fips' }
  | {
      readonly section: 'storage.disks' | 'storage.filesystems' | 'storage.raid' | 'storage.luks';
      readonly key?: string;
    };

/** Which MachineConfigs an item of a rendered configuration comes from. */
export interface Provenance {
  /**
   * The names of the MachineConfigs that set the item, in merge order; where they disagree, the last one's value
   * is the rendered one. Empty for an item that none of them has.
   *
   * A path that a later MachineConfig declares as something else (a link in place of a file) belongs to that one
   * alone. Kernel arguments are those of `spec.kernelArguments` and of both lists of the Ignition section.
   */
  of(item: ProvenanceItem): readonly string[];

  /** Where the last of those MachineConfigs has it: `spec.config.storage.files[0]`; undefined for sections as a whole. */
  field(item: ProvenanceItem): string | undefined;
}

/** A MachineConfig and its parsed Ignition config. */
export interface Contribution {
  readonly machineConfig: MachineConfig;
  readonly config: Config | undefined;
}

/** @param contributions in merge order */
export function collectProvenance(contributions: readonly Contribution[]): Provenance {
  const recorder = new Recorder();
  for (const contribution of contributions) recorder.add(contribution);
  return recorder;
}

const SEPARATOR = '\0';

class Recorder implements Provenance {
  readonly #owners = new Map<string, string[]>();
  readonly #fields = new Map<string, string>();
  /** In which of the three lists that share their paths (host-contract §8.4) a path is now. */
  readonly #pathSections = new Map<string, string>();

  of(item: ProvenanceItem): readonly string[] {
    return this.#owners.get(itemKey(item)) ?? [];
  }

  field(item: ProvenanceItem): string | undefined {
    return this.#fields.get(itemKey(item));
  }

  add({ machineConfig, config }: Contribution): void {
    const { metadata, spec } = machineConfig;
    const own = (item: ProvenanceItem, field: string): void => this.#own(item, metadata.name, field);
    const ownKeys = (
      section: 'extensions' | 'kernelArguments' | 'passwd.groups' | 'passwd.users',
      keys: readonly string[] | null | undefined,
      list: string,
    ): void => keys?.forEach((key, index) => own({ section, key }, `${list}[${index}]`));
    ownKeys('kernelArguments', spec.kernelArguments, 'spec.kernelArguments');
    ownKeys('extensions', spec.extensions, 'spec.extensions');
    if (spec.fips === true) own({ section: 'fips' }, 'spec.fips');
    if (config === undefined) return;
    const { kernelArguments, passwd, storage, systemd } = config;
    for (const list of ['shouldExist', 'shouldNotExist'] as const)
      ownKeys('kernelArguments', kernelArguments?.[list], `spec.config.kernelArguments.${list}`);
    ownKeys('passwd.users', passwd?.users?.map(nameOf), 'spec.config.passwd.users');
    ownKeys('passwd.groups', passwd?.groups?.map(nameOf), 'spec.config.passwd.groups');
    this.#addPaths('storage.directories', storage?.directories, metadata.name);
    this.#addPaths('storage.files', storage?.files, metadata.name);
    this.#addPaths('storage.links', storage?.links, metadata.name);
    for (const { device } of storage?.disks ?? []) this.#ownPart('storage.disks', device, metadata.name);
    for (const { device } of storage?.filesystems ?? [])
      this.#ownPart('storage.filesystems', device, metadata.name);
    for (const { name } of storage?.raid ?? []) this.#ownPart('storage.raid', name, metadata.name);
    for (const { name } of storage?.luks ?? []) this.#ownPart('storage.luks', name, metadata.name);
    for (const [index, { name, contents, enabled, mask, dropins = [] }] of (systemd?.units ?? []).entries()) {
      const field = `spec.config.systemd.units[${index}]`;
      // An entry that only carries drop-ins says nothing about the unit itself.
      if ((contents ?? enabled ?? mask) !== undefined || dropins.length === 0) {
        own({ section: 'systemd.units', key: name }, field);
      }
      for (const [at, dropin] of dropins.entries())
        own({ section: 'systemd.units', key: name, dropin: dropin.name }, `${field}.dropins[${at}]`);
    }
  }

  #addPaths(
    section: 'storage.directories' | 'storage.files' | 'storage.links',
    nodes: readonly { readonly path: string }[] | undefined,
    owner: string,
  ): void {
    for (const [index, { path }] of (nodes ?? []).entries()) {
      const former = this.#pathSections.get(path);
      if (former !== undefined && former !== section) {
        this.#owners.delete(former + SEPARATOR + path);
        this.#fields.delete(former + SEPARATOR + path);
      }
      this.#pathSections.set(path, section);
      this.#own({ section, key: path }, owner, `spec.config.${section}[${index}]`);
    }
  }

  #ownPart(
    section: 'storage.disks' | 'storage.filesystems' | 'storage.raid' | 'storage.luks',
    key: string,
    owner: string,
  ): void {
    this.#own({ section, key }, owner);
    this.#own({ section }, owner);
  }

  #own(item: ProvenanceItem, owner: string, field?: string): void {
    const key = itemKey(item);
    if (field !== undefined) this.#fields.set(key, field);
    const owners = this.#owners.get(key);
    if (owners === undefined) this.#owners.set(key, [owner]);
    else if (owners.at(-1) !== owner) owners.push(owner);
  }
}

function nameOf({ name }: { readonly name: string }): string {
  return name;
}

function itemKey(item: ProvenanceItem): string {
  const key = 'key' in item ? (item.key ?? '') : '';
  const dropin = 'dropin' in item && item.dropin !== undefined ? SEPARATOR + item.dropin : '';
  return item.section + SEPARATOR + key + dropin;
}
