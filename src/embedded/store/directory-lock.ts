import {
  accessSync,
  constants,
  fsyncSync,
  mkdirSync,
  openSync,
  closeSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { isErrno } from '../errno.ts';
import { storeError } from './failure.ts';
import { StoreError } from './store-error.ts';

/**
 * The exclusive use of a directory. Node has no file locks of its own; SQLite's are the system's, which releases them however
 * the process ends. So the lock is an open transaction on an empty database, to which nothing is ever written: there is
 * nothing to become stale.
 *
 * Never open the lock file by other means while it is held: POSIX gives up all locks of a process on a file as soon as the
 * process closes any descriptor of it.
 */
export class DirectoryLock {
  /**
   * True if the last process ended without {@link DirectoryLock.release} after {@link DirectoryLock.logExists}: its log must
   * be there, for it can hold writes that nothing else does.
   */
  readonly logExpected: boolean;
  readonly #lock: DatabaseSync;
  readonly #directory: string;

  /**
   * Makes the directory if it is missing, for its owner alone since objects can be secrets, and takes the lock.
   * @throws StoreError `in-use`, naming the process that has it; `read-only`, `disk-full`, `io`
   */
  constructor(directory: string) {
    this.#directory = directory;
    try {
      mkdirSync(directory, { recursive: true, mode: 0o700 });
      accessSync(directory, constants.R_OK | constants.W_OK | constants.X_OK);
    } catch (error) {
      throw storeError(error, `cannot use ${directory}`);
    }
    this.#lock = takeLock(directory);
    this.logExpected = readHolder(directory)?.log ?? false;
    try {
      this.#write(this.logExpected);
    } catch (error) {
      this.release();
      throw error;
    }
  }

  /** Notes that from now on until {@link DirectoryLock.release} the database has a log that must not get lost. */
  logExists(): void {
    this.#write(true);
  }

  /** Notes that the log is about to be merged into the database and removed. */
  logEnds(): void {
    rmSync(join(this.#directory, HOLDER), { force: true });
    syncDirectory(this.#directory);
  }

  release(): void {
    this.#lock.close();
  }

  /** A full disk must not keep the store from being read, and nothing but the quality of messages depends on this file. */
  #write(log: boolean): void {
    const path = join(this.#directory, HOLDER);
    try {
      writeFileSync(`${path}.new`, JSON.stringify({ pid: process.pid, log } satisfies Holder), {
        flush: true,
      });
      renameSync(`${path}.new`, path);
      syncDirectory(this.#directory);
    } catch (error) {
      if (!isErrno(error, 'ENOSPC', 'EDQUOT')) throw storeError(error, `cannot write ${path}`);
    }
  }
}

/** Flushes the names in a directory. */
export function syncDirectory(path: string): void {
  const descriptor = openSync(path, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

const LOCK = 'objects.lock';
const HOLDER = 'objects.pid';

/** What {@link HOLDER} says of the process that has the lock, or had it and did not end well. */
interface Holder {
  readonly pid: number;
  readonly log: boolean;
}

function takeLock(directory: string): DatabaseSync {
  const path = join(directory, LOCK);
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(path);
    // Without this mode SQLite would make a journal beside the lock, though nothing is written.
    database.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
    return database;
  } catch (error) {
    database?.close();
    const failure = storeError(error, `cannot lock ${path}`);
    if (failure.code !== 'in-use') throw failure;
    throw new StoreError('in-use', `cannot use ${directory}: it is in use by ${holderOf(directory)}`, error);
  }
}

function holderOf(directory: string): string {
  const pid = readHolder(directory)?.pid;
  if (pid === undefined) return 'another process';
  return pid === process.pid ? `this process (pid ${pid})` : `the process with pid ${pid}; stop it first`;
}

function readHolder(directory: string): Holder | undefined {
  try {
    const value: unknown = JSON.parse(readFileSync(join(directory, HOLDER), 'utf8'));
    if (typeof value !== 'object' || value === null || !('pid' in value) || !('log' in value))
      return undefined;
    return typeof value.pid === 'number' ? { pid: value.pid, log: value.log === true } : undefined;
  } catch {
    // Absent, being written, or damaged: it says nothing then.
    return undefined;
  }
}
