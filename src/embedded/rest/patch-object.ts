import {
  copyObject,
  isJsonObject,
  memberOf,
  textAt,
  printGoValue,
  invalidValue,
  type Json,
  type JsonObject,
  type Schema,
} from '../../schema/index.ts';
import { ApplyError, serverSideApply, type ApplyOutcome } from '../apply/index.ts';
import type { Kind } from '../kinds/index.ts';
import {
  PatchError,
  printPatched,
  applyJsonPatch,
  applyMergePatch,
  applyStrategicMergePatch,
} from '../patch/index.ts';
import type { ApiEnvironment } from './api-environment.ts';
import { decodeApply, decodePatch, mediaTypeOf, type DecodedBody } from './body.ts';
import { resetFields } from './field-ownership.ts';
import { MAX_PROBLEMS } from './json-scan.ts';
import { apiVersionOf } from './kind-registry.ts';
import { checkType, decodeObject, memberProblem } from './object-checks.ts';
import { metadataOf, nameOf } from './object-metadata.ts';
import type { WriteOptions } from './request-options.ts';
import {
  StatusError,
  badRequest,
  conflict,
  invalid,
  tooLarge,
  unsupportedMediaType,
} from '../status/index.ts';
import { TypeMismatch } from './type-mismatch.ts';

/** Patches that say what to do, and not what the object is to be. */
export type PlainPatchType = 'json' | 'merge' | 'strategic';

export type PatchType = PlainPatchType | 'apply';

const PATCH_TYPES: ReadonlyMap<string, PatchType> = new Map([
  ['application/json-patch+json', 'json'],
  ['application/merge-patch+json', 'merge'],
  ['application/strategic-merge-patch+json', 'strategic'],
  ['application/apply-patch+yaml', 'apply'],
]);

/** The type of a patch, from its Content-Type. @throws StatusError 415 */
export function patchTypeOf(kind: Kind, contentType: string | undefined): PatchType {
  const type = PATCH_TYPES.get(mediaTypeOf(contentType));
  if (kind.custom && (type === undefined || type === 'strategic')) {
    throw unsupportedMediaType(
      [...PATCH_TYPES.keys()].filter((name) => PATCH_TYPES.get(name) !== 'strategic'),
    );
  }
  if (type === undefined)
    throw new StatusError(415, 'UnsupportedMediaType', '415: Unsupported Media Type', {});
  return type;
}

/** A patch, read. */
export interface Patch {
  readonly type: PatchType;
  readonly body: DecodedBody;
}

/** @throws StatusError 400 */
export function readPatch(type: PatchType, bytes: Uint8Array): Patch {
  return { type, body: type === 'apply' ? decodeApply(bytes) : decodePatch(bytes) };
}

/** What a patch makes of an object. */
export interface Patched {
  readonly object: JsonObject;
  /** managedFields, where the patch was an apply. */
  readonly managed?: Json;
  /** Problems that `fieldValidation=Warn` tells of. */
  readonly warnings: readonly string[];
}

/** What a patch is applied to. */
export interface PatchTarget {
  readonly kind: Kind;
  readonly name: string;
  readonly subresource: string;
  /** Undefined where an apply creates. */
  readonly live: JsonObject | undefined;
  readonly options: WriteOptions;
  readonly force: boolean;
}

/** Applies a patch to an object, which stays as it is. @throws StatusError */
export function patchObject(environment: ApiEnvironment, target: PatchTarget, patch: Patch): Patched {
  return patch.type === 'apply'
    ? applied(environment, target, patch.body)
    : patched(target, patch.type, patch.body);
}

function patched(target: PatchTarget, type: PlainPatchType, body: DecodedBody): Patched {
  const { kind, options } = target;
  const value = body.value;
  const next = merged(target, type, value);
  checkName(target, next);
  // Only errors quote the object, as it was before decoding changed it.
  const shown = (): string =>
    printPatched(merged(target, type, value), value, type === 'json' ? 'json' : 'merge');
  try {
    if (!kind.custom) checkType(kind, next);
    const { unknown } = decodeObject(kind, next);
    const problems = [
      ...unknown.map((path) => memberProblem('unknown', path)),
      ...body.duplicates.map((path) => memberProblem('duplicate', path)),
    ].slice(0, MAX_PROBLEMS);
    if (problems.length > 0 && options.fieldValidation === 'Strict') {
      const seen = type === 'strategic' ? printGoValue(value) : shown();
      throw invalidPatch(seen, `strict decoding error: ${problems.join(', ')}`);
    }
    return { object: next, warnings: options.fieldValidation === 'Warn' ? problems : [] };
  } catch (error) {
    if (error instanceof TypeMismatch) throw invalidPatch(shown(), error.message);
    throw error;
  }
}

function merged({ kind, live }: PatchTarget, type: PlainPatchType, value: Json): JsonObject {
  return patchedCopy(live ?? {}, type, value, kind.schema);
}

