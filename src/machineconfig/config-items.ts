import type { ProvenanceItem } from './provenance.ts';
import type { Config, Unit } from '../ignition/index.ts';

/** One entry of a config that can be told apart from others, so that it has an owner. */
export interface ConfigItem {
  readonly item: ProvenanceItem;
  /** For messages: `file /etc/motd`, `drop-in 10-x.conf of unit a.service`. */
  readonly description: string;
  /** Where it stands in this config. */
  readonly path: readonly (string | number)[];
  readonly value: unknown;
}

/** Every item of a config. A unit's drop-ins are items of their own. */
export function configItems({ passwd, storage, systemd }: Config): readonly ConfigItem[] {
  return [
    ...(storage?.directories ?? []).map((entry, index) =>
      pathItem('storage.directories', 'directory', entry, index),
    ),
    ...(storage?.files ?? []).map((entry, index) => pathItem('storage.files', 'file', entry, index)),
    ...(storage?.links ?? []).map((entry, index) => pathItem('storage.links', 'link', entry, index)),
    ...(storage?.disks ?? []).map((entry, index) =>
      partItem('storage.disks', 'disk', entry.device, entry, index),
    ),
    ...(storage?.filesystems ?? []).map((entry, index) =>
      partItem('storage.filesystems', 'filesystem on', entry.device, entry, index),
    ),
    ...(storage?.raid ?? []).map((entry, index) =>
      partItem('storage.raid', 'RAID', entry.name, entry, index),
    ),
    ...(storage?.luks ?? []).map((entry, index) =>
      partItem('storage.luks', 'LUKS volume', entry.name, entry, index),
    ),
    ...(passwd?.users ?? []).map((entry, index) => accountItem('passwd.users', 'user', entry, index)),
    ...(passwd?.groups ?? []).map((entry, index) => accountItem('passwd.groups', 'group', entry, index)),
    ...(systemd?.units ?? []).flatMap(unitItems),
  ];
}

/** The item that a path of a validation report leads to; undefined for one that is no part of an item. */
export function configItemAt(config: Config, path: readonly (string | number)[]): ConfigItem | undefined {
  // Drop-ins come after their unit, so the last match is the closest.
  return configItems(config).findLast((item) => item.path.every((step, index) => step === path[index]));
}

function pathItem(
  section: 'storage.directories' | 'storage.files' | 'storage.links',
  word: string,
  value: { readonly path: string },
  index: number,
): ConfigItem {
  return {
    item: { section, key: value.path },
    description: `${word} ${value.path}`,
    path: place(section, index),
    value,
  };
}

function partItem(
  section: 'storage.disks' | 'storage.filesystems' | 'storage.raid' | 'storage.luks',
  word: string,
  key: string,
  value: unknown,
  index: number,
): ConfigItem {
  return { item: { section, key }, description: `${word} ${key}`, path: place(section, index), value };
}

function accountItem(
  section: 'passwd.users' | 'passwd.groups',
  word: string,
  value: { readonly name: string },
  index: number,
): ConfigItem {
  return {
    item: { section, key: value.name },
    description: `${word} ${value.name}`,
    path: place(section, index),
    value,
  };
}

function unitItems(unit: Unit, index: number): readonly ConfigItem[] {
  const { dropins = [], ...value } = unit;
  const path = place('systemd.units', index);
  const section = 'systemd.units';
  return [
    { item: { section, key: unit.name }, description: `unit ${unit.name}`, path, value },
    ...dropins.map((dropin, at) => ({
      item: { section, key: unit.name, dropin: dropin.name } as const,
      description: `drop-in ${dropin.name} of unit ${unit.name}`,
      path: [...path, 'dropins', at],
      value: dropin,
    })),
  ];
}

function place(section: string, index: number): readonly (string | number)[] {
  return [...section.split('.'), index];
}
