import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { CliError } from './cli-error.ts';
import type { Environment } from './environment.ts';
import { unlessAborted } from './interruption.ts';

interface DemoControlPlaneOptions {
  readonly directory: string;
  readonly nodes: number;
  readonly base: string | undefined;
  readonly environment: Environment;
  /** Told what it prints, whole lines. */
  readonly say: (text: string) => void;
}

/** The last line of what `varve up` says when it has started. */
const STARTED = /^Ctrl-C stops/u;

/** A `varve up` of its own, as a person would type it, in a directory that is removed afterwards. */
export class DemoControlPlane {
  readonly kubeconfig: string;
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;
  readonly #started = Promise.withResolvers<void>();
  #error = '';

  private constructor({ directory, nodes, base, environment, say }: DemoControlPlaneOptions) {
    this.kubeconfig = join(directory, 'kubeconfig');
    const [command = process.execPath, ...args] = environment.program;
    const flags = [
      '--data',
      directory,
      '--nodes',
      String(nodes),
      ...(base === undefined ? [] : ['--base', base]),
    ];
    // In a group of its own: Ctrl-C is for the demo, which ends it.
    const child = spawn(command, [...args, 'up', ...flags], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: environment.variables,
      detached: true,
    });
    this.#child = child;
    this.#ended = once(child, 'close');
    let isIntroduced = false;
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (STARTED.test(line)) this.#started.resolve();
      // What to type in another terminal is not for this one.
      isIntroduced ||= line === '';
      if (!isIntroduced) say(`${line}\n`);
    });
    createInterface({ input: child.stderr }).on('line', (line) => {
      this.#error = line;
      // An error is the demo's own, and what is kept goes with the demo.
      if (!/^(?:error: |stopping; )/u.test(line)) say(`${line}\n`);
    });
    void this.#ended.then(() => this.#started.reject(this.#failure()));
    this.#started.promise.catch(() => undefined);
  }

  static start(options: DemoControlPlaneOptions): DemoControlPlane {
    return new DemoControlPlane(options);
  }

  /** Waits until it serves. @throws CliError if it ends before that */
  async ready(signal: AbortSignal): Promise<void> {
    await unlessAborted(signal, this.#started.promise);
  }

  /** @throws CliError if it has ended */
  assertRunning(): void {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) throw this.#failure();
  }

  async close(): Promise<void> {
    this.#child.kill('SIGTERM');
    await this.#ended;
  }

  #failure(): CliError {
    return new CliError(
      'cluster',
      `varve up ended: ${this.#error.replace(/^error: /u, '') || 'it did not say why'}`,
    );
  }
}
