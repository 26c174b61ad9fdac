import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Requests } from './counted-client.ts';

/** What a process of the benchmark says of itself; `requests` since it was last asked. */
export interface Usage {
  /** CPU time of all its threads, in milliseconds. */
  readonly cpu: number;
  /** Resident memory, now and at the most, in bytes. */
  readonly rss: number;
  readonly peak: number;
  readonly requests: Requests;
}

/** A part of the cluster in a process of its own. */
export class BenchProcess {
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  /** @param flags as bin/varve starts such a process */
  static async start(
    script: string,
    args: readonly string[],
    flags: readonly string[] = [],
  ): Promise<BenchProcess> {
    const child = fork(fileURLToPath(import.meta.resolve(script)), args, {
      execArgv: [...flags],
      env: { ...process.env, MALLOC_ARENA_MAX: '1' },
    });
    child.on('exit', (code) => {
      if (code !== null && code !== 0) process.stderr.write(`${script} ended with status ${code}\n`);
    });
    await once(child, 'message');
    return new BenchProcess(child);
  }

  async ask(message: object = {}): Promise<Usage> {
    const answered = once(this.#child, 'message');
    this.#child.send(message);
    const [answer] = (await answered) as [Usage];
    return answer;
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    this.#child.kill('SIGTERM');
    await once(this.#child, 'exit');
  }
}
