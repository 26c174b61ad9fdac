/**
 * Why an apply failed that is no matter of conflicts:
 *
 * - `not-typed`: 500 without a reason; the applied object does not fit its schema.
 * - `malformed-fields`: 500 without a reason; the stored object's managedFields cannot be read.
 */
export type ApplyErrorCode = 'not-typed' | 'malformed-fields';

/** An apply that cannot be done; the message is Kubernetes'. */
export class ApplyError extends Error {
  override readonly name = 'ApplyError';
  readonly code: ApplyErrorCode;

  constructor(code: ApplyErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}
