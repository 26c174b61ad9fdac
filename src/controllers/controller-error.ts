/**
 * - `no-base-image`: nothing says what image the nodes of a pool run.
 * - `unknown-stream`: a pool asks for a stream of images that there is not.
 */
export type ControllerErrorCode = 'no-base-image' | 'unknown-stream' | 'no-rollback';

/** Something that a controller needs and does not find. Somebody has to change the object or the flag that the message names. */
export class ControllerError extends Error {
  override readonly name = 'ControllerError';
  readonly code: ControllerErrorCode;
  readonly retryable = false;

  constructor(code: ControllerErrorCode, message: string, options: { readonly cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
  }
}
