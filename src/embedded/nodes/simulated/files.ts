import {
  chmodSync,
  copyFileSync,
  type Dirent,
  lchownSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  type Stats,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { isErrno } from '../../errno.ts';

/** Owners other than its own only root can give: a machine of anybody else has one owner for all. */
const IS_ROOT = process.getuid?.() === 0;

let drafts = 0;

/** What stands at a path itself; undefined when nothing does. */
export function statOf(path: string): Stats | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false });
  } catch (error) {
    // Something on its way is no folder.
    if (isErrno(error, 'ENOTDIR')) return undefined;
    throw error;
  }
}

/** The text of a file; undefined when there is none. */
export function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (isErrno(error, 'ENOENT') || isErrno(error, 'ENOTDIR')) return undefined;
    throw error;
  }
}

/** What a symbolic link says; undefined where there is none. */
export function linkOf(path: string): string | undefined {
  return statOf(path)?.isSymbolicLink() === true ? readlinkSync(path) : undefined;
}

/** The entries of a folder by name; none where there is no folder. */
export function entriesOf(folder: string): readonly Dirent[] {
  try {
    const entries = readdirSync(folder, { withFileTypes: true });
    return entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch (error) {
    if (isErrno(error, 'ENOENT') || isErrno(error, 'ENOTDIR')) return [];
    throw error;
  }
}

/** Writes a file that others see whole or not at all, whenever this process is killed. */
export function replaceFile(path: string, contents: string | Uint8Array, mode = 0o644): void {
  mkdirSync(dirname(path), { recursive: true });
  const draft = draftOf(path);
  writeFileSync(draft, contents, { mode });
  chmodSync(draft, mode);
  renameSync(draft, path);
}

/** Makes a symbolic link, in the place of one that others may follow meanwhile. */
export function replaceLink(path: string, target: string): void {
  if (linkOf(path) === target) return;
  mkdirSync(dirname(path), { recursive: true });
  const draft = draftOf(path);
  symlinkSync(target, draft);
  renameSync(draft, path);
}

export function own(path: string, uid: number, gid: number): void {
  if (IS_ROOT) lchownSync(path, uid, gid);
}

/** The owner as this machine can tell it. */
export function ownerOf({ uid, gid }: Stats): readonly [uid: number, gid: number] {
  return IS_ROOT ? [uid, gid] : [0, 0];
}

/** Copies a file, a link or a folder with all that is in it, owners and modes too, to a path where nothing is. */
export function copyTree(from: string, to: string): void {
  const stats = lstatSync(from);
  if (stats.isDirectory()) {
    mkdirSync(to);
    for (const { name } of entriesOf(from)) copyTree(join(from, name), join(to, name));
  } else if (stats.isSymbolicLink()) {
    symlinkSync(readlinkSync(from), to);
  } else if (stats.isFile()) {
    copyFileSync(from, to);
  } else {
    // Sockets and the like are of whoever made them.
    return;
  }
  copyAttributes(stats, to);
}

/** Gives a path another one's owner and mode. */
export function copyAttributes(from: Stats, to: string): void {
  own(to, from.uid, from.gid);
  if (!from.isSymbolicLink()) chmodSync(to, from.mode & 0o7777);
}

export function removeTree(path: string): void {
  rmSync(path, { recursive: true, force: true });
}

function draftOf(path: string): string {
  drafts += 1;
  return `${path}.${process.pid}-${drafts}.draft`;
}
