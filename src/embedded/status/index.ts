export { aggregate, aggregateErrors } from './aggregate.ts';
export {
  alreadyExists,
  badRequest,
  conflict,
  forbidden,
  forbiddenPath,
  futureResourceVersion,
  internalError,
  invalid,
  invalidOptions,
  methodNotAllowed,
  modifiedConflict,
  noSuchResource,
  notFound,
  tooLarge,
  unauthorized,
  unsupportedMediaType,
} from './refusals.ts';
export type { ResourceName } from './refusals.ts';
export { StatusError } from './status-error.ts';
export type { StatusCause, StatusDetails, StatusReason } from './status-error.ts';
