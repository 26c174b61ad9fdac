import { mkdirSync, readFileSync, readlinkSync, type Stats, statSync, unlinkSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { copyAttributes, copyTree, entriesOf, ownerOf, removeTree, statOf } from './files.ts';
import { pathBelow } from './root-path.ts';

/** What of a live /etc is not its default's; paths below /etc (host-contract §3.3). */
export interface EtcChanges {
  readonly modified: readonly string[];
  readonly removed: readonly string[];
  readonly added: readonly string[];
}

/** An /etc that cannot be merged; the message is ostree's own. */
export class EtcConflict extends Error {
  override readonly name = 'EtcConflict';
}

/**
 * Compares a default /etc with a live one as ostree does: type, mode, owner, content and link target count, times do not. A
 * folder that was removed is one path, one that was added all that is in it. Sockets and the like are nobody's configuration.
 */
export function diffEtc(original: string, live: string): EtcChanges {
  const changes = { modified: [] as string[], removed: [] as string[], added: [] as string[] };
  compareFolders(original, live, '', changes);
  return changes;
}

interface Found {
  readonly modified: string[];
  readonly removed: string[];
  readonly added: string[];
}

function compareFolders(original: string, live: string, folder: string, found: Found): void {
  for (const { name } of entriesOf(join(original, folder))) {
    const path = join(folder, name);
    const before = statOf(join(original, path));
    const now = statOf(join(live, path));
    if (before === undefined || isSpecial(before)) continue;
    if (now === undefined || isSpecial(now)) {
      found.removed.push(path);
      continue;
    }
    if (!isSame(join(original, path), before, join(live, path), now)) found.modified.push(path);
    if (before.isDirectory() && now.isDirectory()) compareFolders(original, live, path, found);
  }
  for (const { name } of entriesOf(join(live, folder))) {
    const path = join(folder, name);
    if (statOf(join(original, path)) === undefined) addAll(live, path, found);
  }
}

function addAll(live: string, path: string, found: Found): void {
  const stats = statOf(join(live, path));
  if (stats === undefined || isSpecial(stats)) return;
  found.added.push(path);
  if (!stats.isDirectory()) return;
  for (const { name } of entriesOf(join(live, path))) addAll(live, join(path, name), found);
}

function isSpecial(stats: Stats): boolean {
  return !stats.isFile() && !stats.isDirectory() && !stats.isSymbolicLink();
}

function isSame(one: string, before: Stats, other: string, now: Stats): boolean {
  const [uid, gid] = ownerOf(before);
  const [nowUid, nowGid] = ownerOf(now);
  if (before.mode !== now.mode || uid !== nowUid || gid !== nowGid) return false;
  if (before.isDirectory()) return true;
  if (before.isSymbolicLink()) return readlinkSync(one) === readlinkSync(other);
  return before.size === now.size && readFileSync(one).equals(readFileSync(other));
}

/**
 * What finalization makes of /etc: the new default is there already, and what was changed on the host comes on top.
 *
 * @throws EtcConflict where a file that was changed is a folder by default now
 */
export function mergeEtc(original: string, live: string, target: string): EtcChanges {
  const changes = diffEtc(original, live);
  for (const path of changes.removed) remove(target, path);
  for (const path of [...changes.modified, ...changes.added]) carryOver(live, target, path);
  return changes;
}

/** @throws EtcConflict where what it was in is no folder any more */
function remove(target: string, path: string): void {
  const at = placeIn(target, path);
  let folder: Stats | undefined;
  try {
    folder = statSync(dirname(at), { throwIfNoEntry: false });
  } catch (error) {
    throw new EtcConflict(`unlinkat(${path}): ${error instanceof Error ? error.message : ''}`);
  }
  if (folder?.isDirectory() === false) throw new EtcConflict(`unlinkat(${path}): Not a directory`);
  removeTree(at);
}

function carryOver(live: string, target: string, path: string): void {
  const changed = statOf(join(live, path));
  if (changed === undefined) return;
  ensureFolder(live, target, dirname(path));
  const to = placeIn(target, path);
  const there = statOf(to);
  if (there?.isDirectory() === true) {
    // What the host changed of a folder that is the image's as well is not carried over; what is in it is, on its own.
    if (changed.isDirectory()) return;
    throw new EtcConflict(`Modified config file newly defaults to directory '${path}', cannot merge`);
  }
  if (there !== undefined) unlinkSync(to);
  copyTree(join(live, path), to);
}

/** The folder that something changed is in: as the host had it, whether the new image has it too or not. */
function ensureFolder(live: string, target: string, path: string): void {
  if (path === '.') return;
  const at = placeIn(target, path);
  const there = statOf(at);
  if (there === undefined) {
    const parent = dirname(path);
    if (statOf(placeIn(target, parent)) === undefined) ensureFolder(live, target, parent);
    mkdirSync(at);
  } else if (!there.isDirectory()) {
    throw new EtcConflict(`openat(${path}): Not a directory`);
  }
  const like = statOf(join(live, path));
  if (like !== undefined) copyAttributes(like, at);
}

/**
 * Where a path of the new /etc is. A link that the image has on its way begins at the image's root and not at this computer's.
 *
 * @throws EtcConflict where such a link leads out of /etc, or in a circle
 */
function placeIn(target: string, path: string): string {
  const at = pathBelow(dirname(target), join(basename(target), path));
  if (at === undefined) throw new EtcConflict(`openat(${path}): Too many levels of symbolic links`);
  if (at !== target && !at.startsWith(`${target}/`))
    throw new EtcConflict(`openat(${path}): Read-only file system`);
  return at;
}
