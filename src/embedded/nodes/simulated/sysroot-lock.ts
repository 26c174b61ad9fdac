import { createServer, type Server } from 'node:net';
import { realpathSync } from 'node:fs';
import { hash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { isErrno } from '../../errno.ts';
import type { MachineFolder } from './machine-folder.ts';

/** Milliseconds between two attempts of one that waits. */
const AGAIN = 20;

/** The lock of a machine's deployments: one program at a time changes them (host-contract §3.1). */
export interface SysrootLock {
  release(): Promise<void>;
}

/**
 * Takes the lock if it is free. The kernel lets go of it when this process dies, however it does: the lock is a name of a
 * socket that is in no file system (unix(7), abstract).
 */
export async function tryLock(machine: MachineFolder): Promise<SysrootLock | undefined> {
  const name = `\0varve-sysroot-${hash('sha256', realpathSync(machine.root)).slice(0, 32)}`;
  const server = createServer((connection) => connection.destroy());
  try {
    await listen(server, name);
  } catch (error) {
    if (isErrno(error, 'EADDRINUSE')) return undefined;
    throw error;
  }
  server.unref();
  return { release: () => close(server) };
}

/** Takes the lock, as soon as it is free. @throws the signal's reason */
export async function waitForLock(
  machine: MachineFolder,
  signal: AbortSignal,
  onWait: () => void,
): Promise<SysrootLock> {
  for (let attempt = 0; ; attempt += 1) {
    const lock = await tryLock(machine);
    if (lock !== undefined) return lock;
    if (attempt === 0) onWait();
    await sleep(AGAIN, undefined, { signal });
  }
}

function listen(server: Server, path: string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject);
  server.listen({ path }, resolve);
  return promise;
}

function close(server: Server): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  server.close(() => resolve());
  return promise;
}
