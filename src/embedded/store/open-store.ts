import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { openDatabase, prepareDatabase } from './database-file.ts';
import { DirectoryLock } from './directory-lock.ts';
import { storeError } from './failure.ts';
import { SqliteStore } from './sqlite-store.ts';
import type { Store } from './store.ts';

export interface StoreOptions {
  /** Made if it is missing. The store has it for itself. */
  readonly directory: string;
  /** Milliseconds since 1970; the system's clock, if absent. */
  readonly now?: () => number;
  /** How much of the past is kept for watches and lists that begin there; see {@link HistoryOptions}. */
  readonly history?: HistoryOptions;
  /** About how many bytes of the newest changes to have in memory, for watches; 4 MiB, if absent. */
  readonly recentSize?: number;
  /** To how many bytes the database may grow before writes fail with `disk-full`; without limit, if absent. */
  readonly maximumSize?: number;
}

/** What exceeds any of these is forgotten, when something is written. */
export interface HistoryOptions {
  /** Milliseconds; 5 minutes if absent, as kube-apiserver has etcd do it. */
  readonly age?: number;
  /** Writes; 100,000 if absent. */
  readonly revisions?: number;
  /** Characters of objects that only the past refers to; 128 Mi if absent. */
  readonly size?: number;
}

/**
 * Opens the object store of a directory, and makes it if there is none.
 * @throws StoreError `in-use`, `corrupt`, `foreign`, `newer`, `read-only`, `disk-full`, `io`: nothing was changed then
 */
export function openStore(options: StoreOptions): Store {
  const { directory, now = Date.now, history = {}, recentSize = 4 << 20, maximumSize } = options;
  const file = join(directory, 'objects.db');
  const lock = new DirectoryLock(directory);
  let database: DatabaseSync | undefined;
  try {
    prepareDatabase(file, lock.logExpected);
    database = openDatabase(file, maximumSize);
    if (beginLog(database)) lock.logExists();
    const { age = 300_000, revisions = 100_000, size = 128 << 20 } = history;
    return new SqliteStore(database, {
      file,
      now,
      history: { age, revisions, size },
      recentSize,
      closing: () => lock.logEnds(),
      closed: () => lock.release(),
    });
  } catch (error) {
    // If the database was not opened, its log has to be there the next time as well.
    if (database !== undefined || !lock.logExpected) lock.logEnds();
    database?.close();
    lock.release();
    throw storeError(error, `cannot open ${file}`);
  }
}

/**
 * Writes something, so that the log is there, and so that a database that cannot be written is found out now.
 * @returns false if there is no room for it: what is stored can be read nevertheless
 */
function beginLog(database: DatabaseSync): boolean {
  try {
    // It has to be a change: SQLite does not write what is the same already.
    database.exec('UPDATE progress SET openings = openings + 1');
    return true;
  } catch (error) {
    if (storeError(error, '').code !== 'disk-full') throw error;
    return false;
  }
}
