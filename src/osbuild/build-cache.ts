import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { OsBuildError } from './osbuild-error.ts';

/**
 * What builds keep between processes: manifests and configs of bases by digest, and base indexes. Everything in it
 * can be made anew; readers verify what they get.
 */
export interface BuildCache {
  get(key: string): Buffer | undefined;
  put(key: string, bytes: Uint8Array): Promise<void>;
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
    async put(key, bytes) {
      const path = join(directory, key);
      const temporary = `${path}.${randomBytes(6).toString('hex')}`;
      try {
        await makeDirectory(dirname(path));
        await writeFile(temporary, bytes, { flag: 'wx', mode: 0o644 });
        await rename(temporary, path);
      } catch (cause) {
        await rm(temporary, { force: true }).catch(() => undefined);
        throw cacheError(directory, cause);
      }
    },
  };
}

/**
 * Makes a directory and its parents. Node's own recursive mkdir never ends where the system answers ENOENT although
 * the parent is there, as below /proc.
 */
async function makeDirectory(path: string): Promise<void> {
  try {
    await mkdir(path);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'EEXIST') return;
    if (code !== 'ENOENT' || dirname(path) === path) throw error;
    await makeDirectory(dirname(path));
    await mkdir(path).catch((again: unknown) => {
      if (!(again instanceof Error && 'code' in again && again.code === 'EEXIST')) throw again;
    });
  }
}

/** A cache that lives as long as the process. */
export function memoryCache(): BuildCache {
  const entries = new Map<string, Buffer>();
  return {
    get: (key) => entries.get(key),
    put(key, bytes) {
      entries.set(key, Buffer.from(bytes));
      return Promise.resolve();
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
