import { isErrno } from '../errno.ts';
import { StoreError, type StoreErrorCode } from './store-error.ts';

/**
 * What an error of SQLite or of the operating system means for the store.
 * @param action what failed, as `cannot write to /data/objects.db`
 */
export function storeError(error: unknown, action: string): StoreError {
  if (error instanceof StoreError) return error;
  const code = storeErrorCode(error);
  const reason = error instanceof Error ? error.message : String(error);
  return new StoreError(code, `${action}: ${reason}${ADVICE[code] ?? ''}`, error);
}

/**
 * True when the system could not say whether what was written is on disk. It may since have dropped the pages, and a second
 * attempt may report success without writing them again: only a restart, which reads what is there, is safe.
 */
export function isSyncFailure(error: unknown): boolean {
  const code = sqliteCode(error);
  return code === SQLITE_IOERR_FSYNC || code === SQLITE_IOERR_DIR_FSYNC;
}

/** SQLite's extended result code (https://www.sqlite.org/rescode.html); undefined if the error is not SQLite's. */
function sqliteCode(error: unknown): number | undefined {
  if (!isErrno(error, 'ERR_SQLITE_ERROR')) return undefined;
  return error instanceof Error && 'errcode' in error && typeof error.errcode === 'number'
    ? error.errcode
    : undefined;
}

function storeErrorCode(error: unknown): StoreErrorCode {
  const code = sqliteCode(error);
  if (code !== undefined) return PRIMARY_CODES[code & 0xff] ?? 'io';
  if (isErrno(error, 'ENOSPC', 'EDQUOT')) return 'disk-full';
  if (isErrno(error, 'EACCES', 'EPERM', 'EROFS')) return 'read-only';
  return 'io';
}

const SQLITE_IOERR_FSYNC = 1034;
const SQLITE_IOERR_DIR_FSYNC = 1290;

const PRIMARY_CODES: Readonly<Record<number, StoreErrorCode>> = {
  3: 'read-only', // SQLITE_PERM
  5: 'in-use', // SQLITE_BUSY
  8: 'read-only', // SQLITE_READONLY
  11: 'corrupt', // SQLITE_CORRUPT
  13: 'disk-full', // SQLITE_FULL
  26: 'corrupt', // SQLITE_NOTADB
};

/** What the person who reads the message can do. */
const ADVICE: Readonly<Partial<Record<StoreErrorCode, string>>> = {
  corrupt:
    '; nothing was changed: restore the directory from a backup, or move it away to begin with an empty one',
  'disk-full': '; free space on its file system, and it works again',
  'read-only': '; it must be writable for this process',
};
