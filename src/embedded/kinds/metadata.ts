import {
  dns1123LabelProblems,
  forbiddenValue,
  invalidValue,
  isJsonObject,
  isTrueAt,
  labelValueProblems,
  numberAt,
  objectAt,
  objectsAt,
  qualifiedNameProblems,
  requiredValue,
  textAt,
  textsAt,
  tooLong,
  valueAt,
} from '../../schema/index.ts';
import type { FieldError, Json, JsonObject } from '../../schema/index.ts';
import { inOrder } from './members.ts';
import { invalidFor, invalidStruct, unlessNonNegative, unlessSame } from './problems.ts';

/** Keys and values of all annotations together, in bytes (TotalAnnotationSizeLimitB). */
const MAX_ANNOTATION_BYTES = 256 * 1024;
const ORPHAN = 'orphan';
const FOREGROUND = 'foregroundDeletion';
/** Finalizers that need no domain. */
const STANDARD_FINALIZERS = new Set(['kubernetes', ORPHAN, FOREGROUND]);

export interface MetadataRules {
  readonly namespaced: boolean;
  /** The kind's rule for names; undefined when a name is fine. */
  nameProblem(name: string): string | undefined;
  /** A custom resource may have finalizers without a domain. */
  readonly custom?: boolean;
}

/**
 * Everything that is wrong with the metadata of an object that is to be created, after its name was generated
 * (ValidateObjectMeta). The fields that the server sets are not looked at.
 */
export function validateMetadata(metadata: JsonObject, rules: MetadataRules): FieldError[] {
  const { labels, annotations, finalizers, ownerReferences } = metadata;
  return [
    ...nameErrors(metadata, rules),
    ...namespaceErrors(textAt(metadata, 'namespace'), rules.namespaced),
    ...unlessNonNegative('metadata.generation', numberAt(metadata, 'generation')),
    ...labelErrors('metadata.labels', labels),
    ...annotationErrors('metadata.annotations', annotations),
    ...ownerErrors(ownerReferences),
    ...finalizerErrors(textsAt(finalizers), rules.custom === true),
  ];
}

/**
 * Everything that is wrong with the metadata of an update (ValidateObjectMetaUpdate). A real server checks this twice, so
 * that each of these is two causes of the Status, but is named once in its message.
 */
export function validateMetadataUpdate(metadata: JsonObject, old: JsonObject): FieldError[] {
  const errors: FieldError[] = [];
  if (valueAt(old, 'deletionTimestamp') !== undefined) errors.push(...newFinalizerErrors(metadata, old));
  const generation = numberAt(metadata, 'generation') ?? 0;
  if (generation < (numberAt(old, 'generation') ?? 0)) {
    errors.push(invalidValue('metadata.generation', generation, 'must not be decremented'));
  }
  for (const key of [
    'name',
    'namespace',
    'uid',
    'creationTimestamp',
    'deletionTimestamp',
    'deletionGracePeriodSeconds',
  ]) {
    errors.push(...unlessSame(`metadata.${key}`, valueAt(metadata, key), valueAt(old, key)));
  }
  return [
    ...errors,
    ...labelErrors('metadata.labels', valueAt(metadata, 'labels')),
    ...annotationErrors('metadata.annotations', valueAt(metadata, 'annotations')),
    ...ownerErrors(valueAt(metadata, 'ownerReferences')),
  ];
}

/** More errors of one map than anyone reads: a hostile one may have hundreds of thousands. */
const MAX_ERRORS = 100;

/** What is wrong with a map of labels. */
export function labelErrors(field: string, labels: Json | undefined): FieldError[] {
  if (!isJsonObject(labels)) return [];
  const errors: FieldError[] = [];
  for (const [key, value] of Object.entries(labels)) {
    if (errors.length >= MAX_ERRORS) break;
    errors.push(...invalidFor(field, key, qualifiedNameProblems(key)));
    if (typeof value === 'string') errors.push(...invalidFor(field, value, labelValueProblems(value)));
  }
  return errors;
}

/** What is wrong with a map of annotations. */
export function annotationErrors(field: string, annotations: Json | undefined): FieldError[] {
  if (!isJsonObject(annotations)) return [];
  const errors: FieldError[] = [];
  let bytes = 0;
  for (const [key, value] of Object.entries(annotations)) {
    // Case does not matter here, so that an upper-case prefix passes.
    if (errors.length < MAX_ERRORS)
      errors.push(...invalidFor(field, key, qualifiedNameProblems(key.toLowerCase())));
    bytes += Buffer.byteLength(key) + (typeof value === 'string' ? Buffer.byteLength(value) : 0);
  }
  if (bytes > MAX_ANNOTATION_BYTES) errors.push(tooLong(field, MAX_ANNOTATION_BYTES));
  return errors;
}

