import { readInstall } from '../ignition/index.ts';
import type { Digest } from '../oci/index.ts';
import type { BaseEntry, BaseUnit, BaseUser } from '../machineconfig/index.ts';
import { INDEX_VERSION } from './base-index-header.ts';
import type { BaseIndexHeader } from './base-index-header.ts';
import type { BaseTree } from './base-tree.ts';

const UNIT_FILE =
  /^(?:usr\/lib|etc)\/systemd\/system\/[^/]+\.(?:service|socket|device|mount|automount|swap|target|path|timer|slice|scope)(?:\.d\/[^/]+\.conf)?$/u;
const OTHER_FILES = new Set([
  'etc/passwd',
  'usr/lib/passwd',
  'etc/group',
  'usr/lib/group',
  'usr/lib/ostree/prepare-root.conf',
  'etc/ostree/prepare-root.conf',
]);

/** Whether the index needs the contents of a file of the base, not just its place in the list. */
export function isWanted(path: string): boolean {
  return OTHER_FILES.has(path) || UNIT_FILE.test(path);
}

/**
 * What the index says of a base besides its file list, read from the merged tree and the contents of the files that
 * {@link isWanted} names (host-contract §5.4).
 */
export function readBaseFacts(
  base: Digest,
  tree: BaseTree,
  paths: readonly (readonly [string, BaseEntry])[],
  contents: ReadonlyMap<string, Uint8Array>,
): BaseIndexHeader {
  const text = (path: string): string => Buffer.from(contents.get(path) ?? []).toString('utf8');
  return {
    version: INDEX_VERSION,
    base,
    users: readUsers(`${text('usr/lib/passwd')}\n${text('etc/passwd')}`),
    groups: readGroups(`${text('usr/lib/group')}\n${text('etc/group')}`),
    ...readUnits(paths, contents),
    unitLinks: paths
      .filter(([path, entry]) => entry.type === 'symlink' && path.startsWith('/etc/systemd/system/'))
      .map(([path]) => path)
      .sort(),
    kernels: paths
      .filter(
        ([path, entry]) => entry.type !== 'directory' && /^\/usr\/lib\/modules\/[^/]+\/vmlinuz$/u.test(path),
      )
      .map(([path]) => path.split('/')[4] ?? ''),
    keepsToplevels: keepsToplevels(
      text(
        tree.get('etc/ostree/prepare-root.conf')
          ? 'etc/ostree/prepare-root.conf'
          : 'usr/lib/ostree/prepare-root.conf',
      ),
    ),
    readsKeyDirectory: tree.get('usr/libexec/ssh-key-dir') !== undefined,
  };
}

/** A user or group id: 32 bits, so ten digits. */
const ID = /^\d{1,10}$/u;

/** passwd(5), later entries winning: /etc/passwd over /usr/lib/passwd, as nss-altfiles looks them up. */
function readUsers(text: string): Record<string, BaseUser> {
  const users: Record<string, BaseUser> = {};
  for (const line of text.split('\n')) {
    const [name = '', , uid = '', gid = '', , home = '/'] = line.split(':');
    if (name !== '' && ID.test(uid) && ID.test(gid)) {
      users[name] = { uid: Number(uid), gid: Number(gid), home };
    }
  }
  return users;
}

/** group(5), as {@link readUsers}. */
function readGroups(text: string): Record<string, number> {
  const groups: Record<string, number> = {};
  for (const line of text.split('\n')) {
    const [name = '', , gid = ''] = line.split(':');
    if (name !== '' && ID.test(gid)) groups[name] = Number(gid);
  }
  return groups;
}

/** Where unit files lie; of two files of one name the one in the last of them counts. */
const UNIT_DIRECTORIES = ['/usr/lib/systemd/system/', '/etc/systemd/system/'] as const;

/**
 * Units by name with the [Install] of the unit file, and the drop-ins of each. A name that is a link to another unit of
 * the base (`dbus.service`) has what that unit has.
 */
function readUnits(
  paths: readonly (readonly [string, BaseEntry])[],
  contents: ReadonlyMap<string, Uint8Array>,
): Pick<BaseIndexHeader, 'dropins' | 'units'> {
  const files = new Map<string, string>();
  const links = new Map<string, string>();
  const dropins = new Map<string, string[]>();
  for (const directory of UNIT_DIRECTORIES) {
    for (const [path, entry] of paths) {
      if (!path.startsWith(directory) || !UNIT_FILE.test(path.slice(1)) || entry.type === 'directory')
        continue;
      const [name = '', dropin] = path.slice(directory.length).split('/');
      // A link in a drop-in's place says nothing, but takes the place of others of its name.
      if (dropin !== undefined) listAt(dropins, name.slice(0, -'.d'.length)).push(path);
      else if (entry.type === 'file') files.set(name, path);
      else if (entry.target !== '/dev/null') {
        links.set(name, entry.target.slice(entry.target.lastIndexOf('/') + 1));
      }
    }
  }
  const read = (path: string): BaseUnit => ({
    path,
    install: readInstall(Buffer.from(contents.get(path.slice(1)) ?? []).toString('utf8')),
  });
  const units: Record<string, BaseUnit> = {};
  for (const name of new Set([...files.keys(), ...links.keys()])) {
    const path = files.get(name) ?? files.get(links.get(name) ?? name);
    if (path !== undefined) units[name] = read(path);
  }
  return {
    units,
    dropins: Object.fromEntries([...dropins].map(([unit, found]) => [unit, found.sort().map(read)])),
  };
}

function listAt(lists: Map<string, string[]>, key: string): string[] {
  const list = lists.get(key) ?? [];
  lists.set(key, list);
  return list;
}

/** Whether prepare-root.conf turns composefs or a transient root on (host-contract §3.6). */
function keepsToplevels(config: string): boolean {
  let section = '';
  for (const line of config.split('\n').map((raw) => raw.trim())) {
    const heading = /^\[(?<name>[^\]]+)\]$/u.exec(line)?.groups?.['name'];
    if (heading !== undefined) section = heading;
    const [key = '', value = ''] = line.split('=', 2).map((part) => part.trim().toLowerCase());
    if (
      section === 'composefs' &&
      key === 'enabled' &&
      ['yes', 'true', '1', 'signed', 'verity'].includes(value)
    )
      return true;
    if (section === 'root' && key === 'transient' && ['yes', 'true', '1'].includes(value)) return true;
  }
  return false;
}
