import type { Kind } from '../kinds/index.ts';
import type { Change, ObjectKey, Store } from '../store/index.ts';

/** Changes that are looked at in one go, so that a watch that selects few of many does not keep others waiting. */
const MAX_CHANGES = 1000;

/** Read from the store at a time. */
const CHUNK = 200;

/** Which changes to read. */
export interface ChangeRange {
  readonly storage: string;
  /** The only object that they are wanted of, if it is one. */
  readonly only?: ObjectKey | undefined;
  /** Those of later revisions. */
  readonly after: number;
  /** About how many characters of lines to stop at. */
  readonly portion: number;
}

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
  { storage, only, after, portion }: ChangeRange,
  line: (change: Change) => string | undefined,
): ChangeLines {
  let lines = '';
  let revision = after;
  for (let seen = 0; seen < MAX_CHANGES; seen += CHUNK) {
    const changes = store.changes(storage, revision, CHUNK, only);
    for (const change of changes) {
      lines += line(change) ?? '';
      revision = change.revision;
      if (lines.length >= portion) return { lines, revision, hasMore: true };
    }
    // Other kinds' revisions count too: less to read again after a break.
    if (changes.length < CHUNK)
      return { lines, revision: Math.max(revision, store.durableRevision), hasMore: false };
  }
  return { lines, revision, hasMore: true };
}

interface Shared extends ChangeRange {
  readonly store: Store;
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
  range: ChangeRange,
  line: (change: Change) => string | undefined,
): ChangeLines {
  const known = SHARED.get(kind);
  const durable = store.durableRevision;
  const isSame =
    known?.store === store &&
    known.after === range.after &&
    known.durable === durable &&
    // What is not all there is was cut to the portion of another.
    (known.portion === range.portion || !known.result.hasMore);
  if (isSame) return known.result;
  const { lines, ...rest } = readChangeLines(store, range, line);
  const result = { ...rest, lines: Buffer.from(lines) };
  SHARED.set(kind, { ...range, store, durable, result });
  return result;
}
