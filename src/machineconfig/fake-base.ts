import type { InstallSettings, UnitInstall } from '../ignition/index.ts';
import { readInstall } from '../ignition/index.ts';
import type { BaseEntry, BaseFacts, BaseUser } from './base-facts.ts';

/** A unit of a {@link fakeBase}, by its [Install] section. */
export interface FakeUnit {
  readonly path: string;
  readonly install: Partial<UnitInstall>;
}

/** What a test says of its base; everything else is as on a CoreOS host. */
export interface FakeBase {
  readonly entries?: Readonly<Record<string, BaseEntry>>;
  readonly users?: Readonly<Record<string, BaseUser>>;
  readonly groups?: Readonly<Record<string, number>>;
  readonly units?: Readonly<Record<string, FakeUnit>>;
  /** The text of drop-ins by path, by unit. */
  readonly dropins?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly keepsToplevels?: boolean;
  readonly readsKeyDirectory?: boolean;
}

const directory: BaseEntry = { type: 'directory', mode: 0o755, uid: 0, gid: 0 };
const link = (target: string): BaseEntry => ({ type: 'symlink', target });

/** The tree that matters of a CoreOS-like host (host-contract §3.6). */
const COREOS: Readonly<Record<string, BaseEntry>> = {
  '/': directory,
  '/etc': directory,
  '/etc/systemd': directory,
  '/etc/systemd/system': directory,
  '/usr': directory,
  '/usr/lib': directory,
  '/usr/bin': directory,
  '/var': directory,
  '/home': link('var/home'),
  '/root': link('var/roothome'),
  '/opt': link('var/opt'),
  '/srv': link('var/srv'),
  '/mnt': link('var/mnt'),
  '/usr/local': link('../var/usrlocal'),
  '/bin': link('usr/bin'),
  '/lib': link('usr/lib'),
};

/** {@link BaseFacts} for tests, from values. */
export function fakeBase(base: FakeBase = {}): BaseFacts {
  const entries: Readonly<Record<string, BaseEntry>> = { ...COREOS, ...base.entries };
  const units = new Map(
    Object.entries(base.units ?? {}).map(([name, { path, install }]) => [
      name,
      { path, install: settings(install) },
    ]),
  );
  return {
    entry: (path) => (Object.hasOwn(entries, path) ? entries[path] : undefined),
    unit: (name) => units.get(name),
    dropins: (unit) =>
      Object.entries(base.dropins?.[unit] ?? {}).map(([path, text]) => ({
        path,
        install: readInstall(text),
      })),
    users: new Map(Object.entries({ root: { uid: 0, gid: 0, home: '/root' }, ...base.users })),
    groups: new Map(Object.entries({ root: 0, ...base.groups })),
    unitLinks: Object.entries(entries)
      .filter(([path, entry]) => entry.type === 'symlink' && path.startsWith('/etc/systemd/system/'))
      .map(([path]) => path),
    keepsToplevels: base.keepsToplevels ?? false,
    readsKeyDirectory: base.readsKeyDirectory ?? false,
  };
}

function settings(install: Partial<UnitInstall>): InstallSettings {
  return Object.entries(install).flatMap(([member, value]) => {
    const name = member.charAt(0).toUpperCase() + member.slice(1);
    return [value].flat().map((word): readonly [string, string] => [name, word]);
  });
}
