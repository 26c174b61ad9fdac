import type { FieldError, JsonObject } from '../../schema/index.ts';
import type { Refusal } from '../access/index.ts';

/** The machine-readable cause of a failure (k8s.io/apimachinery metav1.StatusReason). */
export type StatusReason =
  | 'AlreadyExists'
  | 'BadRequest'
  | 'Conflict'
  | 'Expired'
  | 'Forbidden'
  | 'InternalError'
  | 'Invalid'
  | 'MethodNotAllowed'
  | 'NotAcceptable'
  | 'NotFound'
  | 'RequestEntityTooLarge'
  | 'Timeout'
  | 'TooManyRequests'
  | 'Unauthorized'
  | 'UnsupportedMediaType';

/** One entry of `details.causes`. */
export interface StatusCause {
  readonly reason?: string;
  readonly message: string;
  readonly field?: string;
}

export interface StatusDetails {
  readonly name?: string;
  readonly group?: string;
  readonly kind?: string;
  readonly uid?: string;
  readonly causes?: readonly StatusCause[];
  readonly retryAfterSeconds?: number;
}

/** Which kind of object a failure is about, as far as the texts of the answers need it. */
export interface ResourceName {
  readonly group: string;
  readonly plural: string;
  readonly kind: string;
}

/** A request that is answered with a `Status` object (kubernetes-api §4). */
export class StatusError extends Error {
  readonly code: number;
  readonly reason: StatusReason | undefined;
  readonly details: StatusDetails | undefined;
  /** `metadata.continue` of the answer: where an expired list can go on. */
  readonly continueToken: string | undefined;
  /** What the client is warned of beside. */
  warnings: readonly string[] = [];

  constructor(
    code: number,
    reason: StatusReason | undefined,
    message: string,
    details?: StatusDetails,
    continueToken?: string,
  ) {
    super(message);
    this.name = 'StatusError';
    this.code = code;
    this.reason = reason;
    this.details = details;
    this.continueToken = continueToken;
  }

  /** The object that the client gets. */
  toStatus(): JsonObject {
    return {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: this.continueToken === undefined ? {} : { continue: this.continueToken },
      status: 'Failure',
      message: this.message,
      ...(this.reason === undefined ? {} : { reason: this.reason }),
      ...(this.details === undefined
        ? {}
        : { details: JSON.parse(JSON.stringify(this.details)) as JsonObject }),
      code: this.code,
    };
  }
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
    `${qualifiedResource(resource)} ${JSON.stringify(name)} not found`,
    resourceDetails(resource, name),
  );
}

export function alreadyExists(resource: ResourceName, name: string): StatusError {
  return new StatusError(
    409,
    'AlreadyExists',
    `${qualifiedResource(resource)} ${JSON.stringify(name)} already exists`,
    resourceDetails(resource, name),
  );
}

/** A write that cannot be done as things are; the client reads again and retries. */
export function conflict(resource: ResourceName, name: string, why: string): StatusError {
  return new StatusError(
    409,
    'Conflict',
    `Operation cannot be fulfilled on ${qualifiedResource(resource)} ${JSON.stringify(name)}: ${why}`,
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
    name === '' ? qualifiedResource(resource) : `${qualifiedResource(resource)} ${JSON.stringify(name)}`;
  return new StatusError(
    403,
    'Forbidden',
    `${subject} is forbidden: ${message}`,
    resourceDetails(resource, name, causes === undefined ? {} : { causes }),
  );
}

/** Far more errors than anyone reads; the rest of a hostile object's are left out. */
const MAX_CAUSES = 100;

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
  const shown = errors.slice(0, MAX_CAUSES);
  const texts = [...new Set(shown.map(({ field, message }) => `${field}: ${message}`))];
  const list = texts.length === 1 ? (texts[0] ?? '') : `[${texts.join(', ')}]`;
  const kind = subject.group === '' ? subject.kind : `${subject.kind}.${subject.group}`;
  return new StatusError(422, 'Invalid', `${kind} ${JSON.stringify(name)} is invalid: ${list}`, {
    ...(name === '' ? {} : { name }),
    ...(subject.group === '' ? {} : { group: subject.group }),
    ...(subject.kind === '' ? {} : { kind: subject.kind }),
    causes: shown.map(({ reason, message, field }) => ({ reason, message, field })),
  });
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

/** The Status of what the access rules refuse. */
export function refused({ code, reason, message, details }: Refusal): StatusError {
  return new StatusError(code, reason, message, details);
}
