import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { access, constants } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import type { Readable } from 'node:stream';

export interface BoundProcessOptions {
  readonly cwd: string;
  /** All of it. */
  readonly env: Readonly<Record<string, string>>;
}

/**
 * A shell that becomes the program, and leaves one behind that waits for the end of its third stream: that comes when whoever holds the
 * other end has ended, and then the whole group does.
 */
const SCRIPT = '(read -r _ <&3; kill -KILL 0) >/dev/null 2>&1 & exec "$@" 3<&-';

/**
 * Starts a program as a process group of its own, which ends with this process, however that ends: what a build runs for a process that
 * was killed would be nobody's to end. What the program leaves behind in its group ends with it.
 */
export function spawnBound(
  program: string,
  args: readonly string[],
  { cwd, env }: BoundProcessOptions,
): ChildProcessByStdio<null, Readable, Readable> {
  const child = spawn('/bin/sh', ['-c', SCRIPT, 'sh', program, ...args], {
    cwd,
    detached: true,
    env: { ...env },
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
  });
  // Nothing is said there; it may break when the group ends.
  child.stdio[3]?.on('error', () => undefined);
  // The shell that waits is in the group still; as long as it is, the streams have no end.
  child.once('exit', () => endGroup(child.pid, 'SIGKILL'));
  return child as ChildProcessByStdio<null, Readable, Readable>;
}

/** Sends a signal to all of a process group, if there is one. */
export function endGroup(leader: number | undefined, how: NodeJS.Signals): void {
  try {
    if (leader !== undefined) process.kill(-leader, how);
  } catch {
    // All of it has ended.
  }
}

/** Whether there is a program of this name. */
export async function isOnPath(program: string, path: string): Promise<boolean> {
  for (const folder of path.split(delimiter).filter((name) => name !== '')) {
    const isThere = await access(join(folder, program), constants.X_OK).then(
      () => true,
      () => false,
    );
    if (isThere) return true;
  }
  return false;
}
