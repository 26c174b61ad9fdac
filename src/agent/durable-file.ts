import { randomUUID } from 'node:crypto';
import { mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { codeOf } from './file-problem.ts';

/**
 * Replaces a file of the agent's own as a whole: the new text is on the disk before it takes the old one's name, and the
 * name before this ends. What an agent that was killed here left is removed. Its directory is made when there is none.
 */
export async function replaceFile(path: string, text: string): Promise<void> {
  const directory = dirname(path);
  await makeDirectory(directory);
  await removeLeftovers(path);
  const next = `${path}.${randomUUID()}.new`;
  try {
    const file = await open(next, 'wx', 0o600);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(next, path);
  } catch (error) {
    await rm(next, { force: true });
    throw error;
  }
  await syncDirectory(directory);
}

async function removeLeftovers(path: string): Promise<void> {
  const directory = dirname(path);
  const mine = `${basename(path)}.`;
  for (const name of await readdir(directory)) {
    if (name.startsWith(mine) && name.endsWith('.new')) await rm(join(directory, name), { force: true });
  }
}

/**
 * Makes a directory and those above it, each of them on the disk before the next. Node's own way never ends where a file
 * system has no place for directories, as /proc.
 */
async function makeDirectory(path: string): Promise<void> {
  const make = async (): Promise<'made' | 'no-parent'> => {
    try {
      await mkdir(path, { mode: 0o700 });
      await syncDirectory(dirname(path));
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return 'no-parent';
      if (codeOf(error) !== 'EEXIST') throw error;
    }
    return 'made';
  };
  if ((await make()) === 'made') return;
  if (dirname(path) !== path) await makeDirectory(dirname(path));
  if ((await make()) === 'no-parent')
    throw new Error(`cannot make the directory ${path}: its file system refuses`);
}

async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
