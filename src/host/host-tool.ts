import { failureOf, failureOfError } from './classify-failure.ts';
import type { CommandOutcome, HostCommand } from './host-command.ts';
import { HostError } from './host-error.ts';
import type { HostFailure } from './host-failure.ts';
import type { HostRunner } from './host-runner.ts';

/** Milliseconds that commands may take, by class (host-contract §10.1, 9). */
export interface Deadlines {
  /** Reading a status, a version, a help text. Default: 60 s. */
  readonly status: number;
  /** Changing kernel arguments, cleaning up, locking. Default: 10 min. */
  readonly change: number;
  /** Pulling and staging an image. Default: 60 min. */
  readonly update: number;
}

export const DEADLINES: Deadlines = { status: 60_000, change: 600_000, update: 3_600_000 };

/** How a command of a tool ended: with its output, or with what its failure means. */
export type ToolResult =
  | { readonly ok: true; readonly outcome: CommandOutcome }
  | { readonly ok: false; readonly failure: HostFailure };

/** One executable of a host. */
export class HostTool {
  readonly name: string;
  readonly #runner: HostRunner;

  constructor(runner: HostRunner, name: string) {
    this.#runner = runner;
    this.name = name;
  }

  /**
   * Runs the tool. A failure of any kind is an answer.
   *
   * @throws {HostError} `aborted` and nothing else: who no longer wants the answer gets none
   */
  async run(
    args: readonly string[],
    deadline: number,
    signal?: AbortSignal,
    more: Partial<HostCommand> = {},
  ): Promise<ToolResult> {
    const command = { ...more, tool: this.name, args, deadline };
    try {
      const outcome = await this.#runner.run(command, signal);
      if (outcome.status === 0) return { ok: true, outcome };
      return { ok: false, failure: failureOf(command, outcome) };
    } catch (error) {
      if (!(error instanceof HostError) || error.code === 'aborted') throw error;
      return { ok: false, failure: failureOfError(command, error) };
    }
  }
}
