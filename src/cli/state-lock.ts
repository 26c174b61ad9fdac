import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { CliError } from './cli-error.ts';

const LOCK = 'agent.lock';

/** The right of one process to act on a host. */
export interface StateLock {
  release(): void;
}

/**
 * Takes the state directory of a host for this process: of two agents on one host each would undo what the other one does.
 * SQLite locks a file as the kernel lets go of it, however the process ends, across the namespaces of pods; Node itself has
 * no such lock.
 *
 * @throws CliError `input` where another agent has it, or where it cannot be made
 */
export function lockState(directory: string): StateLock {
  let database: DatabaseSync | undefined;
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    database = new DatabaseSync(join(directory, LOCK), { timeout: 0 });
    // Without this mode SQLite would make a journal beside the lock, though nothing is written.
    database.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
    const held = database;
    return { release: () => held.close() };
  } catch (cause) {
    database?.close();
    throw new CliError('input', explain(directory, cause), { cause });
  }
}

/** SQLITE_BUSY. */
const BUSY = 5;

function explain(directory: string, cause: unknown): string {
  if (cause instanceof Error && 'errcode' in cause && cause.errcode === BUSY) {
    return `cannot use the state directory ${directory}: another agent works with it; one host has one agent: stop that one, or name another directory with --state`;
  }
  const why = cause instanceof Error ? cause.message : String(cause);
  return `cannot use the state directory ${directory}: ${why}; an agent keeps its journal there, outside the image: mend that, or name another with --state`;
}
