export { decodeProtobufBody } from './protobuf-body.ts';
export type { ProtobufErrorCode } from './protobuf-error.ts';
export { ProtobufError } from './protobuf-error.ts';
