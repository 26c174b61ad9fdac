import { goQuote, type FieldError } from '../../schema/index.ts';
import { aggregateErrors } from './aggregate.ts';
import { StatusError, type StatusCause, type StatusDetails } from './status-error.ts';

/** What a failure is about, as the texts of the answers name it: a group and the plural of a kind in it. */
export interface ResourceName {
  readonly group: string;
  readonly plural: string;
}

/** `configmaps`, or `leases.coordination.k8s.io` for a kind outside the core group. */
function qualifiedResource({ group, plural }: ResourceName): string {
  return group === '' ? plural : `${plural}.${group}`;
}

function resourceDetails(
  resource: ResourceName,
  name: string,
  more: Partial<StatusDetails> = {},
): StatusDetails {
  return {
    ...(name === '' ? {} : { name }),
    ...(resource.group === '' ? {} : { group: resource.group }),
    kind: resource.plural,
    ...more,
  };
}

export function notFound(resource: ResourceName, name: string): StatusError {
  return new StatusError(
    404,
    'NotFound',
    `${qualifiedResource(resource)} ${goQuote(name)} not found`,
    resourceDetails(resource, name),
  );
}

export function alreadyExists(resource: ResourceName, name: string): StatusError {
  return new StatusError(
    409,
    'AlreadyExists',
    `${qualifiedResource(resource)} ${goQuote(name)} already exists`,
    resourceDetails(resource, name),
  );
}

/** A write that cannot be done as things are; the client reads again and retries. */
export function conflict(resource: ResourceName, name: string, why: string): StatusError {
  return new StatusError(
    409,
    'Conflict',
    `Operation cannot be fulfilled on ${qualifiedResource(resource)} ${goQuote(name)}: ${why}`,
    resourceDetails(resource, name),
  );
}

/** The resourceVersion that the client knows is no longer the newest. */
export function modifiedConflict(resource: ResourceName, name: string): StatusError {
  return conflict(
    resource,
    name,
    'the object has been modified; please apply your changes to the latest version and try again',
  );
}

/** @param message after `… is forbidden: ` */
export function forbidden(
  resource: ResourceName,
  name: string,
  message: string,
  causes?: readonly StatusCause[],
): StatusError {
  const subject =
    name === '' ? qualifiedResource(resource) : `${qualifiedResource(resource)} ${goQuote(name)}`;
  return new StatusError(
    403,
    'Forbidden',
    `${subject} is forbidden: ${message}`,
    resourceDetails(resource, name, causes === undefined ? {} : { causes }),
  );
}

/** The refusal of a path that is no resource. */
export function forbiddenPath(message: string): StatusError {
  return new StatusError(403, 'Forbidden', `forbidden: ${message}`, {});
}

/** Said to whoever shows a credential that is none; not why, so that guessing teaches nothing. */
export function unauthorized(): StatusError {
  return new StatusError(401, 'Unauthorized', 'Unauthorized');
}

/** Far more errors than anyone reads; the rest of a hostile object's are left out. */
const MAX_CAUSES = 100;

/** Longer texts are cut: a value of a megabyte would be shown four times. */
const MAX_SHOWN = 10_000;

function shorten(text: string): string {
  return text.length <= MAX_SHOWN ? text : `${text.slice(0, MAX_SHOWN)}…`;
}

/**
 * An object that breaks rules.
 *
 * @param subject group and kind as the text names them (`Gadget.lab.example.com`), or a plural for some checks
 */
export function invalid(
  subject: { readonly group: string; readonly kind: string },
  name: string,
  errors: readonly FieldError[],
): StatusError {
  const shown = errors
    .slice(0, MAX_CAUSES)
    .map(({ reason, field, message }) => ({ reason, field: shorten(field), message: shorten(message) }));
  const kind = subject.group === '' ? subject.kind : `${subject.kind}.${subject.group}`;
  return new StatusError(
    422,
    'Invalid',
    `${kind} ${goQuote(shorten(name))} is invalid: ${aggregateErrors(shown)}`,
    {
      ...(name === '' ? {} : { name: shorten(name) }),
      ...(subject.group === '' ? {} : { group: subject.group }),
      ...(subject.kind === '' ? {} : { kind: subject.kind }),
      causes: shown.map(({ reason, message, field }) => ({ reason, message, field })),
    },
  );
}

/** Options of a request that break a rule, for example `CreateOptions`. */
export function invalidOptions(kind: string, errors: readonly FieldError[]): StatusError {
  return invalid({ group: 'meta.k8s.io', kind }, '', errors);
}

export function badRequest(message: string): StatusError {
  return new StatusError(400, 'BadRequest', message);
}

/** Neither the path nor the resource is served. */
export function noSuchResource(): StatusError {
  return new StatusError(404, 'NotFound', 'the server could not find the requested resource', {});
}

export function methodNotAllowed(): StatusError {
  return new StatusError(
    405,
    'MethodNotAllowed',
    'the server does not allow this method on the requested resource',
    {},
  );
}

export function internalError(message: string): StatusError {
  return new StatusError(500, 'InternalError', `Internal error occurred: ${message}`, {
    causes: [{ message }],
  });
}

/** Newer than anything that happened: retrying later may help. */
export function futureResourceVersion(asked: string, current: number): StatusError {
  return new StatusError(
    504,
    'Timeout',
    `Timeout: Too large resource version: ${asked}, current: ${current}`,
    {
      causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
      retryAfterSeconds: 1,
    },
  );
}

export function tooLarge(message: string): StatusError {
  return new StatusError(413, 'RequestEntityTooLarge', `Request entity too large: ${message}`);
}

export function unsupportedMediaType(accepted: readonly string[]): StatusError {
  return new StatusError(
    415,
    'UnsupportedMediaType',
    `the body of the request was in an unknown format - accepted media types include: ${accepted.join(', ')}`,
  );
}
