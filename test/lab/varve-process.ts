import assert from 'node:assert/strict';
import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { join } from 'node:path';
import { CHECKOUT } from './varve.ts';
import { until } from './until.ts';

/** A `varve` that runs until it is told to stop, as a user starts it. */
export class VarveProcess {
  readonly child: ChildProcessWithoutNullStreams;
  /** Its exit status, or the signal that ended it. */
  readonly ended: Promise<number | string>;
  stdout = '';
  stderr = '';

  constructor(args: readonly string[], env: Readonly<Record<string, string | undefined>> = {}) {
    this.child = spawn(join(CHECKOUT, 'bin/varve'), args, {
      env: { ...process.env, LC_ALL: 'C', ...env },
      stdio: 'pipe',
    });
    this.child.stdout.on('data', (chunk: Buffer) => (this.stdout += chunk.toString()));
    this.child.stderr.on('data', (chunk: Buffer) => (this.stderr += chunk.toString()));
    this.ended = new Promise((resolve, reject) => {
      this.child.on('error', reject);
      this.child.on('close', (code, signal) => resolve(code ?? signal ?? 'unknown'));
    });
  }

  get isRunning(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  /** What a pattern's first group, or all of it, is in the output; waited for. */
  async printed(pattern: RegExp): Promise<string> {
    const find = (): RegExpExecArray | null => pattern.exec(this.stdout) ?? pattern.exec(this.stderr);
    await until(`it prints ${String(pattern)}`, () => find() !== null || !this.isRunning).catch(
      (error: unknown) => assert.fail(`${String(error)}\n${this.stdout}${this.stderr}`),
    );
    const found = find();
    assert.ok(found !== null, `it has ended without ${String(pattern)}:\n${this.stdout}${this.stderr}`);
    return found[1] ?? found[0];
  }

  /** Sends a signal; how it ended, and after how many milliseconds. */
  async stop(
    signal: NodeJS.Signals = 'SIGTERM',
  ): Promise<{ readonly status: number | string; readonly took: number }> {
    const began = performance.now();
    if (this.isRunning) this.child.kill(signal);
    return { status: await this.ended, took: performance.now() - began };
  }
}
