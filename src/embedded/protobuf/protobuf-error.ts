/**
 * Why a body could not be read: it is no Kubernetes protobuf at all, it is broken, it is of a kind whose fields are not
 * known here, or it is deeper or of more parts than is read.
 */
export type ProtobufErrorCode = 'not-protobuf' | 'malformed' | 'unknown-kind' | 'too-large';

/** The one error class of this part: the sender must send something else. */
export class ProtobufError extends Error {
  override readonly name = 'ProtobufError';
  readonly code: ProtobufErrorCode;

  constructor(code: ProtobufErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}
