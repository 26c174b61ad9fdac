import { basename, dirname } from 'node:path/posix';
import { FileProblem, reasonOf } from './file-problem.ts';
import { HostFolder } from './host-folder.ts';
import { type LiveFile, readLiveFile, sha256OfFile } from './live-file.ts';
import type { OwnedPath } from './owned-paths.ts';
import { isAs } from './place-rule.ts';

/** How a path of the host differs from what the image has there. */
export type DriftKind =
  | 'content'
  | 'mode'
  | 'owner'
  /** Another kind of thing stands in its place. */
  | 'type'
  | 'missing'
  /** The image has taken it away, and it is there. */
  | 'unwanted'
  /** It cannot be looked at. */
  | 'unreadable';

/** Bytes of a file that no configuration has. */
const LARGEST = 256 * 1024 * 1024;

/** A path that is not as the image has it. */
export interface Drift extends OwnedPath {
  readonly kinds: readonly DriftKind[];
  /** Of a path that cannot be looked at: why. */
  readonly reason?: string;
}

/** The hashes of files, by their stamps: what nobody touched is not read again. */
export class KnownHashes {
  #known = new Map<string, string>();
  #next = new Map<string, string>();

  async of(folder: HostFolder, name: string, stamp: string): Promise<string | undefined> {
    const key = `${folder.path}/${name} ${stamp}`;
    const hash = this.#next.get(key) ?? this.#known.get(key) ?? (await sha256OfFile(folder, name));
    if (hash !== undefined) this.#next.set(key, hash);
    return hash;
  }

  /** Forgets what was not asked for since the last time. */
  turn(): void {
    this.#known = this.#next;
    this.#next = new Map();
  }
}

/** Compares the host with what it should be. Times, labels and other extended attributes are no drift (host-contract §3.3). */
export async function findDrift(
  root: string,
  owned: readonly OwnedPath[],
  hashes: KnownHashes,
): Promise<readonly Drift[]> {
  const found: Drift[] = [];
  for (const [parent, paths] of byFolder(owned)) {
    try {
      await using folder = await HostFolder.open(root, parent);
      for (const one of paths) {
        const kinds = folder === undefined ? kindsOfMissing(one) : await kindsOf(folder, one, hashes);
        if (kinds.length > 0) found.push({ ...one, kinds });
      }
    } catch (error) {
      const reason = error instanceof FileProblem ? error.message : reasonOf(error);
      for (const one of paths) found.push({ ...one, kinds: ['unreadable'], reason });
    }
  }
  hashes.turn();
  return found.sort((a, b) => (a.path < b.path ? -1 : 1));
}

function byFolder(owned: readonly OwnedPath[]): ReadonlyMap<string, readonly OwnedPath[]> {
  const folders = new Map<string, OwnedPath[]>();
  for (const one of owned) {
    const parent = dirname(one.path);
    folders.set(parent, [...(folders.get(parent) ?? []), one]);
  }
  return folders;
}

async function kindsOf(
  folder: HostFolder,
  { path, expected }: OwnedPath,
  hashes: KnownHashes,
): Promise<readonly DriftKind[]> {
  const name = basename(path);
  const there = await readLiveFile(folder, name);
  if (expected.type === 'nothing') return there.type === 'missing' ? [] : ['unwanted'];
  if (there.type === 'missing') return ['missing'];
  if (expected.type === 'any') return [];
  if (expected.type === 'directory' && there.type === 'symlink') return [];
  if (there.type !== expected.type) return ['type'];
  if (expected.type === 'symlink') {
    return there.type === 'symlink' && there.target === expected.target ? [] : ['content'];
  }
  if (there.type === 'symlink') return ['type'];
  const kinds: DriftKind[] = [];
  if (expected.type === 'file' && there.type === 'file') {
    // What somebody put in its place may be of any size.
    const { size } = expected;
    const isOther = size === undefined ? there.size > LARGEST : there.size !== size;
    const hash = isOther ? '' : await hashes.of(folder, name, there.stamp);
    if (hash === undefined) return ['type'];
    if (hash !== expected.sha256) kinds.push('content');
  }
  return [...kinds, ...attributesOf(there, expected)];
}

function attributesOf(
  there: Extract<LiveFile, { readonly mode: number }>,
  { mode, uid, gid }: Extract<OwnedPath['expected'], { readonly type: 'file' | 'directory' }>,
): readonly DriftKind[] {
  const kinds: DriftKind[] = [];
  if (mode !== undefined && there.mode !== mode) kinds.push('mode');
  const owner = { ...(uid === undefined ? {} : { uid }), ...(gid === undefined ? {} : { gid }) };
  if (!isAs(there, owner)) kinds.push('owner');
  return kinds;
}

function kindsOfMissing({ expected }: OwnedPath): readonly DriftKind[] {
  return expected.type === 'nothing' ? [] : ['missing'];
}
