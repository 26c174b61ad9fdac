/** What went wrong, for callers to switch on. */
export type IgnitionErrorCode =
  | 'downgrade'
  | 'unknown-version'
  | 'remote-resource'
  | 'malformed-data-url'
  | 'malformed-hash'
  | 'hash-mismatch'
  | 'compression'
  | 'gzip'
  | 'too-large';

/**
 * The error of this room: a config that parsed, but cannot be used as asked.
 * None of these is cured by trying again. Messages never hold contents or URL queries.
 */
export class IgnitionError extends Error {
  readonly code: IgnitionErrorCode;
  readonly retryable = false;

  constructor(code: IgnitionErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'IgnitionError';
    this.code = code;
  }
}
