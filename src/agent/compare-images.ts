import {
  type BigIntStats,
  closeSync,
  lstatSync,
  openSync,
  readdirSync,
  readlinkSync,
  readSync,
} from 'node:fs';
import { setImmediate as breathe } from 'node:timers/promises';
import { PROVENANCE_PATH, type ProvenanceMap } from '../osbuild/index.ts';
import { codeOf } from './file-problem.ts';
import { readImageTree } from './image-tree.ts';

/** What two images differ in that a running host can take over, or why one has to be rebooted into. */
export type ImageComparison =
  | {
      readonly result: 'alike';
      /** Paths below /etc. */
      readonly etc: readonly string[];
      /** Something below /var is another. */
      readonly var: boolean;
    }
  | { readonly result: 'refused'; readonly reason: string };

/** Written by Varve into each image; of what they say below /var, `rules` are brought about. */
const TMPFILES = '/usr/lib/tmpfiles.d/00-varve.conf';
const CARRIED = '/usr/lib/varve/';
/** Presets do nothing on a host that has booted before. */
const PRESET = '/usr/lib/systemd/system-preset/20-varve.preset';
const GENERATED: ReadonlySet<string> = new Set([PROVENANCE_PATH, TMPFILES, PRESET]);

/** Of a deployment and not of its image, or empty in every image (host-contract §5.2). */
const NOT_OF_IMAGE: ReadonlySet<string> = new Set([
  '.ostree.cfs',
  'boot',
  'dev',
  'etc',
  'ostree',
  'proc',
  'run',
  'sys',
  'sysroot',
  'tmp',
  'var',
]);

const PIECE = 256 * 1024;

/** Entries after which others get their turn. */
const AT_ONCE = 500;

/**
 * Compares the trees of two deployments entry by entry: type, mode, owner, content. Only what the configuration put there
 * may differ, and of the configuration only what `items` names; anything else is what nobody has looked at.
 *
 * @param before the folder of one tree as this process sees it, and `after` of the other
 */
export async function compareImages(
  before: string,
  after: string,
  items: readonly string[],
): Promise<ImageComparison> {
  const [old, now] = [await readImageTree(before, ''), await readImageTree(after, '')];
  if (old.provenance === undefined || now.provenance === undefined) {
    return { result: 'refused', reason: 'one of the two images does not say what of it is configuration' };
  }
  const differences = await new Comparison(before, after).run();
  const owners = ownersOf([old.provenance, now.provenance]);
  const named = new Set(items);
  const etc = new Set<string>();
  const folders: string[] = [];
  let differsBelowVar = false;
  for (const { path, kind } of differences) {
    if (kind === 'folder') folders.push(path);
    else if (path.startsWith('/usr/etc/')) {
      const reason = refuse(path.slice('/usr'.length), kind, owners, named);
      if (reason !== undefined) return { result: 'refused', reason };
      etc.add(path.slice('/usr'.length));
    } else if (GENERATED.has(path) || path.startsWith(CARRIED)) {
      differsBelowVar ||= path !== PROVENANCE_PATH && path !== PRESET;
    } else return { result: 'refused', reason: `${path} differs, which a running host cannot change` };
  }
  // Folders that come and go with what is in them.
  const ways = new Set([...etc, ...differences.map(({ path }) => path)].flatMap(parentsOf));
  for (const folder of folders) {
    const path = folder.startsWith('/usr/etc/') ? folder.slice('/usr'.length) : folder;
    const isOwned = owners.get(path)?.some((item) => isNamed(item, path, named)) === true;
    const isWay = ways.has(path) || GENERATED.has(path) || `${path}/`.startsWith(CARRIED);
    if (!isOwned && !isWay)
      return { result: 'refused', reason: `${path} differs, which no item of the change explains` };
    if (path !== folder) etc.add(path);
  }
  // The whole of it is looked at when the change is made, whatever of it differs.
  if (old.rules === undefined || now.rules === undefined)
    return {
      result: 'refused',
      reason: 'this agent does not know the form of what the image puts below /var',
    };
  return { result: 'alike', etc: [...etc].sort(), var: differsBelowVar };
}

function refuse(
  path: string,
  kind: Difference['kind'],
  owners: ReadonlyMap<string, readonly string[]>,
  named: ReadonlySet<string>,
): string | undefined {
  if (kind === 'type') return `${path} is a directory in one of the two images and none in the other`;
  const items = owners.get(path);
  if (items === undefined) return `${path} differs, and not by the configuration of the pool`;
  if (items.some((item) => isNamed(item, path, named))) return undefined;
  return `${path} differs (${items[0] ?? ''}), which is not what the disruption policy was asked about`;
}

