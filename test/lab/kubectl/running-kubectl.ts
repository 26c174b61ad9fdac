import { spawn } from 'node:child_process';
import type { RunResult } from '../run.ts';
import { PATIENCE } from '../until.ts';

/** A kubectl that runs beside the test. */
export class RunningKubectl {
  readonly #child;
  readonly #closed: Promise<number>;
  #stdout = '';
  #stderr = '';
  #listeners: (() => void)[] = [];

  constructor(path: string, args: readonly string[], env: NodeJS.ProcessEnv) {
    this.#child = spawn(path, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    this.#child.stdout.on('data', (chunk: Buffer) => {
      this.#stdout += chunk.toString('utf8');
      this.#tell();
    });
    this.#child.stderr.on('data', (chunk: Buffer) => {
      this.#stderr += chunk.toString('utf8');
      this.#tell();
    });
    this.#closed = new Promise((resolve, reject) => {
      this.#child.on('error', reject);
      this.#child.on('close', (code) => {
        resolve(code ?? 128);
        this.#tell();
      });
    });
  }

  /** Waits until what it has printed matches; what it has printed until then. */
  async printed(pattern: RegExp): Promise<string> {
    await this.#until(() => pattern.test(this.#stdout), String(pattern));
    return this.#stdout;
  }

  /** Waits until the server has taken its watch. The command needs `-v=6`, which tells of each request when it is answered. */
  async watching(): Promise<void> {
    await this.#until(() => /[?&]watch=(?:true|1)\b/.test(this.#stderr), 'a watch');
  }

  async #until(holds: () => boolean, what: string): Promise<void> {
    const deadline = Date.now() + PATIENCE * 1000;
    while (!holds()) {
      const left = deadline - Date.now();
      if (left <= 0 || this.#child.exitCode !== null) {
        throw new Error(`cannot find ${what} in what kubectl printed: ${this.#stdout}${this.#stderr}`);
      }
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.#listeners.push(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
  }

  /** Waits for its end. */
  async ended(): Promise<RunResult> {
    const status = await this.#closed;
    return { status, stdout: this.#stdout, stderr: this.#stderr };
  }

  async stop(): Promise<void> {
    this.#child.kill('SIGINT');
    await this.#closed;
  }

  #tell(): void {
    const listeners = this.#listeners;
    this.#listeners = [];
    for (const listener of listeners) listener();
  }
}
