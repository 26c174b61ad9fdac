import { OciError } from './oci-error.ts';
import type { TarEntry } from './tar-entry.ts';

/**
 * Puts the entries of a layer in the order in which they are written (byte order of the paths, hence parents before
 * their children; hard links last, hence after their targets) and enforces every rule that the host has for derived
 * layers (host-contract §5.2). The target of a hard link to a hard link becomes the file that both mean.
 * @throws {OciError} code `tar-rule`, naming the path
 */
export function arrangeLayer(entries: readonly TarEntry[]): readonly TarEntry[] {
  const byPath = new Map<string, TarEntry>();
  for (const entry of entries) {
    checkEntry(entry);
    if (byPath.has(entry.path)) throw broken(entry.path, 'the layer has two entries for this path');
    byPath.set(entry.path, entry);
  }
  for (const entry of entries) {
    checkParent(entry.path, byPath);
    checkWhiteout(entry, byPath);
  }
  const sorted = inByteOrder(entries);
  return [
    ...sorted.filter((entry) => entry.type !== 'hardlink'),
    ...sorted.filter((entry) => entry.type === 'hardlink').map((entry) => resolveLink(entry, byPath)),
  ];
}

const WHITEOUT = '.wh.';
const OPAQUE = '.wh..wh..opq';
const MAX_MODE = 0o7777;
/** Ids have 32 bits and the last one means "no id" to chown(2). */
const MAX_ID = 0xffff_fffe;

function checkEntry(entry: TarEntry): void {
  const { path, type } = entry;
  checkPath(path, path, 'the path');
  if (path === 'usr/etc' || path.startsWith('usr/etc/')) {
    throw broken(path, 'the host makes usr/etc out of etc; write below etc/ instead');
  }
  if (!isWholeUpTo(entry.mode, MAX_MODE)) throw broken(path, `mode ${entry.mode} is not within 0 and 0o7777`);
  if (!isWholeUpTo(entry.uid, MAX_ID)) throw broken(path, `owner ${entry.uid} is not a user id`);
  if (!isWholeUpTo(entry.gid, MAX_ID)) throw broken(path, `group ${entry.gid} is not a group id`);
  if (type !== 'file' && entry.contents !== undefined) throw broken(path, `a ${type} has no contents`);
  if (type === 'symlink') checkText(path, entry.target ?? '', 'the target of the symlink');
  else if (type === 'hardlink') checkPath(path, entry.target ?? '', 'the target of the hard link');
  else if (entry.target !== undefined) throw broken(path, `a ${type} has no target`);
  for (const name of entry.xattrs?.keys() ?? []) checkXattr(entry, name);
}

function checkXattr(entry: TarEntry, name: string): void {
  const { path } = entry;
  checkText(path, name, 'the name of an extended attribute');
  if (name === 'security.selinux') {
    throw broken(
      path,
      'security.selinux must not be set: the host computes the label and would add a second one',
    );
  }
  // A PAX key ends at the first equals sign.
  if (name.includes('='))
    throw broken(path, `the extended attribute ${JSON.stringify(name)} has "=" in its name`);
  if (entry.type === 'hardlink') throw broken(path, 'a hard link has the extended attributes of its target');
}

function checkText(path: string, text: string, what: string): void {
  if (text === '') throw broken(path, `${what} is empty`);
  if (text.includes('\0')) throw broken(path, `${what} has a NUL character`);
  if (!text.isWellFormed()) throw broken(path, `${what} is not valid Unicode`);
}

function checkPath(path: string, text: string, what: string): void {
  checkText(path, text, what);
  for (const component of text.split('/')) {
    if (component === '') throw broken(path, `${what} begins or ends with "/" or has "//"`);
    if (component === '.' || component === '..') throw broken(path, `${what} has a "${component}" component`);
  }
}

/** A missing parent would get the owner of its first child and mode 0755; one that is a symlink aborts the import. */
function checkParent(path: string, byPath: ReadonlyMap<string, TarEntry>): void {
  const slash = path.lastIndexOf('/');
  if (slash < 0) return;
  const parentPath = path.slice(0, slash);
  const parent = byPath.get(parentPath);
  if (parent === undefined)
    throw broken(parentPath, `it is missing, and ${JSON.stringify(path)} needs it as parent`);
  if (parent.type !== 'directory') {
    throw broken(
      path,
      `it is below ${JSON.stringify(parentPath)}, which is a ${parent.type} in the same layer`,
    );
  }
}

function checkWhiteout(entry: TarEntry, byPath: ReadonlyMap<string, TarEntry>): void {
  const { path } = entry;
  const base = path.lastIndexOf('/') + 1;
  const name = path.slice(base);
  if (!name.startsWith(WHITEOUT)) return;
  if (entry.type !== 'file' || (entry.contents?.length ?? 0) > 0) {
    throw broken(path, 'names that begin with .wh. are whiteouts, and a whiteout is an empty file');
  }
  if (name === OPAQUE) return;
  const hidden = name.slice(WHITEOUT.length);
  if (hidden === '' || hidden === '.' || hidden === '..' || hidden.startsWith(WHITEOUT)) {
    throw broken(path, 'it is not a whiteout of a name, and not .wh..wh..opq');
  }
  if (path === 'usr/.wh.etc')
    throw broken(path, 'it would delete the whole of etc, which the host keeps there');
  if (byPath.has(path.slice(0, base) + hidden)) {
    throw broken(path, 'the layer has the name and its whiteout; a replacement needs no whiteout');
  }
}

function resolveLink(link: TarEntry, byPath: ReadonlyMap<string, TarEntry>): TarEntry {
  const seen = new Set<string>();
  let entry = link;
  while (entry.type === 'hardlink') {
    const target = entry.target ?? '';
    const next = byPath.get(target);
    if (next === undefined) {
      throw broken(
        link.path,
        `${JSON.stringify(target)}, the target of the hard link, is not in the same layer`,
      );
    }
    if (seen.has(target)) throw broken(link.path, 'the hard link leads back to itself');
    seen.add(target);
    entry = next;
  }
  const name = entry.path.slice(entry.path.lastIndexOf('/') + 1);
  if (entry.type === 'directory' || name.startsWith(WHITEOUT)) {
    throw broken(
      link.path,
      `the target of the hard link is a ${entry.type === 'file' ? 'whiteout' : entry.type}`,
    );
  }
  return { ...link, target: entry.path };
}

function inByteOrder(entries: readonly TarEntry[]): readonly TarEntry[] {
  return entries
    .map((entry) => ({ entry, key: Buffer.from(entry.path) }))
    .sort((a, b) => Buffer.compare(a.key, b.key))
    .map(({ entry }) => entry);
}

function isWholeUpTo(value: number, limit: number): boolean {
  return Number.isInteger(value) && value >= 0 && value <= limit;
}

function broken(path: string, reason: string): OciError {
  return new OciError('tar-rule', `cannot put ${JSON.stringify(path)} into a layer: ${reason}`);
}
