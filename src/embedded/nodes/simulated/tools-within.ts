import { constants } from 'node:os';
import { HostError, type HostRunner, type CommandOutcome, type HostCommand } from '../../../host/index.ts';
import type { MachineFolder } from './machine-folder.ts';
import { hasTool, runTool } from './run-tool.ts';
import { Killed } from './tool-error.ts';
import type { PowerRequest, ToolProcess } from './tool-run.ts';

/**
 * Runs a machine's tools within this process: what a process of their own would do, without the time that it takes to begin
 * one. Nothing runs on when the machine goes down.
 */
export class ToolsWithin implements HostRunner {
  readonly root: string;
  readonly #machine: MachineFolder;
  readonly #power: (request: PowerRequest) => void;
  #down = new AbortController();
  #running = new Set<Promise<unknown>>();

  constructor(machine: MachineFolder, power: (request: PowerRequest) => void) {
    this.root = machine.root;
    this.#machine = machine;
    this.#power = power;
  }

  /** Ends all that runs. */
  async end(): Promise<void> {
    this.#down.abort();
    await Promise.allSettled(this.#running);
    this.#down = new AbortController();
  }

  async run(command: HostCommand, signal?: AbortSignal): Promise<CommandOutcome> {
    const end = this.#run(command, signal);
    this.#running.add(end);
    try {
      return await end;
    } finally {
      this.#running.delete(end);
    }
  }

  async #run(command: HostCommand, signal: AbortSignal | undefined): Promise<CommandOutcome> {
    const { tool, args, deadline, env, input, onLine, progress } = command;
    const shown = [tool, ...args].join(' ').slice(0, 200);
    if (!hasTool(this.#machine, tool)) {
      throw new HostError('no-such-tool', `cannot run ${shown}: there is no such program`, { tool });
    }
    if (signal?.aborted === true)
      throw new HostError('aborted', `cannot run ${shown}: it is no longer wanted`, { tool });
    const late = AbortSignal.timeout(deadline);
    const ends = [late, this.#down.signal, ...(signal === undefined ? [] : [signal])];
    const output = { stdout: '', stderr: '' };
    const say = (stream: 'stdout' | 'stderr', text: string): void => {
      output[stream] += text;
      for (const line of text.replace(/\n$/, '').split('\n')) onLine?.({ stream, text: line });
    };
    const process: ToolProcess = {
      environment: { ...env },
      input: inputOf(input),
      signal: AbortSignal.any(ends),
      out: (text) => say('stdout', text),
      err: (text) => say('stderr', text),
      progress: (_, line) => {
        if (progress === true) onLine?.({ stream: 'progress', text: line });
      },
      power: this.#power,
      die: () => {
        throw new Killed('it was killed');
      },
    };
    try {
      const status = await runTool(this.#machine, tool, args, process);
      return { status, signal: undefined, ...output };
    } catch (error) {
      const facts = { tool, output, cause: error };
      if (late.aborted) {
        throw new HostError(
          'timed-out',
          `cannot run ${shown}: it was still running after ${deadline / 1000} s`,
          facts,
        );
      }
      if (process.signal.aborted)
        throw new HostError('aborted', `cannot run ${shown}: it is no longer wanted`, facts);
      if (!(error instanceof Killed)) throw error;
      return { status: 128 + constants.signals.SIGKILL, signal: 'SIGKILL', ...output };
    }
  }
}

async function* inputOf(input: HostCommand['input']): AsyncGenerator<Uint8Array> {
  if (typeof input === 'string') yield Buffer.from(input);
  else if (input !== undefined) yield* input;
}
