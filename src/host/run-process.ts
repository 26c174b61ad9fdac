import { type ChildProcess, spawn } from 'node:child_process';
import { constants, setPriority } from 'node:os';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { BoundedOutput } from './bounded-output.ts';
import type { CommandOutcome, HostCommand, OutputLine } from './host-command.ts';
import { HostError, type HostErrorCode } from './host-error.ts';
import { LineSplitter } from './line-splitter.ts';
import { openProgressPipe, type ProgressPipe } from './progress-pipe.ts';

const MAX_STDOUT = 64 * 1024 * 1024;
const MAX_STDERR = 64 * 1024;

/** Milliseconds between the polite signal and the one that cannot be ignored. */
const GRACE = 2_000;

/** Milliseconds after which one that was killed and is still there is left behind: the kernel waits for a disk that is gone. */
const UNKILLABLE = 10_000;

/** A nice value, of 0 to 19. */
const BACKGROUND = 10;

/** Milliseconds for which output is still read after the command has ended and its children were killed. */
const DRAIN = 1_000;

/**
 * Runs `argv` to its end, in a process group and session of its own: no terminal, and nothing that it started
 * outlives it, whether it ends by itself, by its deadline or by the caller's signal. One that the kernel does not let die is
 * left behind some ten seconds later.
 *
 * @throws {HostError} `no-such-tool`, `cannot-start`, `timed-out`, `aborted`, `too-much-output`, `input-failed`
 */
export async function runProcess(
  argv: readonly string[],
  command: HostCommand,
  environment: Readonly<Record<string, string>>,
  signal: AbortSignal | undefined,
): Promise<CommandOutcome> {
  const shown = [command.tool, ...command.args].join(' ').slice(0, 200);
  const [file = '', ...args] = argv;
  let pipe: ProgressPipe | undefined;
  try {
    pipe = command.progress === true ? await openProgressPipe() : undefined;
    if (signal?.aborted === true) {
      throw new HostError('aborted', `cannot run ${shown}: it is no longer wanted`, { tool: command.tool });
    }
    const child = spawn(file, args, {
      cwd: '/',
      detached: true,
      env: { ...environment, ...command.env },
      stdio: [
        command.input === undefined ? 'ignore' : 'pipe',
        'pipe',
        'pipe',
        ...(pipe === undefined ? [] : [pipe.writer]),
      ],
    });
    pipe?.closeWriter();
    if (command.background === true) yieldToOthers(child.pid);
    return await new RunningProcess(child, command, shown, pipe?.read, signal).outcome();
  } catch (cause) {
    pipe?.closeWriter();
    pipe?.read.destroy();
    if (cause instanceof HostError) throw cause;
    // Arguments that no process can be given, as one with a NUL; no place for a pipe.
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new HostError('cannot-start', `cannot run ${shown}: ${reason}`, { cause, tool: command.tool });
  }
}

/** What it starts inherits this; the disk's scheduler derives its own priority from it. */
function yieldToOthers(pid: number | undefined): void {
  try {
    if (pid !== undefined) setPriority(pid, BACKGROUND);
  } catch {
    // It has ended already.
  }
}

class RunningProcess {
  readonly #child: ChildProcess;
  readonly #command: HostCommand;
  readonly #shown: string;
  readonly #progress: Readable | undefined;
  readonly #signal: AbortSignal | undefined;
  readonly #stdout: BoundedOutput;
  readonly #stderr = new BoundedOutput(MAX_STDERR, 'last');
  readonly #splitters: LineSplitter[] = [];
  readonly #timers = new Set<NodeJS.Timeout>();
  #stopped: { readonly code: HostErrorCode; readonly reason: string; readonly cause: unknown } | undefined;
  #ended = false;
  /** Ends the wait for a process that nothing ends. */
  #abandon: () => void = () => {};

  constructor(
    child: ChildProcess,
    command: HostCommand,
    shown: string,
    progress: Readable | undefined,
    signal: AbortSignal | undefined,
  ) {
    this.#progress = progress;
    this.#child = child;
    this.#command = command;
    this.#shown = shown;
    this.#signal = signal;
    this.#stdout = new BoundedOutput(command.maxOutput ?? MAX_STDOUT, 'first');
  }

