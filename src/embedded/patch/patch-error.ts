/**
 * What is wrong with a patch, by how Kubernetes answers it:
 *
 * - `malformed`: 400 BadRequest with this error's message.
 * - `does-not-apply`: 422 Invalid "the server rejected our request due to an error in our request"; the message here tells
 *   what it was, which Kubernetes does not.
 * - `too-large`: 413 RequestEntityTooLarge, `Request entity too large: ` before this error's message.
 * - `not-mergeable`: 500 without a reason, with this error's message.
 */
export type PatchErrorCode = 'malformed' | 'does-not-apply' | 'too-large' | 'not-mergeable';

/** A patch that cannot be applied to its object; the object is as it was. */
export class PatchError extends Error {
  override readonly name = 'PatchError';
  readonly code: PatchErrorCode;

  constructor(code: PatchErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}
