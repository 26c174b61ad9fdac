import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ServerLimits } from '../../../src/embedded/server/index.ts';
import type { HistoryOptions } from '../../../src/embedded/store/index.ts';

/** How the control plane of a fault test is started. */
export interface PlaneOptions {
  readonly directory: string;
  readonly port?: number;
  readonly history?: HistoryOptions;
  readonly limits?: Partial<ServerLimits>;
}

/** What the control plane's process says of itself. */
export interface PlaneUsage {
  /** Resident memory in bytes. */
  readonly rss: number;
  /** CPU time in milliseconds. */
  readonly cpu: number;
}

/** A control plane in a process of its own. */
export class Plane {
  readonly url: string;
  readonly kubeconfig: string;
  readonly #child: ChildProcess;
  readonly #stderr: () => string;

  private constructor(child: ChildProcess, stderr: () => string, ready: { url: string; kubeconfig: string }) {
    this.#child = child;
    this.#stderr = stderr;
    this.url = ready.url;
    this.kubeconfig = ready.kubeconfig;
  }

  /** Resolves when it serves. @throws Error with what it said, if it ends instead */
  static async start(options: PlaneOptions): Promise<Plane> {
    const script = fileURLToPath(import.meta.resolve('./plane-process.ts'));
    const child = fork(script, [JSON.stringify(options)], {
      // As bin/varve starts `varve up`.
      execArgv: ['--v8-pool-size=1', '--max-semi-space-size=8', '--heap-growing-percent=60'],
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      // Compiling is most of a start from sources; a release has it done.
      env: { ...process.env, NODE_COMPILE_CACHE: join(options.directory, '..', 'compiled') },
    });
    let said = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
    const ready = await Promise.race([
      once(child, 'message').then(([message]) => message as { url: string; kubeconfig: string }),
      once(child, 'exit').then(() => undefined),
    ]);
    if (ready === undefined) throw new Error(`the control plane did not start: ${said}`);
    return new Plane(child, () => said, ready);
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** What it wrote to its error stream: nothing, if all is well. */
  get stderr(): string {
    return this.#stderr();
  }

  get isRunning(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  async usage(): Promise<PlaneUsage> {
    const answered = once(this.#child, 'message');
    this.#child.send('usage');
    const [answer] = (await answered) as [PlaneUsage];
    return answer;
  }

  /** Ends it without a chance to tidy up. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  /** Ends it as Ctrl-C does. @returns its exit status */
  async stop(): Promise<number | null> {
    await this.#end('SIGTERM');
    return this.#child.exitCode;
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    if (!this.isRunning) return;
    const ended = once(this.#child, 'exit');
    this.#child.kill(signal);
    await ended;
  }
}