  outcome(): Promise<CommandOutcome> {
    return new Promise((resolve, reject) => this.#settle(resolve, reject));
  }

  #settle(resolve: (outcome: CommandOutcome) => void, reject: (error: HostError) => void): void {
    const abort = (): void => this.#stop('aborted', 'it is no longer wanted');
    this.#signal?.addEventListener('abort', abort);
    this.#after(this.#command.deadline, () =>
      this.#stop('timed-out', `it was still running after ${this.#command.deadline / 1000} s`),
    );
    this.#read();
    this.#feed();
    const release = (): void => {
      this.#signal?.removeEventListener('abort', abort);
      for (const timer of this.#timers) clearTimeout(timer);
    };
    this.#child.on('error', (cause: NodeJS.ErrnoException) => {
      // Also sent when a signal could not be delivered; the process is then gone, and `close` follows.
      if (this.#child.pid !== undefined) return;
      release();
      reject(this.#notStarted(cause));
    });
    this.#child.on('exit', () => {
      this.#ended = true;
      // What the command left behind is of its group; it also holds the pipes open that are waited for.
      this.#kill('SIGKILL');
      this.#after(DRAIN, () => this.#closePipes());
    });
    const finish = (status: number | null, ending: NodeJS.Signals | null): void => {
      release();
      for (const splitter of this.#splitters) splitter.end();
      const output = { stdout: this.#stdout.text(), stderr: this.#stderr.text() };
      const stopped = this.#stopped;
      if (stopped === undefined) {
        const number = ending === null ? 0 : 128 + constants.signals[ending];
        resolve({ status: status ?? number, signal: ending ?? undefined, ...output });
        return;
      }
      const facts = { tool: this.#command.tool, output, cause: stopped.cause };
      reject(new HostError(stopped.code, `cannot run ${this.#shown}: ${stopped.reason}`, facts));
    };
    this.#abandon = () => {
      if (this.#ended || this.#stopped === undefined) return;
      const { reason } = this.#stopped;
      this.#stopped = { ...this.#stopped, reason: `${reason}, and it cannot be killed` };
      this.#child.unref();
      this.#closePipes();
      finish(null, null);
    };
    this.#child.on('close', (status, ending) => {
      // The progress pipe is none of the child's streams; it ends when the last of the group is dead.
      if (this.#progress === undefined || this.#progress.closed) finish(status, ending);
      else this.#progress.once('close', () => finish(status, ending));
    });
  }

  #read(): void {
    const { stdout, stderr } = this.#child;
    this.#listen(stdout, 'stdout', (chunk) => {
      this.#stdout.add(chunk);
      if (this.#stdout.exceeded) this.#stop('too-much-output', 'it prints without end');
    });
    this.#listen(stderr, 'stderr', (chunk) => this.#stderr.add(chunk));
    this.#listen(this.#progress, 'progress', () => {});
  }

  #listen(
    stream: Readable | null | undefined,
    name: OutputLine['stream'],
    add: (chunk: Buffer) => void,
  ): void {
    if (stream === null || stream === undefined) return;
    const onLine = this.#command.onLine;
    const splitter = onLine && new LineSplitter((text) => onLine({ stream: name, text }));
    if (splitter !== undefined) this.#splitters.push(splitter);
    stream.on('data', (chunk: Buffer) => {
      add(chunk);
      splitter?.add(chunk);
    });
    // A pipe that breaks is a pipe that ends: how the command ended says what that means.
    stream.on('error', () => {});
  }

  #feed(): void {
    const { input } = this.#command;
    const stdin = this.#child.stdin;
    if (input === undefined || stdin === null) return;
    const source = typeof input === 'string' ? [Buffer.from(input)] : input;
    pipeline(source, stdin).catch((cause: NodeJS.ErrnoException) => {
      // A command may end without having read all; that is its right, and its exit status is the answer.
      if (cause.code === 'EPIPE' || cause.code === 'ERR_STREAM_PREMATURE_CLOSE' || this.#ended) return;
      this.#stop('input-failed', `its input failed: ${cause.message}`, cause);
    });
  }

  #stop(code: HostErrorCode, reason: string, cause?: unknown): void {
    if (this.#stopped !== undefined || this.#ended) return;
    this.#stopped = { code, reason, cause };
    this.#kill('SIGTERM');
    this.#after(GRACE, () => this.#kill('SIGKILL'));
    this.#after(GRACE + UNKILLABLE, () => this.#abandon());
  }

  #kill(signal: 'SIGTERM' | 'SIGKILL'): void {
    const { pid } = this.#child;
    if (pid === undefined) return;
    try {
      process.kill(-pid, signal);
    } catch {
      // No member of the group is left.
    }
  }

  #closePipes(): void {
    for (const stream of [...this.#child.stdio, this.#progress]) stream?.destroy();
  }

  #after(milliseconds: number, action: () => void): void {
    this.#timers.add(setTimeout(action, milliseconds));
  }

  #notStarted(cause: NodeJS.ErrnoException): HostError {
    const missing = cause.code === 'ENOENT';
    const reason = missing ? 'there is no such program' : cause.message;
    return new HostError(missing ? 'no-such-tool' : 'cannot-start', `cannot run ${this.#shown}: ${reason}`, {
      cause,
      tool: this.#command.tool,
    });
  }
}
