import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';
import { syncDirectory } from './directory-lock.ts';
import { storeError } from './failure.ts';
import { findDamage } from './integrity.ts';
import { APPLICATION_ID, assertKnownVersion, migrate } from './schema.ts';
import { StoreError } from './store-error.ts';
import { inspectLog, type LogState } from './write-ahead-log.ts';

/**
 * Makes sure that there is a whole database of ours at `file`: makes an empty one if there is none, verifies the one that is
 * there otherwise. Until it is found whole it is only read, for recovery by SQLite writes to it. The caller has the directory
 * locked.
 * @param logExpected the log must be there: the last process did not end well
 * @throws StoreError `corrupt`, `foreign`, `newer`, `disk-full`, `io`
 */
export function prepareDatabase(file: string, logExpected: boolean): void {
  try {
    const log = inspectLog(logOf(file));
    if (existsSync(file)) verify(file, log, logExpected);
    else if (log === 'absent' && !logExpected) create(file);
    else throw damaged(file, 'it is missing, but its log is or was there');
  } catch (error) {
    throw storeError(error, `cannot open ${file}`);
  }
}

/**
 * Opens a prepared database for reading and writing.
 * @param maximumSize bytes that the file may grow to
 */
export function openDatabase(file: string, maximumSize: number | undefined): DatabaseSync {
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(file);
    database.exec(`
      PRAGMA locking_mode = EXCLUSIVE;
      PRAGMA synchronous = FULL;
      PRAGMA temp_store = MEMORY;
      PRAGMA cache_size = -${CACHE_KIB};
      PRAGMA wal_autocheckpoint = 1000;
      PRAGMA journal_size_limit = ${LOG_LIMIT};
      PRAGMA cell_size_check = ON;
      PRAGMA trusted_schema = OFF;
    `);
    if (maximumSize !== undefined)
      database.exec(`PRAGMA max_page_count = ${Math.ceil(maximumSize / PAGE_SIZE)}`);
    migrate(database, pragma(database, 'user_version'));
    return database;
  } catch (error) {
    database?.close();
    throw storeError(error, `cannot open ${file}`);
  }
}

/** What it takes to write and to read the file; 2 is with a write-ahead log (https://www.sqlite.org/fileformat.html). */
const NEWEST_FORMAT = 2;
const NEWEST_SCHEMA_FORMAT = 4;

/** Where SQLite has the log of a database. */
function logOf(file: string): string {
  return `${file}-wal`;
}

/** Each write costs the pages that it touches, so small ones; objects are of a few KB and each fills about one. */
const PAGE_SIZE = 4_096;
const CACHE_KIB = 8_192;
/** To what the log is cut when it is begun anew, in bytes. */
const LOG_LIMIT = 16 << 20;

/** Under another name until it is whole, so that a database that is there is never half made. */
function create(file: string): void {
  const draft = `${file}.new`;
  for (const suffix of ['', '-wal', '-shm', '-journal']) rmSync(`${draft}${suffix}`, { force: true });
  const database = new DatabaseSync(draft);
  try {
    database.exec(`
      PRAGMA page_size = ${PAGE_SIZE};
      PRAGMA auto_vacuum = INCREMENTAL;
      PRAGMA application_id = ${APPLICATION_ID};
      PRAGMA journal_mode = WAL;
      PRAGMA synchronous = FULL;
    `);
    migrate(database, 0);
  } finally {
    database.close();
  }
  renameSync(draft, file);
  syncDirectory(dirname(file));
}

function verify(file: string, log: LogState, logExpected: boolean): void {
  // SQLite would say that it cannot lock it.
  accessSync(file, constants.R_OK | constants.W_OK);
  verifyHeader(file);
  if (log === 'damaged') throw damaged(file, `its log ${logOf(file)} is damaged before its last commit`);
  if (log === 'absent' && logExpected)
    throw damaged(
      file,
      `the last process did not end well, and its log ${logOf(file)}, which has the newest writes, is gone`,
    );
  const database = openReadOnly(file, log);
  try {
    const version = pragma(database, 'user_version');
    assertKnownVersion(version, file);
    const damage = findDamage(database, version);
    if (damage !== undefined) throw damaged(file, damage);
  } finally {
    database.close();
  }
}

/**
 * A connection that changes no file, not even by making one: without a log nothing can change under us, and SQLite need not
 * look for one. With a log, it needs an index of it, in memory if nobody else can come, which is so for us: the directory is
 * locked, and SQLite's own locks, which a reader cannot take exclusively, are not needed.
 */
function openReadOnly(file: string, log: LogState): DatabaseSync {
  const url = pathToFileURL(file);
  if (log === 'absent') url.searchParams.set('immutable', '1');
  else url.searchParams.set('vfs', 'unix-none');
  const database = new DatabaseSync(url, { readOnly: true });
  database.exec('PRAGMA locking_mode = EXCLUSIVE');
  return database;
}

/** Tells what is no database, or is another program's, before SQLite is let near it. */
function verifyHeader(file: string): void {
  const header = Buffer.alloc(100);
  const descriptor = openSync(file, 'r');
  try {
    if (readSync(descriptor, header, 0, header.length, 0) < header.length)
      throw damaged(file, 'it is too short for a database');
  } finally {
    closeSync(descriptor);
  }
  if (header.toString('latin1', 0, 16) !== 'SQLite format 3\0') throw damaged(file, 'it is not a database');
  // Of later ones than it knows SQLite says that the file is not writable, or that something is wrong.
  const formats = [header.readUInt8(18), header.readUInt8(19)];
  if (Math.max(...formats) > NEWEST_FORMAT || header.readUInt32BE(44) > NEWEST_SCHEMA_FORMAT)
    throw damaged(file, 'its header names a format that there is not');
  if (header.readUInt32BE(68) !== APPLICATION_ID)
    throw new StoreError(
      'foreign',
      `cannot open ${file}: it is the database of another program; nothing was changed`,
    );
}

function pragma(database: DatabaseSync, name: string): number {
  return Number(database.prepare(`PRAGMA ${name}`).get()?.[name]);
}

function damaged(file: string, how: string): StoreError {
  return new StoreError(
    'corrupt',
    `cannot open ${file}: ${how}; nothing was changed: ` +
      'restore the directory from a backup, or move it away to begin with an empty one',
  );
}
