import { Faults, type Phase } from './faults.ts';
import type { MachineFolder, MachineSettings } from './machine-folder.ts';
import { type SysrootLock, tryLock, waitForLock } from './sysroot-lock.ts';
import { Killed, ToolError } from './tool-error.ts';

/** What a machine's power can be asked to do. */
export type PowerRequest = 'reboot' | 'soft-reboot' | 'poweroff' | 'cut';

/** The world of a tool that runs: a process, or a part of one that stands for it. */
export interface ToolProcess {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly input: AsyncIterable<Uint8Array>;
  /** Fires when nobody wants it to go on; a process of its own is killed instead. */
  readonly signal: AbortSignal;
  out(text: string): void;
  err(text: string): void;
  /** Writes a line to a file descriptor that it inherited. */
  progress(descriptor: number, line: string): void;
  /** Tells the machine, which does it when it comes to it. */
  power(request: PowerRequest): void;
  /** Dies as by SIGKILL. */
  die(): never;
}

/** A command of a tool that runs on a machine. */
export class ToolRun {
  readonly machine: MachineFolder;
  readonly args: readonly string[];
  readonly process: ToolProcess;
  readonly faults: Faults;

  constructor(machine: MachineFolder, args: readonly string[], process: ToolProcess) {
    this.machine = machine;
    this.args = args;
    this.process = process;
    this.faults = new Faults(machine);
  }

  get settings(): MachineSettings {
    return this.machine.settings;
  }

  out(line: string): void {
    this.process.out(`${line}\n`);
  }

  json(value: unknown): void {
    this.out(JSON.stringify(value));
  }

  /** Whether an option without a value was given, by one of its names. */
  has(...names: readonly string[]): boolean {
    return this.args.some((argument) => names.includes(argument));
  }

  /** The value of an option, `--name=VALUE` or `--name VALUE`. */
  option(name: string): string | undefined {
    return this.options(name)[0];
  }

  /** The values of an option that may be given more than once. */
  options(name: string): readonly string[] {
    return this.args.flatMap((argument, index) => {
      if (argument.startsWith(`${name}=`)) return [argument.slice(name.length + 1)];
      const next = this.args[index + 1];
      return argument === name && next !== undefined ? [next] : [];
    });
  }

  /** What is no option, after the verb; options of these names have a value that is none either. */
  operands(...withValue: readonly string[]): readonly string[] {
    const found: string[] = [];
    for (let index = 1; index < this.args.length; index += 1) {
      const argument = this.args[index] ?? '';
      if (withValue.includes(argument)) index += 1;
      else if (!argument.startsWith('-') || argument === '-') found.push(argument);
    }
    return found;
  }

  /**
   * A point where it may be struck.
   *
   * @throws Killed, or ToolError for a disk that is full
   */
  async step(here: Phase): Promise<void> {
    this.process.signal.throwIfAborted();
    const isHere = ({ phase }: { readonly phase: Phase }): boolean => phase === here;
    if (this.faults.take('tool-killed', isHere) !== undefined) this.process.die();
    if (this.faults.take('power-cut', isHere) !== undefined) {
      this.process.power('cut');
      await this.hang();
    }
    if (this.faults.take('disk-full', isHere) !== undefined) {
      throw new ToolError(
        here === 'pull'
          ? 'Insufficient free space for image (available: 1.0 MB required: 2.1 GB)'
          : "Writing content object: min-free-space-percent '3%' would be exceeded, at least 12.3 kB requested",
      );
    }
    // Whoever wants to break it off is heard here.
    await new Promise((resolve) => setImmediate(resolve));
  }

  /** Never ends by itself. @throws Killed */
  async hang(): Promise<never> {
    const { signal } = this.process;
    const { promise, resolve } = Promise.withResolvers<void>();
    // A process with nothing to do would end.
    const awake = setInterval(() => {}, 60_000);
    signal.addEventListener('abort', () => resolve(), { once: true });
    if (!signal.aborted) await promise;
    clearInterval(awake);
    throw new Killed('it was killed');
  }

  /** With the lock of the deployments, for which ostree and bootc wait as long as it takes. */
  async withLock<T>(act: () => Promise<T>): Promise<T> {
    const wait = (): void => this.out('Waiting for sysroot lock...');
    if (this.faults.take('lock-held') !== undefined) {
      wait();
      await this.hang();
    }
    return held(await waitForLock(this.machine, this.process.signal, wait), act);
  }

  /** With the lock, which rpm-ostree does not wait for. @throws ToolError */
  async withLockNow<T>(act: () => Promise<T>, refusal: () => string): Promise<T> {
    const isHeld = this.faults.take('lock-held') !== undefined;
    const lock = isHeld ? undefined : await tryLock(this.machine);
    if (lock === undefined) throw new ToolError(isHeld ? 'System transaction in progress' : refusal());
    return held(lock, act);
  }
}

async function held<T>(lock: SysrootLock, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } finally {
    await lock.release();
  }
}
