import type { HostError } from './host-error.ts';

/** Why a command of a host tool failed. The first group is host-contract §9.1's, row by row. */
export type FailureClass =
  | 'busy'
  | 'not-image-host'
  | 'auth'
  | 'not-found'
  | 'rate-limit'
  | 'registry-5xx'
  | 'network'
  | 'tls'
  | 'policy'
  | 'integrity'
  | 'bad-image'
  | 'disk'
  | 'layered'
  | 'nothing-to-do'
  | 'no-rollback'
  | 'daemon'
  | 'broken-store'
  | 'proxy'
  | 'unknown'
  // What the tools say of what is asked for, and what this library finds.
  /** A service that updates the host by itself has registered with the tool (§2.1). */
  | 'other-driver'
  /** The new default for /etc has a directory where the host has an edited file (§3.3). */
  | 'etc-conflict'
  /** The staged deployment cannot be entered by a soft reboot (§7.1). */
  | 'no-soft-reboot'
  /** Nothing is staged that could be locked or unlocked. */
  | 'nothing-staged'
  /** A kernel argument that is to be removed or replaced is not there, or there more than once (§4.4). */
  | 'kernel-arguments'
  /** The kernel would cut its arguments off (§4.4). */
  | 'command-line-too-long'
  /** The tool does not know the option or verb: it is older than its version says, or we are wrong. */
  | 'usage'
  /** The host has no such tool. */
  | 'no-such-tool'
  /** The host's tools cannot do it. */
  | 'unsupported'
  /** /usr is not the image's (§10.1, 4). */
  | 'unlocked'
  /** The command was killed when its deadline passed. */
  | 'timed-out'
  /** Somebody else, as the kernel short of memory, killed the command. */
  | 'killed'
  /** A status that cannot be understood. */
  | 'unreadable'
  /** The command reported success, and the status does not show what it was to do. */
  | 'not-shown';

/** What helps before the next attempt, for a program that can do it. */
export type Remedy =
  | 'wait'
  | 'refresh-credentials'
  | 'clean-up'
  | 'restart-daemon'
  | 'repair-store'
  | 'give-up-digest'
  | 'operator';

/** What to do about a class of failure (host-contract §9.1's third column). */
export interface FailurePolicy {
  /** Whether the same command may succeed later without any change by a person. */
  readonly retryable: boolean;
  /** How often to try again before a person is told; undefined: tell nobody before `patience` is over. */
  readonly attempts: number | undefined;
  /** Seconds to wait before the first retry, doubling up to the second number. */
  readonly wait: readonly [first: number, most: number];
  /** Seconds of failing after which a person is told although it is retried without limit. */
  readonly patience: number;
  readonly remedy: Remedy;
  /** For a person: what to do, in a sentence that can follow the failure's message. */
  readonly advice: string;
}

/** A failure of a host tool, as a value: what its class is, what it said, and what can be done. */
export interface HostFailure {
  readonly class: FailureClass;
  /** The executable that failed, as `bootc`. */
  readonly tool: string;
  /** One line for people: what was done, what the tool says. Without the advice, which the policy has. */
  readonly message: string;
  /** The registry that a failed pull names, as HOST[:PORT]. */
  readonly registry: string | undefined;
  /** The last 2 KiB that the tool printed on standard error. */
  readonly excerpt: string;
  readonly policy: FailurePolicy;
  readonly cause: HostError | undefined;
}
