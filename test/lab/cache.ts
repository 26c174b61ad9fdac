import { existsSync } from 'node:fs';
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** Where the laboratory keeps what is dear to make: outside the checkout, one folder per machine and user. */
export function cacheRoot(): string {
  const { VARVE_LAB_CACHE, XDG_CACHE_HOME } = process.env;
  return VARVE_LAB_CACHE || join(XDG_CACHE_HOME || join(homedir(), '.cache'), 'varve-lab');
}

/**
 * The folder `key` of the cache, made by `make` when it is not there yet. It appears whole or not at all: it is
 * made under another name and renamed, so a killed run leaves nothing that a later one would believe, and of two
 * runs that make it at once one wins and the other uses the winner's.
 */
export async function cached(key: string, make: (folder: string) => Promise<void>): Promise<string> {
  const folder = join(cacheRoot(), key);
  if (existsSync(folder)) return folder;
  await removeAbandoned(key);
  const draft = `${folder}.making-${process.pid}`;
  await mkdir(draft, { recursive: true });
  try {
    await make(draft);
    await rename(draft, folder).catch((cause: unknown) => {
      if (!existsSync(folder)) throw cause;
    });
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
  return folder;
}

/** Removes drafts of `key` (`KEY.making-PID`, with or without a suffix) whose maker no longer runs. */
async function removeAbandoned(key: string): Promise<void> {
  const names = existsSync(cacheRoot()) ? await readdir(cacheRoot()) : [];
  for (const name of names) {
    const maker = name.startsWith(`${key}.making-`) ? /\.making-(\d+)/.exec(name)?.[1] : undefined;
    if (maker === undefined || (existsSync(`/proc/${maker}`) && Number(maker) !== process.pid)) continue;
    await rm(join(cacheRoot(), name), { recursive: true, force: true });
  }
}