function nameErrors(metadata: JsonObject, rules: MetadataRules): FieldError[] {
  const errors: FieldError[] = [];
  const prefix = textAt(metadata, 'generateName');
  // What follows the prefix is alphanumeric, so that a hyphen at its end is fine.
  const prefixProblem =
    prefix === '' ? undefined : rules.nameProblem(prefix.replace(/-+$/, 'a').slice(0, 58));
  if (prefixProblem !== undefined) errors.push(invalidValue('metadata.generateName', prefix, prefixProblem));
  const name = textAt(metadata, 'name');
  if (name === '') {
    errors.push(requiredValue('metadata.name', 'name or generateName is required'));
    return errors;
  }
  const problem = rules.nameProblem(name);
  if (problem !== undefined) errors.push(invalidValue('metadata.name', name, problem));
  return errors;
}

function namespaceErrors(namespace: string, namespaced: boolean): FieldError[] {
  const field = 'metadata.namespace';
  if (!namespaced) return namespace === '' ? [] : [forbiddenValue(field, 'not allowed on this type')];
  return namespace === ''
    ? [requiredValue(field)]
    : invalidFor(field, namespace, dns1123LabelProblems(namespace));
}

function ownerErrors(references: Json | undefined): FieldError[] {
  const field = 'metadata.ownerReferences';
  const errors: FieldError[] = [];
  let controller: string | undefined;
  for (const reference of objectsAt(references)) {
    const apiVersion = textAt(reference, 'apiVersion');
    const kind = textAt(reference, 'kind');
    const name = textAt(reference, 'name');
    if (apiVersion === '') errors.push(invalidValue(`${field}.apiVersion`, '', 'version must not be empty'));
    if (kind === '') errors.push(invalidValue(`${field}.kind`, '', 'must not be empty'));
    if (name === '') errors.push(invalidValue(`${field}.name`, '', 'must not be empty'));
    if (textAt(reference, 'uid') === '') errors.push(invalidValue(`${field}.uid`, '', 'must not be empty'));
    if (apiVersion === 'v1' && kind === 'Event') {
      errors.push(
        invalidStruct(
          field,
          printedReference(reference),
          '/v1, Kind=Event is disallowed from being an owner',
        ),
      );
    }
    if (!isTrueAt(reference, 'controller')) continue;
    const own = `${kind}/${name}`;
    if (controller === undefined) controller = own;
    else {
      errors.push(
        invalidStruct(
          field,
          objectsAt(references).map(printedReference),
          `Only one reference can have Controller set to true. Found "true" in references for ${controller} and ${own}`,
        ),
      );
    }
  }
  return errors;
}

/** A reference with its members in the order of the Go type. */
function printedReference(reference: JsonObject): JsonObject {
  return inOrder(reference, ['apiVersion', 'kind', 'name', 'uid', 'controller', 'blockOwnerDeletion']);
}

function finalizerErrors(finalizers: readonly string[], custom: boolean): FieldError[] {
  const field = 'metadata.finalizers';
  const errors = finalizers.flatMap((name) => invalidFor(field, name, qualifiedNameProblems(name)));
  if (finalizers.includes(ORPHAN) && finalizers.includes(FOREGROUND)) {
    errors.push(
      invalidValue(field, [...finalizers], `finalizer ${ORPHAN} and ${FOREGROUND} cannot be both set`),
    );
  }
  if (custom) return errors;
  for (const [index, name] of finalizers.entries()) {
    if (name.includes('/') || STANDARD_FINALIZERS.has(name)) continue;
    const detail = 'name is neither a standard finalizer name nor is it fully qualified';
    errors.push(invalidValue(`${field}[${index}]`, name, detail));
  }
  return errors;
}

function newFinalizerErrors(metadata: JsonObject, old: JsonObject): FieldError[] {
  const known = new Set(textsAt(old, 'finalizers'));
  const added = [...new Set(textsAt(metadata, 'finalizers'))].filter((name) => !known.has(name)).sort();
  if (added.length === 0) return [];
  const list = added.map((name) => JSON.stringify(name)).join(', ');
  return [
    forbiddenValue(
      'metadata.finalizers',
      `no new finalizers can be added if the object is being deleted, found new finalizers []string{${list}}`,
    ),
  ];
}

/** The metadata of an object; an empty one if there is none. */
export function metadataOf(object: JsonObject): JsonObject {
  return objectAt(object, 'metadata') ?? {};
}
