import { randomBytes } from 'node:crypto';
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { makeDirectory } from './make-directory.ts';
import { OsBuildError } from './osbuild-error.ts';

/**
 * What builds keep between processes: manifests and configs of bases by digest, base indexes, and what was pushed last.
 * Everything in it can be made anew; readers verify what they get. Entries are few and small: waiting for them
 * would cost more than reading and writing them at once.
 */
export interface BuildCache {
  get(key: string): Buffer | undefined;
  put(key: string, bytes: Uint8Array): void;
}

/**
 * A cache below a directory, which is made when the first entry is written. Entries appear whole or not at all, so
 * two processes may write the same one. They are not synced to the disk: after a crash of the machine an entry may be
 * damaged, which its reader finds out.
 *
 * @throws OsBuildError `cache` from `put` when the disk is full or the directory cannot be written.
 */
export function openBuildCache(directory: string): BuildCache {
  return {
    get(key) {
      try {
        return readFileSync(join(directory, key));
      } catch {
        // A missing or unreadable entry is made anew; where that fails too, `put` says why.
        return undefined;
      }
    },
    put(key, bytes) {
      const path = join(directory, key);
      const temporary = `${path}.${randomBytes(6).toString('hex')}`;
      try {
        makeDirectory(dirname(path));
        writeFileSync(temporary, bytes, { flag: 'wx', mode: 0o644 });
        renameSync(temporary, path);
      } catch (cause) {
        remove(temporary);
        throw cacheError(directory, cause);
      }
    },
  };
}

function remove(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // What keeps a file from being removed has kept it from being made, and that is what is reported.
  }
}

/** A cache that lives as long as the process. */
export function memoryCache(): BuildCache {
  const entries = new Map<string, Buffer>();
  return {
    get: (key) => entries.get(key),
    put(key, bytes) {
      entries.set(key, Buffer.from(bytes));
    },
  };
}

function cacheError(directory: string, cause: unknown): OsBuildError {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown';
  const reasons: Readonly<Record<string, string>> = {
    ENOSPC: 'the disk is full; free some space or name another directory with --cache',
    EDQUOT: 'the disk quota is used up; free some space or name another directory with --cache',
    EROFS: 'the file system is read-only; name another directory with --cache',
    EACCES: 'permission denied; name another directory with --cache',
    EPERM: 'permission denied; name another directory with --cache',
    ENOTDIR: 'a part of the path is a file; name another directory with --cache',
    EEXIST: 'a file is in the way of a directory; remove it or name another directory with --cache',
    // What Node makes of a file system where nothing can be made, such as a read-only one.
    ENOENT: 'no directory can be made there; name another one with --cache',
  };
  return new OsBuildError('cache', `cannot write the build cache in ${directory}: ${reasons[code] ?? code}`, {
    cause,
    retryable: code === 'ENOSPC' || code === 'EDQUOT',
  });
}
