import { existsSync } from 'node:fs';
import { readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

/** In the folder of a build that is about to change what any other one in its store could stand on. */
const MARK = 'alone';
/** How often it is looked whether that is over, in milliseconds. */
const POLL = 50;

/** What the name of a build's folder begins with: the process that it belongs to. */
export function folderPrefix(): string {
  return `${process.pid}-`;
}

/** Removes the folders of builds whose process is gone: the credentials in them first, whatever keeps the rest from going. */
export async function removeDead(builds: string): Promise<void> {
  for (const name of await readdir(builds)) if (!isAlive(name)) await removeFolder(join(builds, name));
}

/** A mount that a killed builder has left may keep some of it there, which is in nobody's way. */
export async function removeFolder(folder: string): Promise<void> {
  const ignore = (): void => undefined;
  await rm(join(folder, 'auth.json'), { force: true }).catch(ignore);
  await rm(folder, { recursive: true, force: true }).catch(ignore);
}

/**
 * Does something to a store that no build may be using: nothing where there is another build. One that begins meanwhile waits
 * for the end of it in `untilUndisturbed`: whoever made its folder first is seen by the other one.
 */
export async function whileAlone(
  builds: string,
  folder: string,
  work: () => Promise<unknown>,
): Promise<void> {
  const mark = join(folder, MARK);
  await writeFile(mark, '');
  try {
    if ((await othersOf(builds, folder)).length === 0) await work();
  } finally {
    await rm(mark, { force: true });
  }
}

/** Waits until no other build does such a thing to the store, or the signal is aborted. */
export async function untilUndisturbed(builds: string, folder: string, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const others = await othersOf(builds, folder);
    if (!others.some((other) => existsSync(join(other, MARK)))) return;
    await pause(POLL);
  }
}

async function othersOf(builds: string, folder: string): Promise<readonly string[]> {
  const names = (await readdir(builds)).filter(isAlive);
  return names.map((name) => join(builds, name)).filter((path) => path !== folder);
}

function isAlive(name: string): boolean {
  const [process] = /^\d+(?=-)/.exec(name) ?? [];
  return process !== undefined && existsSync(`/proc/${process}/stat`);
}
