import { copyObject, isJsonObject, memberOf, goJson, type JsonObject } from '../../schema/index.ts';
import { typedProblem } from './check-typed.ts';
import { compare } from './compare.ts';
import type { FieldSet } from './field-set.ts';
import type { FieldType } from './field-type.ts';
import { fieldsOf } from './fields-of.ts';

/** The field manager whose applies take part in the migration from client-side apply. */
export const MIGRATING_MANAGER = 'kubectl';

const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';

/** k8s.io/apimachinery validation, TotalAnnotationSizeLimitB. */
const MAX_ANNOTATIONS_BYTES = 256 * 1024;

/**
 * What kubectl's client-side apply last set and no one changed since: `kubectl apply --server-side` may take it over without
 * `--force-conflicts`. Undefined where the object has no such record, or one that cannot be used.
 */
export function unchangedSinceClientApply(
  type: FieldType,
  live: JsonObject,
  apiVersion: string,
): FieldSet | undefined {
  const record = annotationsOf(live)?.[LAST_APPLIED];
  if (typeof record !== 'string' || record === '') return undefined;
  let applied: unknown;
  try {
    applied = JSON.parse(record);
  } catch {
    return undefined;
  }
  if (!isJsonObject(applied) || memberOf(applied, 'apiVersion') !== apiVersion) return undefined;
  if (typedProblem(type, applied) !== undefined) return undefined;
  const { added, modified, removed } = compare(type, applied, live);
  return fieldsOf(type, applied).difference(modified).difference(added).difference(removed);
}

/** Brings, in place, the record up to date with a server-side apply, for clients that still apply on their side. */
export function renewLastApplied(object: JsonObject, applied: JsonObject): void {
  const annotations = annotationsOf(object);
  if (annotations === undefined || typeof annotations[LAST_APPLIED] !== 'string') return;
  const record = copyObject(applied);
  const recorded = annotationsOf(record);
  if (recorded !== undefined) {
    delete recorded[LAST_APPLIED];
    if (Object.keys(recorded).length === 0) delete (record['metadata'] as JsonObject)['annotations'];
  }
  annotations[LAST_APPLIED] = `${goJson(record)}\n`;
  let size = 0;
  for (const [key, value] of Object.entries(annotations)) {
    size += Buffer.byteLength(key) + (typeof value === 'string' ? Buffer.byteLength(value) : 0);
  }
  if (size > MAX_ANNOTATIONS_BYTES) delete annotations[LAST_APPLIED];
}

function annotationsOf(object: JsonObject): JsonObject | undefined {
  const metadata = memberOf(object, 'metadata');
  const annotations = isJsonObject(metadata) ? memberOf(metadata, 'annotations') : undefined;
  return isJsonObject(annotations) ? annotations : undefined;
}
