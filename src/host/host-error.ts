/** What went wrong, for programs: callers switch on it and never match message text. */
export type HostErrorCode =
  /** The caller's signal ended the command. */
  | 'aborted'
  /** The command could not be started for another reason than that it is not there. */
  | 'cannot-start'
  /** What the command was to read from its standard input could not be had; `cause` says why. */
  | 'input-failed'
  /** An argument of the caller's that no tool may be given. */
  | 'invalid-argument'
  /** The host has no such tool. */
  | 'no-such-tool'
  /** The deadline passed; the command and its children were killed. */
  | 'timed-out'
  /** A tool printed more than it may. */
  | 'too-much-output'
  /** Output or a file of the host that cannot be understood; `field` and `value` say what. */
  | 'unreadable';

/** Facts that accompany a {@link HostError}. */
export interface HostErrorFacts {
  readonly cause?: unknown;
  /** The executable concerned, as `bootc`. */
  readonly tool?: string;
  /** For `unreadable`: where the value stands, as `status.booted.ostree.checksum`. */
  readonly field?: string;
  /** For `unreadable`: what stood there, as JSON, shortened. */
  readonly value?: string;
  /** What the tool had printed before it was killed. */
  readonly output?: PartialOutput;
}

export interface PartialOutput {
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * The one error class of this room: what stopped a command from being run to its end, or its output from being
 * understood. A command that ran and failed is no exception but a value, see `HostFailure`.
 */
export class HostError extends Error {
  override readonly name = 'HostError';
  readonly code: HostErrorCode;
  readonly tool: string | undefined;
  readonly field: string | undefined;
  readonly value: string | undefined;
  readonly output: PartialOutput | undefined;

  constructor(code: HostErrorCode, message: string, facts: HostErrorFacts = {}) {
    super(message, facts.cause === undefined ? undefined : { cause: facts.cause });
    this.code = code;
    this.tool = facts.tool;
    this.field = facts.field;
    this.value = facts.value;
    this.output = facts.output;
  }
}
