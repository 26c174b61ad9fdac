import { equalJson, isJsonObject, memberOf, type Json, type JsonObject } from '../../schema/index.ts';

/** metadata.managedFields of an object; undefined if it has none. */
export function managedFieldsOf(object: JsonObject | undefined): Json | undefined {
  const metadata = object === undefined ? undefined : memberOf(object, 'metadata');
  return isJsonObject(metadata) ? memberOf(metadata, 'managedFields') : undefined;
}

/** Sets or, if there are none, removes metadata.managedFields. */
export function setManagedFields(object: JsonObject, entries: Json | undefined): void {
  const metadata = memberOf(object, 'metadata');
  const isNone = entries === undefined || (Array.isArray(entries) && entries.length === 0);
  if (isJsonObject(metadata)) {
    if (isNone) delete metadata['managedFields'];
    else metadata['managedFields'] = entries;
  } else if (!isNone) {
    object['metadata'] = { managedFields: entries };
  }
}

/** The object without its managedFields, which do not own themselves; it shares the rest. */
export function withoutManagedFields(object: JsonObject): JsonObject {
  const metadata = memberOf(object, 'metadata');
  if (!isJsonObject(metadata) || !Object.hasOwn(metadata, 'managedFields')) return object;
  const { managedFields: _, ...rest } = metadata;
  return { ...object, metadata: rest };
}

/**
 * Undoes, in place, changes of entries' times if nothing else distinguishes `next` from `live`, so that a write whose changes
 * admission or the kind's strategy undid is no write (k8s.io/apiserver, IgnoreManagedFieldsTimestampsTransformer). For the
 * last step before the two are compared.
 */
export function restoreManagedTimes(live: JsonObject, next: JsonObject): void {
  const old = managedFieldsOf(live);
  const entries = managedFieldsOf(next);
  if (old === undefined || entries === undefined || equalJson(old, entries)) return;
  if (!equalJson(withoutTimes(old), withoutTimes(entries))) return;
  if (equalJson(withoutManagedFields(live), withoutManagedFields(next))) setManagedFields(next, old);
}

function withoutTimes(entries: Json): Json {
  if (!Array.isArray(entries)) return entries;
  return entries.map((entry) => {
    if (!isJsonObject(entry)) return entry;
    const { time: _, ...rest } = entry;
    return rest;
  });
}
