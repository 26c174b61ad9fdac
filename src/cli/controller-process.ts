import { spawn, type ChildProcess } from 'node:child_process';
import { createWriteStream, type WriteStream } from 'node:fs';
import { rename, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { backoffDelay } from '../kube/index.ts';
import { makeDirectory } from '../osbuild/index.ts';
import { CliError } from './cli-error.ts';

export interface ControllerProcessOptions {
  /** Made if it is missing: its kubeconfig, its cache, its log. */
  readonly directory: string;
  /** The text of one. */
  readonly kubeconfig: string;
  /** How varve is started. */
  readonly program: readonly string[];
  /** Of `varve controller`. */
  readonly args: readonly string[];
  /** What a person at the terminal should see. */
  readonly say: (line: string) => void;
}

/** A controller that ends by itself is started again after so long; milliseconds. */
const AGAIN = { first: 1000, factor: 2, longest: 30_000, jitter: 0, reset: 0 };
/** One that ran for so long has not failed at its start. */
const HEALTHY = 60_000;
/** It has so long to end. */
const LONGEST_END = 20_000;
/** A log that is larger begins anew; the old one stays beside it. */
const LARGEST_LOG = 16 * 1024 * 1024;

/**
 * `varve controller` beside `varve up`. It ends with this process, however that ends: its standard input does. In between it
 * is always there. What it says goes to a file; what it warns of, to the terminal as well.
 */
export class ControllerProcess {
  /** The path of its log. */
  readonly log: string;
  readonly #options: ControllerProcessOptions;
  readonly #written: WriteStream;
  #child: ChildProcess | undefined;
  #ended: Promise<void> = Promise.resolve();
  #again: NodeJS.Timeout | undefined;
  #failures = 0;
  #isClosing = false;

  private constructor(options: ControllerProcessOptions) {
    this.#options = options;
    this.log = join(options.directory, 'log');
    this.#written = createWriteStream(this.log, { flags: 'a', mode: 0o600 });
    // A log that cannot be written (a full disk) stops nothing.
    this.#written.on('error', (error) => options.say(`warning: cannot write ${this.log}: ${error.message}`));
  }

  /** @throws CliError `input` where its directory cannot be used */
  static async start(options: ControllerProcessOptions): Promise<ControllerProcess> {
    const { directory, kubeconfig } = options;
    try {
      makeDirectory(directory, 0o700);
      await writeFile(join(directory, 'kubeconfig'), kubeconfig, { mode: 0o600 });
      await moveLargeLog(join(directory, 'log'));
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new CliError(
        'input',
        `cannot use ${directory} for the controller: ${why}; make room or mend that and start again`,
        { cause },
      );
    }
    const controller = new ControllerProcess(options);
    controller.#start();
    return controller;
  }

  /** Ends it, with the time that it needs. */
  async close(): Promise<void> {
    this.#isClosing = true;
    clearTimeout(this.#again);
    this.#child?.kill('SIGTERM');
    const kill = setTimeout(() => this.#child?.kill('SIGKILL'), LONGEST_END);
    await this.#ended;
    clearTimeout(kill);
    await new Promise<void>((resolve) => void this.#written.end(() => resolve()));
  }

  #start(): void {
    const { directory, program, args } = this.#options;
    const [node = '', ...before] = program;
    const all = [
      ...before,
      'controller',
      `--kubeconfig=${join(directory, 'kubeconfig')}`,
      `--cache=${join(directory, 'cache')}`,
      '--end-with-stdin',
      ...args,
    ];
    const began = Date.now();
    // A group of its own: Ctrl-C is for this process, which then asks it to end while the API is still there.
    const child = spawn(node, all, { stdio: ['pipe', 'ignore', 'pipe'], detached: true });
    this.#child = child;
    // Nothing is written there; it may break when the process ends.
    child.stdin.on('error', () => undefined);
    const lines = createInterface({ input: child.stderr });
    lines.on('line', (line) => this.#take(line));
    this.#ended = new Promise((resolve) => {
      child.once('error', (error) => {
        this.#take(`cannot start the controller: ${error.message}`);
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
    this.#failures = lived >= HEALTHY ? 1 : this.#failures + 1;
    const delay = backoffDelay(AGAIN, this.#failures, 0);
    this.#options.say(
      `warning: the controller has ended (${how}) and is started again in ${delay / 1000} s; ${this.log} may say why`,
    );
    this.#again = setTimeout(() => this.#start(), delay);
  }

  #take(line: string): void {
    this.#written.write(`${line}\n`);
    const [, grave] = /^\S+ ((?:warning|error): .*)$/u.exec(line) ?? [];
    if (grave !== undefined) this.#options.say(grave);
  }
}

async function moveLargeLog(path: string): Promise<void> {
  const size = await stat(path).then(
    (found) => found.size,
    () => 0,
  );
  if (size > LARGEST_LOG) await rename(path, `${path}.old`);
}
