import type { Json, JsonObject } from './json.ts';
import { itemPath, memberPath } from './path.ts';
import { additionalSchema, memberSchema } from './schema-members.ts';
import type { Schema } from './schema.ts';

/** Which members of a resource its schema need not name. */
const RESOURCE_MEMBERS: ReadonlySet<string> = new Set(['apiVersion', 'kind', 'metadata']);

/**
 * Removes what the schema does not name, in place, as apiextensions' structural pruning does: nothing below
 * `x-kubernetes-preserve-unknown-fields` (but again below what that part of the schema names), and of an embedded
 * resource, or of a resource, neither apiVersion nor kind nor metadata, whose own unknown fields are the caller's matter.
 *
 * @param resource whether `value` is a whole resource; false for the default of a field
 * @returns the paths of what was removed, sorted
 */
export function prune(schema: Schema, value: Json, resource = true): string[] {
  const removed: string[] = [];
  pruneValue(schema, value, '', resource, removed);
  return removed.sort();
}

function pruneValue(
  schema: Schema | undefined,
  value: Json,
  path: string,
  resource: boolean,
  removed: string[],
): void {
  if (typeof value !== 'object' || value === null) return;
  const keeps = schema?.['x-kubernetes-preserve-unknown-fields'] === true;
  if (Array.isArray(value)) {
    // Where unknown fields are kept, the items' schema decides only whether it keeps them too.
    const items = keeps && schema.items !== undefined ? keeping(schema.items) : schema?.items;
    if (keeps && items === undefined) return;
    for (const [index, item] of value.entries()) {
      pruneValue(
        items,
        item,
        itemPath(path, index),
        items?.['x-kubernetes-embedded-resource'] === true,
        removed,
      );
    }
    return;
  }
  pruneObject(schema, value, path, resource, keeps, removed);
}

function pruneObject(
  schema: Schema | undefined,
  object: JsonObject,
  path: string,
  resource: boolean,
  keeps: boolean,
  removed: string[],
): void {
  for (const [key, member] of Object.entries(object)) {
    if (resource && RESOURCE_MEMBERS.has(key)) continue;
    const own = schema === undefined ? undefined : memberSchema(schema, key);
    const named = own ?? (schema === undefined ? undefined : additionalSchema(schema));
    if (own !== undefined || schema?.additionalProperties !== undefined) {
      const embedded = named?.['x-kubernetes-embedded-resource'] === true;
      pruneValue(named, member, memberPath(path, key), embedded, removed);
    } else if (!keeps) {
      removed.push(memberPath(path, key));
      delete object[key];
    }
  }
}

function keeping(schema: Schema): Schema {
  return schema['x-kubernetes-preserve-unknown-fields'] === true
    ? schema
    : { ...schema, 'x-kubernetes-preserve-unknown-fields': true };
}
