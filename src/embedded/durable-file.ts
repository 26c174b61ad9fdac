import { randomUUID } from 'node:crypto';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { isErrno } from './errno.ts';

/**
 * Writes a file so that a reader, or the next start after a crash, finds the old contents or the new ones and never
 * a part: to a temporary file, which is flushed and then renamed. Makes the folders that are missing.
 * @param temporary a folder on the same file system, emptied at each start
 * @param mode of the new file, less the umask; 0o600 for what only its owner may read
 */
export async function writeDurably(
  path: string,
  contents: Uint8Array,
  temporary: string,
  mode = 0o666,
): Promise<void> {
  const draft = join(temporary, randomUUID());
  try {
    const file = await open(draft, 'wx', mode);
    try {
      await file.writeFile(contents);
      await file.sync();
    } finally {
      await file.close();
    }
    await moveDurably(draft, path);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
}

/** Renames a flushed file into place and flushes the name too. Makes the folders that are missing. */
export async function moveDurably(from: string, to: string): Promise<void> {
  await mkdir(dirname(to), { recursive: true });
  await rename(from, to);
  await syncFolder(dirname(to));
}

/** Flushes the names in a folder; one that is missing has none. */
export async function syncFolder(path: string): Promise<void> {
  let folder;
  try {
    folder = await open(path, 'r');
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return;
    throw error;
  }
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
