/**
 * Why controllers cannot run, for programs:
 *
 * - `address`: where health and metrics were to be served.
 */
export type ControllersErrorCode = 'address';

/** The error class of this room. */
export class ControllersError extends Error {
  override readonly name = 'ControllersError';
  readonly code: ControllersErrorCode;
  readonly retryable = false;

  constructor(code: ControllersErrorCode, message: string, options: { readonly cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
  }
}
