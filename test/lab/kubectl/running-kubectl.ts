import { spawn } from 'node:child_process';
import type { RunResult } from '../run.ts';

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
  async printed(pattern: RegExp, seconds = 10): Promise<string> {
    const deadline = Date.now() + seconds * 1000;
    while (!pattern.test(this.#stdout)) {
      const left = deadline - Date.now();
      if (left <= 0 || this.#child.exitCode !== null) {
        throw new Error(`cannot find ${pattern} in what kubectl printed: ${this.#stdout}${this.#stderr}`);
      }
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.#listeners.push(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
    return this.#stdout;
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
