/**
 * What went wrong, for programs: callers switch on it and never match message text.
 *
 * - `not-served`: the server has no such kind, which says nothing of the object.
 * - `gone`: the version of the past that was asked for is no longer kept.
 * - `too-new`: the version asked for is newer than what this server has seen.
 * - `disruption-budget`: an eviction that a PodDisruptionBudget does not allow now.
 * - `malformed`: the answer is not what the API promises.
 * - `configuration`: a kubeconfig, a file it names, or an argument.
 */
export type KubeErrorCode =
  | 'aborted'
  | 'already-exists'
  | 'bad-request'
  | 'configuration'
  | 'conflict'
  | 'disruption-budget'
  | 'forbidden'
  | 'gone'
  | 'invalid'
  | 'malformed'
  | 'not-found'
  | 'not-served'
  | 'server-error'
  | 'timeout'
  | 'tls'
  | 'too-large'
  | 'too-many-requests'
  | 'too-new'
  | 'unauthorized'
  | 'unavailable'
  | 'unsupported';

/** One part of why a server refused, `Status.details.causes`. */
export interface ErrorCause {
  readonly reason: string;
  readonly field: string;
  readonly message: string;
}

/** Facts that accompany a {@link KubeError}. */
export interface KubeErrorFacts {
  readonly cause?: unknown;
  /** The HTTP status of the answer. */
  readonly status?: number;
  /** `Status.reason`. */
  readonly reason?: string;
  readonly causes?: readonly ErrorCause[];
  /** How long the server asks to wait, in milliseconds. */
  readonly retryAfter?: number;
}

/** What may succeed later without anybody changing the request. */
const RETRYABLE: ReadonlySet<KubeErrorCode> = new Set<KubeErrorCode>([
  'conflict',
  'disruption-budget',
  'gone',
  'malformed',
  'not-served',
  'server-error',
  'timeout',
  'too-many-requests',
  'too-new',
  'unauthorized',
  'unavailable',
]);

/**
 * The one error class of this room. The message has the form `cannot <action> <object>: <reason>`; it holds no
 * credential, and nothing of what a Secret says.
 */
export class KubeError extends Error {
  override readonly name = 'KubeError';
  readonly code: KubeErrorCode;
  /** Whether the same call may succeed later; a `conflict` after reading the object again. */
  readonly retryable: boolean;
  readonly status: number | undefined;
  readonly reason: string | undefined;
  readonly causes: readonly ErrorCause[];
  readonly retryAfter: number | undefined;

  constructor(code: KubeErrorCode, message: string, facts: KubeErrorFacts = {}) {
    super(message, facts.cause === undefined ? undefined : { cause: facts.cause });
    this.code = code;
    this.retryable = RETRYABLE.has(code);
    this.status = facts.status;
    this.reason = facts.reason;
    this.causes = facts.causes ?? [];
    this.retryAfter = facts.retryAfter;
  }
}

/** Whether this is a {@link KubeError} with one of these codes. */
export function isKubeError(error: unknown, ...codes: readonly KubeErrorCode[]): error is KubeError {
  return error instanceof KubeError && (codes.length === 0 || codes.includes(error.code));
}
