import {
  invalidValue,
  isTrueAt,
  objectAt,
  textAt,
  unsupportedValue,
  valueAt,
  type FieldError,
  type Json,
  type JsonObject,
} from '../../schema/index.ts';
import { definedSchema } from '../documents/index.ts';
import { badRequest, invalidOptions } from '../status/index.ts';
import { shownText } from './object-metadata.ts';
import { dryRunErrors, isTrue } from './request-options.ts';
import { TypeMismatch } from './type-mismatch.ts';
import { decodeTyped } from './typed-decoding.ts';

export type Propagation = 'Background' | 'Foreground' | 'Orphan';

/** DeleteOptions, from a body or a query. */
export interface DeleteOptions {
  readonly dryRun: boolean;
  /** Undefined: the kind's own default. */
  readonly propagation: Propagation | undefined;
  readonly gracePeriodSeconds: number | undefined;
  readonly uid: string | undefined;
  readonly resourceVersion: string | undefined;
}

const PROPAGATIONS: readonly Propagation[] = ['Foreground', 'Background', 'Orphan'];

const SCHEMA = 'io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions';

/**
 * Reads DeleteOptions; what the body leaves out may be in the query.
 *
 * @param body decoded in place
 * @throws StatusError 400, 422
 */
export function readDeleteOptions(body: JsonObject | undefined, query: URLSearchParams): DeleteOptions {
  const given = body === undefined ? {} : decoded(body);
  const errors: FieldError[] = [];
  const listed = given['dryRun'];
  const dryRun = Array.isArray(listed)
    ? listed.map(String)
    : query.getAll('dryRun').filter((value) => value !== '');
  errors.push(...dryRunErrors(dryRun));
  const policy = given['propagationPolicy'] ?? query.get('propagationPolicy') ?? undefined;
  const propagation = PROPAGATIONS.find((candidate) => candidate === policy);
  if (policy !== undefined && propagation === undefined) {
    errors.push(unsupportedValue('propagationPolicy', shownText(policy), [...PROPAGATIONS, 'nil']));
  }
  const orphans = orphaning(given, query);
  if (orphans !== undefined && policy !== undefined) {
    const problem = 'orphanDependents and deletionPropagation cannot be both set';
    errors.push(invalidValue('propagationPolicy', policy, problem));
  }
  if (errors.length > 0) throw invalidOptions('DeleteOptions', errors);
  return {
    dryRun: dryRun.length > 0,
    propagation: propagation ?? orphans,
    gracePeriodSeconds: readGrace(
      given['gracePeriodSeconds'] ?? query.get('gracePeriodSeconds') ?? undefined,
    ),
    uid: precondition(given, 'uid'),
    resourceVersion: precondition(given, 'resourceVersion'),
  };
}

/** A precondition of a wrong type must not be taken for none. @throws StatusError 400 */
function decoded(body: JsonObject): JsonObject {
  const kind = textAt(body, 'kind');
  if (kind !== '' && kind !== 'DeleteOptions') throw undecodable(`no DeleteOptions but ${kind}`);
  try {
    decodeTyped(body, definedSchema(SCHEMA), 'DeleteOptions');
  } catch (error) {
    if (error instanceof TypeMismatch) throw undecodable(error.message);
    throw error;
  }
  return body;
}

function undecodable(why: string): Error {
  return badRequest(`DeleteOptions in version "v1" cannot be handled as a DeleteOptions: ${why}`);
}

function orphaning(body: JsonObject, query: URLSearchParams): Propagation | undefined {
  const asked = query.get('orphanDependents');
  if (body['orphanDependents'] === undefined && asked === null) return undefined;
  const orphans = body['orphanDependents'] === undefined ? isTrue(asked) : isTrueAt(body, 'orphanDependents');
  return orphans ? 'Orphan' : 'Background';
}

function readGrace(value: Json | undefined): number | undefined {
  if (value === undefined) return undefined;
  const seconds = typeof value === 'string' && /^-?\d{1,15}$/.test(value) ? Number(value) : value;
  if (typeof seconds !== 'number' || !Number.isSafeInteger(seconds)) {
    throw badRequest(
      `strconv.ParseInt: parsing ${JSON.stringify(shownText(value).slice(0, 40))}: invalid syntax`,
    );
  }
  // A negative period is taken for the shortest (kubernetes: 1 second).
  return seconds < 0 ? 1 : seconds;
}

/** An empty one is one too, which nothing meets. */
function precondition(body: JsonObject, key: string): string | undefined {
  const conditions = objectAt(body, 'preconditions') ?? {};
  return valueAt(conditions, key) === undefined ? undefined : textAt(conditions, key);
}
