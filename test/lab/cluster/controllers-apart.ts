import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { ControllerSettings } from '../../../src/controllers/support.ts';
import type { KubeClientOptions, LeaseTimings } from '../../../src/kube/index.ts';

/** How controllers are started in a process of their own; all of it goes through JSON. */
export interface ControllerProcessOptions {
  /** Whose objects they see. */
  readonly test: string;
  readonly kubeconfig: string;
  readonly namespace: string;
  /** The folder of the build cache. */
  readonly cache: string;
  /** Where container builds are made, as processes; absent: nowhere. */
  readonly containers?: string;
  readonly identity: string;
  /** Absent: this process leads. */
  readonly lease?: LeaseTimings;
  readonly settings?: Partial<ControllerSettings>;
  readonly client?: Pick<KubeClientOptions, 'liveness' | 'requestTimeout' | 'connectTimeout'>;
  /** A folder for compiled code: compiling is most of a start. */
  readonly compiled: string;
}

/** Controllers in a process of their own. */
export class ControllersApart {
  readonly #child: ChildProcess;
  readonly #exit: Promise<unknown>;
  #stderr = '';

  private constructor(child: ChildProcess) {
    this.#child = child;
    this.#exit = once(child, 'exit');
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr += text;
    });
  }

  /** Starts them. @throws Error with what they said, if they end instead */
  static async start(options: ControllerProcessOptions): Promise<ControllersApart> {
    const prepared = await ControllersApart.prepare(options);
    prepared.begin();
    return prepared;
  }

  /** Makes the process, which then waits for {@link begin}. @throws Error with what it said, if it ends instead */
  static async prepare(options: ControllerProcessOptions): Promise<ControllersApart> {
    const child = fork(
      fileURLToPath(import.meta.resolve('./controller-process.ts')),
      [JSON.stringify(options)],
      {
        stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
        env: { ...process.env, NODE_COMPILE_CACHE: options.compiled },
      },
    );
    const started = new ControllersApart(child);
    const ready = await Promise.race([
      once(child, 'message').then(() => true),
      started.#exit.then(() => false),
    ]);
    if (!ready) throw new Error(`the controllers did not start: ${started.stderr}`);
    return started;
  }

  begin(): void {
    this.#child.send('begin');
  }

  /** What they wrote to their error stream: only what is a defect of theirs. */
  get stderr(): string {
    return this.#stderr;
  }

  async isLeading(): Promise<boolean> {
    const answered = once(this.#child, 'message');
    this.#child.send('leading?');
    const [answer] = (await answered) as [{ isLeading: boolean }];
    return answer.isLeading;
  }

  /** Stops it where it is, without an end; {@link resume} lets it go on. */
  pause(): void {
    this.#child.kill('SIGSTOP');
  }

  resume(): void {
    this.#child.kill('SIGCONT');
  }

  /** Ends it without a chance to tidy up. @throws Error if it has ended by itself */
  async kill(): Promise<void> {
    if (this.#child.exitCode !== null)
      throw new Error(`the controllers ended by themselves: ${this.#stderr}`);
    this.#child.kill('SIGKILL');
    await this.#exit;
  }

  /** Ends it, if it has not ended. */
  async end(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    this.#child.kill('SIGKILL');
    await this.#exit;
  }

  /** Ends it as Ctrl-C does. @returns its exit status */
  async stop(): Promise<number | null> {
    this.#child.kill('SIGTERM');
    await this.#exit;
    return this.#child.exitCode;
  }
}
