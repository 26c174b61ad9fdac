import {
  equalJson,
  isJsonObject,
  setMember,
  textAt,
  textsAt,
  type JsonObject,
  type Json,
} from '../../schema/index.ts';

/** The `metadata` of an object; an empty one is added where there is none. */
export function metadataOf(object: JsonObject): JsonObject {
  const metadata = object['metadata'];
  if (isJsonObject(metadata)) return metadata;
  const fresh: JsonObject = {};
  object['metadata'] = fresh;
  return fresh;
}

/** A value of unknown type in a message: a text as it is, anything else as JSON. */
export function shownText(value: Json): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** `metadata.name`. */
export function nameOf(object: JsonObject): string {
  return textAt(metadataOf(object), 'name');
}

/** `metadata.namespace`; '' for none. */
export function namespaceOf(object: JsonObject): string {
  return textAt(metadataOf(object), 'namespace');
}

/** `metadata.finalizers`. */
export function finalizersOf(object: JsonObject): readonly string[] {
  return textsAt(metadataOf(object), 'finalizers');
}

/** Sets `metadata.finalizers`; an empty list is left out, as it is when stored. */
export function setFinalizers(object: JsonObject, finalizers: readonly string[]): void {
  const metadata = metadataOf(object);
  if (finalizers.length === 0) delete metadata['finalizers'];
  else metadata['finalizers'] = [...finalizers];
}

/** Whether a DELETE has been accepted and waits for finalizers or a grace period. */
export function isBeingDeleted(object: JsonObject): boolean {
  return textAt(metadataOf(object), 'deletionTimestamp') !== '';
}

/** Adds one to `metadata.generation`, where the kind counts it. */
export function countGeneration(object: JsonObject): void {
  const metadata = metadataOf(object);
  if (typeof metadata['generation'] === 'number') metadata['generation'] += 1;
}

/** The labels, for selectors. */
export function labelsOf(object: JsonObject): Record<string, string> {
  const labels = metadataOf(object)['labels'];
  if (!isJsonObject(labels)) return {};
  const texts: Record<string, string> = {};
  for (const [key, value] of Object.entries(labels))
    if (typeof value === 'string') setMember(texts, key, value);
  return texts;
}

const NEVER_STORED: ReadonlySet<string> = new Set(['apiVersion', 'kind']);

/** Whether two objects differ in anything that is stored, the resourceVersion apart. */
export function isSameObject(a: JsonObject, b: JsonObject): boolean {
  return equalJson(withoutVersion(a), withoutVersion(b));
}

function withoutVersion(object: JsonObject): JsonObject {
  const { resourceVersion: _, ...metadata } = metadataOf(object);
  return { ...object, metadata };
}

/**
 * The object as it is stored: what every reader adds again is left out. Metadata comes first, so that what is looked for there
 * is found without reading all of it.
 */
export function storedText(object: JsonObject): string {
  const stored: JsonObject = {};
  const { metadata } = object;
  if (metadata !== undefined) stored['metadata'] = isJsonObject(metadata) ? inGoOrder(metadata) : metadata;
  for (const [key, value] of Object.entries(object))
    if (key !== 'metadata' && !NEVER_STORED.has(key)) setMember(stored, key, value);
  return JSON.stringify(stored);
}

/** Members of ObjectMeta as Go writes them: errors quote stored objects, and people compare what two servers answer. */
const METADATA_ORDER = [
  'name',
  'generateName',
  'namespace',
  'selfLink',
  'uid',
  'resourceVersion',
  'generation',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'labels',
  'annotations',
  'ownerReferences',
  'finalizers',
  'managedFields',
];

function inGoOrder(metadata: JsonObject): JsonObject {
  const ordered: JsonObject = {};
  for (const key of METADATA_ORDER) {
    const value = metadata[key];
    if (value !== undefined) ordered[key] = value;
  }
  for (const [key, value] of Object.entries(metadata))
    if (!Object.hasOwn(ordered, key)) setMember(ordered, key, value);
  return ordered;
}
