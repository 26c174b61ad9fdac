import type { DatabaseSync } from 'node:sqlite';
import { StoreError } from './store-error.ts';

/** `VARV`: tells this database from any other program's (https://www.sqlite.org/fileformat.html §1.3.17). */
export const APPLICATION_ID: number = 0x56_41_52_56;

/**
 * Each takes the database from the version that is its index to the next one. What a release has shipped is never changed.
 *
 * `version` has a row for each write, by its revision; the body is stored once. `previous` is the version that it replaced
 * or removed. What nothing has replaced is in `current`, whose order is that of lists. The others are history: they answer
 * watches from the past and lists of the past, until they are compacted. `checksum` covers the whole row: SQLite would not
 * notice a flipped bit in a body.
 */
export const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE storage (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
  ) STRICT;
  CREATE TABLE version (
    revision INTEGER PRIMARY KEY,
    storage INTEGER NOT NULL,
    key TEXT NOT NULL,
    previous INTEGER,
    deleted INTEGER NOT NULL,
    written INTEGER NOT NULL,
    size INTEGER NOT NULL,
    checksum INTEGER NOT NULL,
    selectable TEXT NOT NULL,
    text TEXT NOT NULL
  ) STRICT;
  CREATE INDEX version_storage ON version (storage);
  CREATE TABLE current (
    storage INTEGER NOT NULL,
    key TEXT NOT NULL,
    revision INTEGER NOT NULL,
    PRIMARY KEY (storage, key)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE progress (
    id INTEGER PRIMARY KEY CHECK (id = 0),
    compacted INTEGER NOT NULL,
    newest INTEGER NOT NULL,
    openings INTEGER NOT NULL
  ) STRICT;
  INSERT INTO progress VALUES (0, 1, 1, 0);
  `,
];

/** @throws StoreError `newer` where the database knows more than this program */
export function assertKnownVersion(version: number, file: string, known: number = MIGRATIONS.length): void {
  if (version <= known) return;
  throw new StoreError(
    'newer',
    `cannot open ${file}: it has version ${version} of the schema, and this release knows only up to ${known}; ` +
      'use the release that wrote it, or a newer one',
  );
}

/** Brings the schema up to date; either each step is done or none. */
export function migrate(
  database: DatabaseSync,
  from: number,
  migrations: readonly string[] = MIGRATIONS,
): void {
  if (from === migrations.length) return;
  database.exec('BEGIN IMMEDIATE');
  try {
    for (const migration of migrations.slice(from)) database.exec(migration);
    database.exec(`PRAGMA user_version = ${migrations.length}`);
    database.exec('COMMIT');
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK');
    throw error;
  }
}