/** A copy of an object with a patch in it. @throws StatusError */
export function patchedCopy(
  object: JsonObject,
  type: PlainPatchType,
  patch: Json,
  schema: Schema,
): JsonObject {
  try {
    switch (type) {
      case 'json':
        return applyJsonPatch(object, patch);
      case 'merge':
        return applyMergePatch(object, patch);
      case 'strategic':
        return applyStrategicMergePatch(object, patch, schema);
    }
  } catch (error) {
    if (error instanceof PatchError) throw refusedPatch(error);
    throw error;
  }
}

function checkName({ name }: PatchTarget, next: JsonObject): void {
  const given = nameOf(next);
  if (given !== '' && given !== name) {
    throw badRequest(`the name of the object (${given}) does not match the name on the URL (${name})`);
  }
}

function refusedPatch(error: PatchError): StatusError {
  switch (error.code) {
    case 'too-large':
      return tooLarge(error.message);
    case 'malformed':
      return badRequest(error.message);
    case 'does-not-apply':
      return rejected();
    case 'not-mergeable':
      return new StatusError(500, undefined, error.message);
  }
}

function rejected(): StatusError {
  return new StatusError(
    422,
    'Invalid',
    'the server rejected our request due to an error in our request',
    {},
  );
}

function invalidPatch(shown: string, why: string): StatusError {
  return invalid({ group: '', kind: '' }, '', [invalidValue('patch', shown, why)]);
}

function applied(environment: ApiEnvironment, target: PatchTarget, body: DecodedBody): Patched {
  const { kind, live, options } = target;
  const value = body.value ?? {};
  const given = isJsonObject(value) ? copyObject(value) : {};
  const apiVersion = textAt(given, 'apiVersion');
  const kindName = textAt(given, 'kind');
  if (apiVersion !== apiVersionOf(kind) || kindName !== kind.kind) {
    throw badRequest(
      `invalid object type: ${apiVersion.includes('/') ? apiVersion.replace(/\/.*/, '') : ''}/${apiVersion.split('/').at(-1) ?? ''}, Kind=${kindName}`,
    );
  }
  if ((metadataOf(given)['managedFields'] ?? null) !== null)
    throw badRequest('metadata.managedFields must be nil');
  checkName(target, given);
  metadataOf(given)['name'] = target.name;
  const uid = textAt(metadataOf(given), 'uid');
  if (live === undefined && uid !== '') {
    throw conflict(
      kind,
      target.name,
      `uid mismatch: the provided object specified uid ${uid}, and no existing object was found`,
    );
  }
  const problems = kind.custom ? unknownIn(kind, given) : [];
  if (problems.length > 0 && options.fieldValidation === 'Strict') {
    throw badRequest(`strict decoding error: ${problems.join(', ')}`);
  }
  const outcome = applyTo(environment, target, given);
  if (outcome.kind === 'conflicts') {
    throw new StatusError(409, 'Conflict', outcome.message, {
      causes: outcome.causes.map(({ message, field }) => ({
        reason: 'FieldManagerConflict',
        message,
        field,
      })),
    });
  }
  const { object } = outcome;
  const managed = memberOf(metadataOf(object), 'managedFields');
  try {
    decodeObject(kind, object);
  } catch (error) {
    if (error instanceof TypeMismatch) throw inconvertible(kind, error);
    throw error;
  }
  return {
    object,
    ...(managed === undefined ? {} : { managed }),
    warnings: options.fieldValidation === 'Warn' ? problems : [],
  };
}

/** What a custom kind does not have. */
function unknownIn(kind: Kind, given: JsonObject): string[] {
  try {
    return decodeObject(kind, copyObject(given)).unknown.map((path) => memberProblem('unknown', path));
  } catch (error) {
    // The apply itself says what is wrong with the type of a value.
    if (error instanceof TypeMismatch) return [];
    throw error;
  }
}

/** A value has the type that its field has, and yet the wrong form: a time, a quantity, base64. */
function inconvertible(kind: Kind, { message }: TypeMismatch): StatusError {
  const group = `${kind.group}/${kind.version}, Kind=${kind.kind}`;
  const why = `unable to convert unstructured object to ${group}: ${message}`;
  return new StatusError(500, undefined, `failed to convert to unversioned: ${why}`);
}

function applyTo(environment: ApiEnvironment, target: PatchTarget, given: JsonObject): ApplyOutcome {
  const { kind, live, options, subresource, force } = target;
  try {
    return serverSideApply({
      schema: kind.schema,
      live,
      applied: given,
      custom: kind.custom,
      manager: options.fieldManager,
      apiVersion: apiVersionOf(kind),
      subresource,
      force,
      now: environment.now(),
      resetFields: resetFields(kind, subresource),
    });
  } catch (error) {
    if (error instanceof ApplyError) throw new StatusError(500, undefined, error.message);
    throw error;
  }
}
