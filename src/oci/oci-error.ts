/** What went wrong, for programs: callers switch on it and never match message text. */
export type OciErrorCode =
  | 'aborted'
  | 'auth-file'
  | 'blob-unknown'
  | 'denied'
  | 'digest-mismatch'
  | 'invalid-digest'
  | 'invalid-option'
  | 'invalid-reference'
  | 'malformed'
  | 'manifest-invalid'
  | 'not-found'
  | 'rate-limited'
  | 'redirect-loop'
  | 'registry-error'
  | 'tar-rule'
  | 'tls'
  | 'too-large'
  | 'truncated'
  | 'unauthorized'
  | 'unreachable'
  | 'unsupported';

/** Facts that accompany an {@link OciError}. */
export interface OciErrorFacts {
  /** The error underneath, when there is one. */
  readonly cause?: unknown;
  /** True when the same call may succeed later without any change by a person. Default: false. */
  readonly retryable?: boolean;
  /** The registry concerned, as `host[:port]`. */
  readonly registry?: string;
  /** The HTTP status that the registry answered with. */
  readonly status?: number;
  /** How long the registry asked to wait before the next try, in milliseconds. */
  readonly retryAfter?: number;
  /** Digests that the registry named, for code `blob-unknown`. */
  readonly digests?: readonly string[];
}

/**
 * The one error class of this room. The message has the form `cannot <action> <object>: <reason>` and says what to
 * do; it never holds a credential, a token or the query of a URL.
 */
export class OciError extends Error {
  override readonly name = 'OciError';
  readonly code: OciErrorCode;
  readonly retryable: boolean;
  readonly registry: string | undefined;
  readonly status: number | undefined;
  readonly retryAfter: number | undefined;
  readonly digests: readonly string[];

  constructor(code: OciErrorCode, message: string, facts: OciErrorFacts = {}) {
    super(message, facts.cause === undefined ? undefined : { cause: facts.cause });
    this.code = code;
    this.retryable = facts.retryable ?? false;
    this.registry = facts.registry;
    this.status = facts.status;
    this.retryAfter = facts.retryAfter;
    this.digests = facts.digests ?? [];
  }
}
