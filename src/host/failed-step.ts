import type { HostFailure } from './host-failure.ts';
import type { ToolResult } from './host-tool.ts';
import type { CommandOutcome } from './host-command.ts';

/** Ends a change of a host in its midst; `changeHost` turns it into the answer. It leaves this room nowhere. */
export class FailedStep extends Error {
  readonly failure: HostFailure;

  constructor(failure: HostFailure) {
    super(failure.message);
    this.failure = failure;
  }
}

/** The outcome of a command that must succeed for the change to go on. */
export function mustSucceed(result: ToolResult): CommandOutcome {
  if (!result.ok) throw new FailedStep(result.failure);
  return result.outcome;
}
