import type { DatabaseSync, StatementSync } from 'node:sqlite';

/**
 * Gives disk space back to the file system. Freed pages are used again first; only when many stay free, after much was deleted,
 * is the file made shorter, in steps that no commit is slowed down by.
 */
export class SpaceReclaimer {
  readonly #database: DatabaseSync;
  readonly #free: StatementSync;
  readonly #total: StatementSync;
  #commits = 0;

  constructor(database: DatabaseSync) {
    this.#database = database;
    this.#free = database.prepare('PRAGMA freelist_count');
    this.#total = database.prepare('PRAGMA page_count');
  }

  /** A step, if one is due; inside the transaction of a commit. */
  reclaim(): void {
    if (this.#commits++ % INTERVAL !== 0) return;
    const free = Number(this.#free.get()?.['freelist_count']);
    if (free < LEAST_FREE) return;
    const total = Number(this.#total.get()?.['page_count']);
    if (free * 4 > total) this.#database.exec(`PRAGMA incremental_vacuum(${STEP})`);
  }
}

/** How often to look, in commits. */
const INTERVAL = 4;
/** Pages; below this it is not worth it. */
const LEAST_FREE = 2_000;
/** Pages. */
const STEP = 256;