/** Which items of the configuration put something at a path, or take it away. */
function ownersOf(maps: readonly ProvenanceMap[]): ReadonlyMap<string, readonly string[]> {
  const owners = new Map<string, string[]>();
  for (const { items } of maps) {
    for (const { item, paths, target } of items) {
      for (const path of [...paths.map((one) => one.path), ...(target === undefined ? [] : [target])])
        owners.set(path, [...(owners.get(path) ?? []), item]);
    }
  }
  return owners;
}

/** Whether an item of an image is one of those of a change, which names units as units (`Disruption.items`). */
function isNamed(item: string, path: string, named: ReadonlySet<string>): boolean {
  if (named.has(item)) return true;
  // `unit NAME: enabled`, `user NAME: ssh keys`
  const subject = /^(?<subject>(?:unit|user) [^:]+(?::[^ :]+)*): /u.exec(item)?.groups?.['subject'];
  if (subject !== undefined && named.has(subject)) return true;
  const unit = /^\/etc\/systemd\/system\/(?<unit>[^/]+?)(?:\.d\/[^/]+)?$/u.exec(path)?.groups?.['unit'];
  return unit !== undefined && named.has(`unit ${unit}`);
}

function parentsOf(path: string): readonly string[] {
  const names = path.split('/').slice(1, -1);
  return names.map((_, index) => `/${names.slice(0, index + 1).join('/')}`);
}

interface Difference {
  readonly path: string;
  /** `folder`: one that is new or gone. `attributes`: a folder's. `type`: a directory in one of them only. */
  readonly kind: 'entry' | 'folder' | 'attributes' | 'type';
}

class Comparison {
  readonly #before: string;
  readonly #after: string;
  readonly #found: Difference[] = [];
  #seen = 0;

  constructor(before: string, after: string) {
    this.#before = before;
    this.#after = after;
  }

  async run(): Promise<readonly Difference[]> {
    const tops = new Set([...namesIn(this.#before), ...namesIn(this.#after)]);
    for (const name of tops) if (!NOT_OF_IMAGE.has(name)) await this.#compare(`/${name}`);
    return this.#found;
  }

  async #compare(path: string): Promise<void> {
    if ((this.#seen += 1) % AT_ONCE === 0) await breathe();
    const [one, other] = [statOf(this.#before + path), statOf(this.#after + path)];
    if (one?.isDirectory() !== true && other?.isDirectory() !== true) {
      if (!this.#isSame(path, one, other)) this.#found.push({ path, kind: 'entry' });
      return;
    }
    if (one !== undefined && other !== undefined && one.isDirectory() !== other.isDirectory()) {
      this.#found.push({ path, kind: 'type' });
      return;
    }
    if (one === undefined || other === undefined) this.#found.push({ path, kind: 'folder' });
    else if (!hasSameAttributes(one, other)) this.#found.push({ path, kind: 'attributes' });
    const names = new Set([
      ...(one === undefined ? [] : namesIn(this.#before + path)),
      ...(other === undefined ? [] : namesIn(this.#after + path)),
    ]);
    for (const name of names) await this.#compare(`${path}/${name}`);
  }

  #isSame(path: string, one: BigIntStats | undefined, other: BigIntStats | undefined): boolean {
    if (one === undefined || other === undefined) return one === other;
    // Deployments are hard links into one repository.
    if (one.dev === other.dev && one.ino === other.ino) return true;
    if (!hasSameAttributes(one, other)) return false;
    const [before, after] = [this.#before + path, this.#after + path];
    if (one.isSymbolicLink()) return readlinkSync(before) === readlinkSync(after);
    if (!one.isFile()) return false;
    return one.size === other.size && hasSameContent(before, after);
  }
}

function hasSameAttributes(one: BigIntStats, other: BigIntStats): boolean {
  return one.mode === other.mode && one.uid === other.uid && one.gid === other.gid;
}

/** Of two files of one size, a piece at a time: an image may have files larger than the memory. */
function hasSameContent(one: string, other: string): boolean {
  const files = [openSync(one, 'r'), openSync(other, 'r')] as const;
  const [before, after] = [Buffer.alloc(PIECE), Buffer.alloc(PIECE)];
  try {
    for (;;) {
      const length = readSync(files[0], before);
      if (length !== readSync(files[1], after)) return false;
      if (!before.subarray(0, length).equals(after.subarray(0, length))) return false;
      if (length === 0) return true;
    }
  } finally {
    for (const file of files) closeSync(file);
  }
}

function statOf(path: string): BigIntStats | undefined {
  return lstatSync(path, { bigint: true, throwIfNoEntry: false });
}

function namesIn(path: string): readonly string[] {
  try {
    return readdirSync(path);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return [];
    throw error;
  }
}
