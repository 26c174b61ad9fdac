import {
  goQuote,
  invalidValue,
  isJsonObject,
  textAt,
  type FieldError,
  type JsonObject,
} from '../../schema/index.ts';
import { compileRules, validate } from '../../schema/engine.ts';
import { applyDefaults, prune } from '../../schema/index.ts';
import type { Kind } from '../kinds/index.ts';
import { isBeingDeleted, shownText } from './object-metadata.ts';
import { MAX_PROBLEMS } from './json-scan.ts';
import { apiVersionOf, goPackageOf } from './kind-registry.ts';
import { badRequest, invalid } from '../status/index.ts';
import type { TypeMismatch } from './type-mismatch.ts';
import { decodeTyped } from './typed-decoding.ts';

/** What reading an object against its kind's schema found. */
export interface Decoded {
  /** Paths of the members that were dropped because the kind does not have them, as far as anyone reads. */
  readonly unknown: readonly string[];
}

/**
 * Makes of an object from a request one of this kind: what the kind does not have goes, what it has by default comes. In
 * place.
 *
 * @throws TypeMismatch
 */
export function decodeObject(kind: Kind, object: JsonObject): Decoded {
  if (!kind.custom) {
    const unknown = decodeTyped(object, kind.schema, kind.kind);
    kind.strategy.applyDefaults(object);
    return { unknown };
  }
  const metadata = object['metadata'];
  const metadataSchema = kind.schema.properties?.['metadata'];
  const unknown: string[] = [];
  if (isJsonObject(metadata) && metadataSchema !== undefined) {
    // Go decodes it into a struct of its own, which messages name.
    unknown.push(...decodeTyped(metadata, metadataSchema, 'ObjectMeta').map((path) => `metadata.${path}`));
  } else if (metadata !== undefined && metadataSchema !== undefined) {
    const wrapped: JsonObject = { metadata };
    unknown.push(
      ...decodeTyped(wrapped, { type: 'object', properties: { metadata: metadataSchema } }, kind.kind),
    );
    if (wrapped['metadata'] === undefined) delete object['metadata'];
  }
  for (const path of prune(kind.schema, object)) if (unknown.length < MAX_PROBLEMS) unknown.push(path);
  applyDefaults(kind.schema, object);
  kind.strategy.applyDefaults(object);
  return { unknown };
}

/** The 400 for an object that Go's decoder would not read. */
export function undecodable(kind: Kind, object: JsonObject, error: TypeMismatch): Error {
  return badRequest(`${kindText(kind, object)} cannot be handled as a ${kind.kind}: ${error.message}`);
}

/** How warnings and refusals tell of a member that a kind does not have, or that stands twice. */
export function memberProblem(what: 'unknown' | 'duplicate', path: string): string {
  return `${what} field ${goQuote(path)}`;
}

/** The 400 of `fieldValidation=Strict`. @param problems for example `unknown field "spec.bogus"` */
export function strictDecodingError(kind: Kind, object: JsonObject, problems: readonly string[]): Error {
  return badRequest(
    `${kindText(kind, object)} cannot be handled as a ${kind.kind}: strict decoding error: ${problems.join(', ')}`,
  );
}

/** `ConfigMap in version "v1"`, as the object names itself. */
function kindText(kind: Kind, object: JsonObject): string {
  const named = typeof object['kind'] === 'string' ? object['kind'] : kind.kind;
  const version =
    typeof object['apiVersion'] === 'string' ? object['apiVersion'].split('/').at(-1) : kind.version;
  return `${named} in version ${JSON.stringify(version)}`;
}

/**
 * Checks that an object is of the kind that the URL names; where a built-in kind's object does not say, it is taken to be.
 *
 * @throws StatusError 400, or 422 for a custom kind
 */
export function checkType(kind: Kind, object: JsonObject): void {
  const apiVersion = apiVersionOf(kind);
  const givenVersion = object['apiVersion'];
  const givenKind = object['kind'];
  if (kind.custom) {
    if (givenVersion !== apiVersion) {
      throw badRequest(
        `the API version in the data (${shownText(givenVersion ?? '')}) does not match the expected API version (${apiVersion})`,
      );
    }
    if (givenKind !== undefined && givenKind !== kind.kind) {
      throw invalid({ group: kind.group, kind: shownText(givenKind) }, textAt(object, 'metadata', 'name'), [
        invalidValue('kind', givenKind, `must be ${kind.kind}`),
      ]);
    }
  } else if (givenVersion !== undefined && givenVersion !== apiVersion) {
    throw badRequest(
      `${kindText(kind, object)} cannot be handled as a ${kind.kind}: no kind ${JSON.stringify(givenKind ?? kind.kind)} is registered for version ${JSON.stringify(givenVersion)} in scheme "pkg/api/legacyscheme/scheme.go:30"`,
    );
  } else if (givenKind !== undefined && givenKind !== kind.kind) {
    throw badRequest(
      `${kindText(kind, object)} cannot be handled as a ${kind.kind}: converting (${kind.version}.${shownText(givenKind)}) to (${goPackageOf(kind)}.${kind.kind}): unknown conversion`,
    );
  }
  object['apiVersion'] = apiVersion;
  object['kind'] = kind.kind;
}

/**
 * What a custom kind's schema and rules say of an object.
 *
 * @param old the object before an update: for rules on transitions
 * @param part `status` for a write to that subresource: only that part can be at fault
 */
export function schemaErrors(
  kind: Kind,
  object: JsonObject,
  old: JsonObject | undefined,
  part: 'all' | 'status',
): FieldError[] {
  if (!kind.custom) return [];
  // What finalizers still wait for may be unfit for rules that came later: deletion must go on.
  if (old !== undefined && isBeingDeleted(object) && part === 'all')
    return structuralErrors(kind, object, old, part);
  const structural = structuralErrors(kind, object, old, part);
  return [...structural, ...compileRules(kind.schema).validate(object, old, structural)];
}

function structuralErrors(
  kind: Kind,
  object: JsonObject,
  old: JsonObject | undefined,
  part: 'all' | 'status',
): FieldError[] {
  return validate(kind.schema, object, { part, old });
}
