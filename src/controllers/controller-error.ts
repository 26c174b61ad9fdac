/**
 * - `no-base-image`: nothing says what image the nodes of a pool run.
 * - `unknown-stream`: a pool asks for a stream of images that there is not.
 */
export type ControllerErrorCode = 'no-base-image' | 'unknown-stream';

/** Something that a controller needs of an object and does not find. Somebody has to change the object that the message names. */
export class ControllerError extends Error {
  override readonly name = 'ControllerError';
  readonly code: ControllerErrorCode;
  readonly retryable = false;

  constructor(code: ControllerErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}
