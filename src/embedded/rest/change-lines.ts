import type { Kind } from '../kinds/index.ts';
import type { Change, Store } from '../store/index.ts';

/** Changes that are looked at in one go, so that a watch that selects few of many does not keep others waiting. */
const MAX_CHANGES = 1000;

/** Read from the store at a time. */
const CHUNK = 200;

/** About how much a watch has in memory for its client, in characters. */
const PORTION = 64 * 1024;

/** Lines of a watch, and where they lead. */
export interface ChangeLines {
  readonly lines: string | Uint8Array;
  /** The changes up to this revision are told. */
  readonly revision: number;
  /** There are more to look at now. */
  readonly hasMore: boolean;
}

/**
 * Reads changes after a revision.
 *
 * @param line the line for a change; undefined where it is none of the client's business
 * @throws StoreError `compacted`
 */
export function readChangeLines(
  store: Store,
  storage: string,
  after: number,
  line: (change: Change) => string | undefined,
): ChangeLines {
  let lines = '';
  let revision = after;
  for (let seen = 0; seen < MAX_CHANGES; seen += CHUNK) {
    const changes = store.changes(storage, revision, CHUNK);
    for (const change of changes) {
      lines += line(change) ?? '';
      revision = change.revision;
      if (lines.length >= PORTION) return { lines, revision, hasMore: true };
    }
    // Other kinds' revisions count too: less to read again after a break.
    if (changes.length < CHUNK)
      return { lines, revision: Math.max(revision, store.durableRevision), hasMore: false };
  }
  return { lines, revision, hasMore: true };
}

interface Shared {
  readonly store: Store;
  readonly after: number;
  readonly durable: number;
  readonly result: ChangeLines;
}

/** The last lines of each kind. */
const SHARED = new WeakMap<Kind, Shared>();

/**
 * The same for those who watch all of a kind in its plain form: most of them are at the same place, and so the lines are made,
 * and encoded, once for all.
 *
 * @throws StoreError `compacted`
 */
export function sharedChangeLines(
  store: Store,
  kind: Kind,
  after: number,
  line: (change: Change) => string | undefined,
): ChangeLines {
  const known = SHARED.get(kind);
  const durable = store.durableRevision;
  if (known?.store === store && known.after === after && known.durable === durable) return known.result;
  const { lines, ...rest } = readChangeLines(store, kind.storage, after, line);
  const result = { ...rest, lines: Buffer.from(lines) };
  SHARED.set(kind, { store, after, durable, result });
  return result;
}
