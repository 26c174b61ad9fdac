import { execFile } from 'node:child_process';
import { closeSync, constants, openSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { promisify } from 'node:util';

/** A pipe of the kernel's: what Node calls one is a pair of sockets, which bootc refuses (host-contract §1.7). */
export interface ProgressPipe {
  readonly read: Readable;
  /** For the child; this process closes its own by `closeWriter` once the child has it, or the pipe never ends. */
  readonly writer: number;
  closeWriter(): void;
}

/** Node cannot make a pipe, but it can open a named one: it has its name for as long as that takes. */
export async function openProgressPipe(): Promise<ProgressPipe> {
  const folder = await mkdtemp(join(tmpdir(), 'varve-progress-'));
  try {
    const path = join(folder, 'pipe');
    await promisify(execFile)('mkfifo', ['-m', '600', path]);
    // A reader that does not wait for a writer comes first; the writer then finds it.
    const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const writer = openSync(path, constants.O_WRONLY);
    const read = new Socket({ fd: reader, readable: true, writable: false });
    let isOpen = true;
    const closeWriter = (): void => {
      if (isOpen) closeSync(writer);
      isOpen = false;
    };
    return { read, writer, closeWriter };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
