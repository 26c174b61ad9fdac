import type { DatabaseSync, StatementSync } from 'node:sqlite';

/** How much of the past is kept; what exceeds any of these is forgotten with the next writes. */
export interface HistoryLimits {
  /** Milliseconds. */
  readonly age: number;
  /** How many writes. */
  readonly revisions: number;
  /** Characters of the states that only the past refers to. */
  readonly size: number;
}

/** What is kept of the past, and the forgetting of it (compaction). */
export class History {
  readonly #limits: HistoryLimits;
  readonly #oldest: StatementSync;
  readonly #remove: StatementSync;
  readonly #record: StatementSync;
  #compacted: number;
  #size: number;
  /** When the oldest write that is still known was made; may be too early, and is then looked up again. */
  #since = 0;

  constructor(database: DatabaseSync, limits: HistoryLimits) {
    this.#limits = limits;
    this.#oldest = database.prepare(
      `SELECT c.revision, c.previous, c.deleted, c.written, c.size, p.size FROM version c
       LEFT JOIN version p ON p.revision = c.previous WHERE c.revision > ? ORDER BY c.revision LIMIT 1`,
    );
    this.#oldest.setReturnArrays(true);
    this.#remove = database.prepare('DELETE FROM version WHERE revision = ?');
    this.#record = database.prepare('UPDATE progress SET compacted = ?, newest = ?');
    const select = database.prepare(
      `SELECT compacted, (SELECT coalesce(sum(size), 0) FROM version WHERE revision NOT IN (SELECT revision FROM current))
       FROM progress`,
    );
    select.setReturnArrays(true);
    [this.#compacted, this.#size] = select.get() as unknown as readonly [number, number];
  }

  /** See {@link import('./store.ts').Store.compacted}. */
  get compacted(): number {
    return this.#compacted;
  }

  mark(): HistoryMark {
    return { compacted: this.#compacted, size: this.#size };
  }

  restore(mark: HistoryMark): void {
    this.#compacted = mark.compacted;
    this.#size = mark.size;
    this.#since = 0;
  }

  /** Counts a state that from now on only the past refers to. */
  keep(size: number): void {
    this.#size += size;
  }

  /**
   * Forgets what exceeds the limits, at most `most` writes of it, so that no commit becomes slow by it.
   * @param newest the newest revision
   */
  trim(newest: number, now: number, most: number): void {
    if (!this.#isDue(newest, now)) return;
    const start = this.#compacted;
    for (let forgotten = 0; forgotten < most; forgotten++) {
      const change = this.#next();
      if (change === undefined) break;
      this.#since = change[3];
      if (!this.#isDue(newest, now)) break;
      this.#forget(change);
    }
    if (this.#compacted > start) this.#record.run(this.#compacted, newest);
  }

  /** Forgets the older half of what is known, limits or not: to make room. */
  halve(newest: number): void {
    this.compact(Math.ceil((this.#compacted + newest) / 2), newest);
  }

  /** Forgets the changes up to a revision, and the states that ended with them. */
  compact(revision: number, newest: number): void {
    const through = Math.min(revision, newest);
    if (through <= this.#compacted) return;
    for (let change = this.#next(); change !== undefined && change[0] <= through; change = this.#next())
      this.#forget(change);
    this.#compacted = through;
    this.#record.run(through, newest);
  }

  /** The oldest write that is still known. */
  #next(): PastChange | undefined {
    return this.#oldest.get(this.#compacted) as unknown as PastChange | undefined;
  }

  #isDue(newest: number, now: number): boolean {
    const { age, revisions, size } = this.#limits;
    const known = newest - this.#compacted;
    return known > 0 && (known > revisions || this.#size > size || this.#since <= now - age);
  }

  #forget([revision, previous, deleted, , size, previousSize]: PastChange): void {
    if (previous !== null) this.#remove.run(previous);
    if (deleted === 1) this.#remove.run(revision);
    this.#size -= (previousSize ?? 0) + (deleted === 1 ? size : 0);
    this.#compacted = revision;
  }
}

/** What {@link History.restore} goes back to. */
export interface HistoryMark {
  readonly compacted: number;
  readonly size: number;
}

type PastChange = readonly [
  revision: number,
  previous: number | null,
  deleted: number,
  written: number,
  size: number,
  previousSize: number | null,
];
