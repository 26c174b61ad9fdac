import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { CHECKOUT } from '../../test/lab/varve.ts';

/** A long-running `varve` of the benchmark, as people start it. */
export class VarveProcess {
  readonly #child: ChildProcess;
  #output = '';

  constructor(args: readonly string[]) {
    this.#child = spawn(`${CHECKOUT}/bin/varve`, args, { stdio: ['pipe', 'pipe', 'pipe'] });
    for (const stream of [this.#child.stdout, this.#child.stderr])
      stream?.on('data', (chunk: Buffer) => {
        this.#output = `${this.#output}${chunk.toString('utf8')}`.slice(-100_000);
      });
  }

  /** What a pattern finds in the output, as soon as it is there. */
  async printed(pattern: RegExp): Promise<string> {
    const deadline = performance.now() + 60_000;
    for (;;) {
      const found = pattern.exec(this.#output)?.[1];
      if (found !== undefined) return found;
      if (this.#child.exitCode !== null || performance.now() > deadline)
        throw new Error(`varve has not printed ${String(pattern)}:\n${this.#output}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** Resident memory now and at its highest, in bytes. */
  async memory(): Promise<{ readonly now: number; readonly peak: number }> {
    const status = await readFile(`/proc/${this.#child.pid ?? 0}/status`, 'utf8');
    const read = (key: string): number =>
      Number(new RegExp(`^${key}:\\s+(\\d+)`, 'm').exec(status)?.[1]) * 1024;
    return { now: read('VmRSS'), peak: read('VmHWM') };
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null) return;
    this.#child.kill('SIGTERM');
    await once(this.#child, 'exit');
  }
}
