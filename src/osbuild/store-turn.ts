import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as pause } from 'node:timers/promises';

const LOCK = 'turn.lock';
/** How often it is looked whether the store is free, in milliseconds. */
const POLL = 200;
/** SQLITE_BUSY. */
const BUSY = 5;

/**
 * Takes a builder's store for one build: buildah fails where it would remove an image that another build stands on, and nothing in
 * a store says whose a container is. It is a lock that the kernel lets go of however the process ends; Node itself has none, so
 * SQLite's takes its place.
 *
 * @param onWait told once, before waiting for another build
 * @returns what gives it back; undefined when the signal has ended the waiting
 */
export async function takeTurn(
  storage: string,
  signal: AbortSignal,
  onWait: () => void,
): Promise<(() => void) | undefined> {
  let isTold = false;
  while (!signal.aborted) {
    const release = tryTurn(join(storage, LOCK));
    if (release !== undefined) return release;
    if (!isTold) onWait();
    isTold = true;
    await pause(POLL);
  }
  return undefined;
}

function tryTurn(path: string): (() => void) | undefined {
  const database = new DatabaseSync(path, { timeout: 0 });
  try {
    // Without this mode SQLite would make a journal beside the lock, though nothing is written.
    database.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
    return () => database.close();
  } catch (cause) {
    database.close();
    if (cause instanceof Error && 'errcode' in cause && cause.errcode === BUSY) return undefined;
    throw cause;
  }
}
