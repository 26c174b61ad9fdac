import { spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { text } from 'node:stream/consumers';
import { CliError } from './cli-error.ts';

const LOCK = 'agent.lock';

/** The right of one process to act on a host. */
export interface StateLock {
  release(): void;
}

/**
 * Takes the state directory of a host for this process: of two agents on one host each would undo what the other one does.
 * It is a lock that the kernel lets go of however the process ends, across the namespaces of pods; Node itself has none, so
 * SQLite's or util-linux's takes its place.
 *
 * @throws CliError `input` where another agent has it, or where it cannot be made
 */
export async function lockState(directory: string): Promise<StateLock> {
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    // SQLite follows symbolic links by itself, and ends in this process's own files where /proc/PID/root is one.
    const lock = directory.startsWith('/proc/') ? await lockEntered(directory) : lockHere(directory);
    if (lock !== undefined) return lock;
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    const reason = `${why}; an agent keeps its journal there, outside the image: mend that, or name another with --state`;
    throw new CliError('input', `cannot use the state directory ${directory}: ${reason}`, { cause });
  }
  const reason =
    'another agent works with it; one host has one agent: stop that one, or name another directory with --state';
  throw new CliError('input', `cannot use the state directory ${directory}: ${reason}`);
}

/** SQLITE_BUSY. */
const BUSY = 5;

function lockHere(directory: string): StateLock | undefined {
  const database = new DatabaseSync(join(directory, LOCK), { timeout: 0 });
  try {
    // Without this mode SQLite would make a journal beside the lock, though nothing is written.
    database.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
    return { release: () => database.close() };
  } catch (cause) {
    database.close();
    if (cause instanceof Error && 'errcode' in cause && cause.errcode === BUSY) return undefined;
    throw cause;
  }
}

/** What flock ends with where somebody else has the lock. */
const TAKEN = 75;

/** The directory of a host whose namespaces are entered by util-linux's nsenter; flock is of that package too. */
async function lockEntered(directory: string): Promise<StateLock | undefined> {
  const options = ['--nonblock', `--conflict-exit-code=${TAKEN}`, '--no-fork', join(directory, LOCK)];
  // It ends with its standard input, which the kernel closes when this process ends.
  const holder = spawn('flock', [...options, 'sh', '-c', 'echo locked; exec cat'], { stdio: 'pipe' });
  holder.stdin.on('error', () => {});
  const complaint = text(holder.stderr);
  const outcome = await new Promise<'locked' | number | null>((resolve, reject) => {
    holder.stdout.once('data', () => resolve('locked'));
    holder.once('error', reject);
    holder.once('close', resolve);
  });
  if (outcome === TAKEN) return undefined;
  if (outcome !== 'locked') throw new Error((await complaint).trim() || `flock ended with status ${outcome}`);
  holder.unref();
  for (const stream of [holder.stdin, holder.stdout, holder.stderr]) (stream as { unref?(): void }).unref?.();
  return { release: () => holder.stdin.end() };
}
