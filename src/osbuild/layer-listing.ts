import type { TarHeader } from '../oci/index.ts';
import { TarScanner } from '../oci/index.ts';
import type { BaseEntry } from '../machineconfig/index.ts';

/** One thing that a layer does to the tree below it, in archive order. */
export type LayerChange =
  | { readonly type: 'add'; readonly path: string; readonly entry: BaseEntry; readonly contents?: Uint8Array }
  /** A hard link to something of a lower layer or to an earlier path of this one: same type as its target. */
  | { readonly type: 'link'; readonly path: string; readonly target: string }
  | { readonly type: 'remove'; readonly path: string }
  | { readonly type: 'empty'; readonly path: string };

/** Files that the index reads, not just lists: none is larger in practice, and larger ones are passed over. */
const CONTENTS_LIMIT = 256 * 1024;

/**
 * Contents of ostree objects that are kept while a layer streams by, in bytes: an object comes before the path that
 * it belongs to, so which one will be wanted is not known yet.
 */
const OBJECT_BUDGET = 64 * 1024 * 1024;
const OBJECT_LIMIT = 64 * 1024;

/** The ostree repository of chunked bases: raw objects, not part of the tree (host-contract §5.4). */
const REPOSITORY = 'sysroot/ostree/repo/';

/**
 * Lists what one layer contains while its tar streams through `push`, without keeping the contents of anything but the
 * few files that `wanted` names. Understands both kinds of base (host-contract §5.4): ordinary tars with whiteouts, and
 * ostree chunks, where a path is a hard link to an object of the same layer that may itself be a symlink.
 */
export class LayerListing {
  readonly changes: LayerChange[] = [];
  /** What has come by so far, and about how many bytes of names and contents are kept of it. */
  readonly size: { entries: number; bytes: number; longestPath: number } = {
    entries: 0,
    bytes: 0,
    longestPath: 0,
  };
  readonly #scanner: TarScanner;
  readonly #wanted: (path: string) => boolean;
  readonly #keep: ReadonlySet<string> | undefined;
  readonly #objects: Map<string, { entry: BaseEntry; size: number; contents?: Uint8Array }> = new Map();
  #objectBytes = 0;
  /** Objects whose contents turned out to be wanted after the budget had been spent. */
  readonly missed: Set<string> = new Set();

  /** `keep` names the objects to keep the contents of; without it all small ones are kept, within the budget. */
  constructor(wanted: (path: string) => boolean, keep?: ReadonlySet<string>) {
    this.#wanted = wanted;
    this.#keep = keep;
    this.#scanner = new TarScanner((header) => this.#visit(header), { bodyLimit: CONTENTS_LIMIT });
  }

  push(chunk: Uint8Array): void {
    this.#scanner.push(chunk);
  }

  /** Ends the layer. Throws when the tar is cut short. */
  end(): readonly LayerChange[] {
    this.#scanner.end();
    this.#objects.clear();
    return this.changes;
  }

  #visit(header: TarHeader): ((contents: Uint8Array) => void) | undefined {
    const { path } = header;
    this.size.entries += 1;
    this.size.bytes += path.length + (header.target?.length ?? 0);
    this.size.longestPath = Math.max(this.size.longestPath, path.length);
    if (path.startsWith(REPOSITORY)) return this.#visitObject(header);
    const slash = path.lastIndexOf('/') + 1;
    if (path.startsWith('.wh.', slash)) {
      const parent = path.slice(0, slash);
      const name = path.slice(slash + '.wh.'.length);
      if (name === '.wh..opq') this.changes.push({ type: 'empty', path: parent });
      else if (!name.startsWith('.wh.')) this.changes.push({ type: 'remove', path: `${parent}${name}` });
      return undefined;
    }
    if (header.type === 'hardlink') {
      this.#link(path, header.target ?? '');
      return undefined;
    }
    const entry = entryOf(header);
    if (entry.type === 'file' && header.size <= CONTENTS_LIMIT && this.#wanted(path)) {
      this.size.bytes += header.size;
      return (contents) => {
        this.changes.push({ type: 'add', path, entry, contents });
      };
    }
    this.changes.push({ type: 'add', path, entry });
    return undefined;
  }

  #link(path: string, target: string): void {
    const object = this.#objects.get(target);
    if (object === undefined) {
      this.changes.push({ type: 'link', path, target });
      return;
    }
    const { entry, contents } = object;
    const wanted = entry.type === 'file' && this.#wanted(path);
    if (wanted && contents === undefined && object.size <= CONTENTS_LIMIT) this.missed.add(target);
    this.changes.push({
      type: 'add',
      path,
      entry,
      ...(wanted && contents !== undefined ? { contents } : {}),
    });
  }

  #visitObject(header: TarHeader): ((contents: Uint8Array) => void) | undefined {
    if (header.type === 'directory' || !header.path.endsWith('.file')) return undefined;
    const entry = entryOf(header);
    const { path, size } = header;
    this.#objects.set(path, { entry, size });
    if (entry.type !== 'file' || size > CONTENTS_LIMIT || this.#keep?.has(path) === false) return undefined;
    if (this.#keep === undefined) {
      if (size > OBJECT_LIMIT || this.#objectBytes + size > OBJECT_BUDGET) return undefined;
      this.#objectBytes += size;
    }
    return (contents) => {
      this.#objects.set(path, { entry, size, contents });
    };
  }
}

/** Shared, since most of the entries of a base are files. */
const FILE: BaseEntry = { type: 'file' };

function entryOf(header: TarHeader): BaseEntry {
  switch (header.type) {
    case 'directory':
      return { type: 'directory', mode: header.mode, uid: header.uid, gid: header.gid };
    case 'symlink':
      return { type: 'symlink', target: header.target ?? '' };
    case 'file':
    case 'hardlink':
    case 'sparse-file':
    case 'fifo':
    case 'block-device':
    case 'character-device':
      return FILE;
  }
}
