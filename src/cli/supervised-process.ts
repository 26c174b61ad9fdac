import { spawn, type ChildProcess } from 'node:child_process';
import { createWriteStream, type WriteStream } from 'node:fs';
import { rename, stat } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { backoffDelay } from '../kube/index.ts';

export interface SupervisedProcessOptions {
  /** For people: `the controller`, `the agent of node-1`. */
  readonly name: string;
  /** Its log; what it says is added there. */
  readonly log: string;
  /** How it is started: the program, and its arguments. */
  readonly command: readonly string[];
  /** All of it. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** What a person at the terminal should see. */
  readonly say: (line: string) => void;
}

/** A process that ends by itself is started again after so long; milliseconds. */
const AGAIN = { first: 1000, factor: 2, longest: 30_000, jitter: 0, reset: 0 };
/** One that ran for so long has not failed at its start. */
const HEALTHY = 60_000;
/** It has so long to end. */
const LONGEST_END = 20_000;
/** A log that is larger begins anew; the old one stays beside it. */
const LARGEST_LOG = 16 * 1024 * 1024;

/**
 * A `varve` beside this one. It ends with this process, however that ends: its standard input does. In between it is always
 * there. What it says goes to a file; what it warns of, to the terminal as well.
 */
export class SupervisedProcess {
  readonly #options: SupervisedProcessOptions;
  readonly #written: WriteStream;
  #child: ChildProcess | undefined;
  #ended: Promise<void> = Promise.resolve();
  #again: NodeJS.Timeout | undefined;
  #failures = 0;
  #isClosing = false;

  private constructor(options: SupervisedProcessOptions) {
    this.#options = options;
    this.#written = createWriteStream(options.log, { flags: 'a', mode: 0o600 });
    // A log that cannot be written (a full disk) stops nothing.
    this.#written.on('error', (error) =>
      options.say(`warning: cannot write ${options.log}: ${error.message}`),
    );
  }

  /** Starts it at once. */
  static start(options: SupervisedProcessOptions): SupervisedProcess {
    const started = new SupervisedProcess(options);
    started.#start();
    return started;
  }

  /** Undefined while it is between two starts. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Ends it, with the time that it needs. */
  async close(): Promise<void> {
    this.#isClosing = true;
    clearTimeout(this.#again);
    this.#child?.kill('SIGTERM');
    const kill = setTimeout(() => this.#child?.kill('SIGKILL'), LONGEST_END);
    await this.#finish();
    clearTimeout(kill);
  }

  /** Ends it at once, as the loss of its machine would. */
  async kill(): Promise<void> {
    this.#isClosing = true;
    clearTimeout(this.#again);
    this.#child?.kill('SIGKILL');
    await this.#finish();
  }

  async #finish(): Promise<void> {
    await this.#ended;
    if (!this.#written.closed) await new Promise<void>((resolve) => void this.#written.end(() => resolve()));
  }

  #start(): void {
    const { name, command, environment } = this.#options;
    const [program = '', ...args] = command;
    const began = Date.now();
    // A group of its own: Ctrl-C is for this process, which then asks it to end while what it needs is still there.
    const child: ChildProcess = spawn(program, args, {
      stdio: ['pipe', 'ignore', 'pipe'],
      detached: true,
      env: { ...environment },
    });
    this.#child = child;
    // Nothing is written there; it may break when the process ends. There are no pipes where this process has no file
    // descriptor left for them: then it ends at once, and is started again as any other.
    child.stdin?.on('error', () => undefined);
    if (isThere(child.stderr)) {
      createInterface({ input: child.stderr }).on('line', (line) => this.#take(line));
    }
    this.#ended = new Promise((resolve) => {
      child.once('error', (error) => {
        this.#take(`cannot start ${name}: ${error.message}`);
        resolve();
      });
      child.once('close', (status, signal) => {
        this.#restart(signal ?? `status ${status}`, Date.now() - began);
        resolve();
      });
    });
  }

  #restart(how: string, lived: number): void {
    this.#child = undefined;
    if (this.#isClosing) return;
    const { name, log, say } = this.#options;
    this.#failures = lived >= HEALTHY ? 1 : this.#failures + 1;
    const delay = backoffDelay(AGAIN, this.#failures, 0);
    say(`warning: ${name} has ended (${how}) and is started again in ${delay / 1000} s; ${log} may say why`);
    this.#again = setTimeout(() => this.#start(), delay);
  }

  #take(line: string): void {
    this.#written.write(`${line}\n`);
    const [, grave] = /^\S+ ((?:warning|error): .*)$/u.exec(line) ?? [];
    if (grave !== undefined) this.#options.say(grave);
  }
}

/** Node leaves out what it says is null. */
function isThere(stream: Readable | null | undefined): stream is Readable {
  return stream !== null && stream !== undefined;
}

/** Has a log begin anew that has become too large. */
export async function moveLargeLog(path: string): Promise<void> {
  const size = await stat(path).then(
    (found) => found.size,
    () => 0,
  );
  if (size > LARGEST_LOG) await rename(path, `${path}.old`);
}
