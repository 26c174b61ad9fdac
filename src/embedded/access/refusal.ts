import { goQuote, type FieldError, type JsonObject } from '../../schema/index.ts';

/** Why a request is refused: the members of the Status that answers it. */
export interface Refusal {
  /** HTTP status and `code`. */
  readonly code: number;
  readonly reason: 'BadRequest' | 'Unauthorized' | 'Forbidden' | 'NotFound' | 'Conflict' | 'Invalid';
  readonly message: string;
  readonly details?: JsonObject;
}

/** A group and a resource in it (plural), or a kind where an API server's messages have that. */
export interface GroupResource {
  readonly group: string;
  readonly resource: string;
}

/** Said to whoever shows a credential that is none; not why, so that guessing teaches nothing. */
export const unauthorized: Refusal = { code: 401, reason: 'Unauthorized', message: 'Unauthorized' };

export function badRequest(message: string): Refusal {
  return { code: 400, reason: 'BadRequest', message };
}

/** `RESOURCE.GROUP "NAME" is forbidden: WHY`; without a resource, for a path, `forbidden: WHY`. */
export function forbidden(of: GroupResource | undefined, name: string, why: string): Refusal {
  const subject = of === undefined ? '' : `${qualified(of)}${name === '' ? '' : ` ${goQuote(name)}`} is `;
  return {
    code: 403,
    reason: 'Forbidden',
    message: `${subject}forbidden: ${why}`,
    details: of === undefined ? {} : details(of, name),
  };
}

/** `RESOURCE.GROUP "NAME" not found`. */
export function notFound(of: GroupResource, name: string): Refusal {
  const message = `${qualified(of)} ${goQuote(name)} not found`;
  return { code: 404, reason: 'NotFound', message, details: details(of, name) };
}

/** `Operation cannot be fulfilled on RESOURCE.GROUP "NAME": WHY`. */
export function conflict(of: GroupResource, name: string, why: string): Refusal {
  const message = `Operation cannot be fulfilled on ${qualified(of)} ${goQuote(name)}: ${why}`;
  return { code: 409, reason: 'Conflict', message, details: details(of, name) };
}

/** `KIND.GROUP "NAME" is invalid: …`, with a cause for each error. An access review leaves its kind out. */
export function invalid(
  of: { readonly group: string; readonly kind: string },
  name: string,
  errors: readonly FieldError[],
): Refusal {
  const texts = errors.map(({ field, message }) => `${field}: ${message}`);
  const text = texts.length === 1 ? texts.join('') : `[${texts.join(', ')}]`;
  return {
    code: 422,
    reason: 'Invalid',
    message: `${of.kind}.${of.group} ${goQuote(name)} is invalid: ${text}`,
    details: {
      ...details({ group: of.group, resource: of.kind }, name),
      causes: errors.map(({ reason, message, field }) => ({ reason, message, field })),
    },
  };
}

function qualified(of: GroupResource): string {
  return of.group === '' ? of.resource : `${of.resource}.${of.group}`;
}

function details(of: GroupResource, name: string): JsonObject {
  return {
    ...(name === '' ? {} : { name }),
    ...(of.group === '' ? {} : { group: of.group }),
    ...(of.resource === '' ? {} : { kind: of.resource }),
  };
}
