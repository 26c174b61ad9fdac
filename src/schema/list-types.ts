import { duplicateValue, invalidValue } from './field-error.ts';
import type { FieldError } from './field-error.ts';
import { isJsonObject, memberOf, setMember } from './json.ts';
import type { Json, JsonObject } from './json.ts';
import { itemPath, keyPath, memberPath } from './path.ts';
import { goJson } from './go-format.ts';
import { additionalSchema, memberSchema } from './schema-members.ts';
import type { Schema } from './schema.ts';

/**
 * Checks that no item of a list of type set, and no key of a list of type map, comes twice; only its second coming is an
 * error. Of an update, the lists of the old object must be fine, or those of the new one are not looked at.
 */
export function validateListTypes(schema: Schema, object: Json, old?: Json): FieldError[] {
  if (old !== undefined && listErrors(schema, old, '').length > 0) return [];
  return listErrors(schema, object, '');
}

function listErrors(schema: Schema, value: Json, path: string): FieldError[] {
  if (Array.isArray(value)) {
    const { items } = schema;
    const own = duplicates(schema, value, path);
    if (items === undefined) return own;
    return [...own, ...value.flatMap((item, index) => listErrors(items, item, itemPath(path, index)))];
  }
  if (!isJsonObject(value)) return [];
  const values = additionalSchema(schema);
  return Object.entries(value).flatMap(([name, member]) => {
    if (values !== undefined) return listErrors(values, member, keyPath(path, name));
    const property = memberSchema(schema, name);
    return property === undefined ? [] : listErrors(property, member, memberPath(path, name));
  });
}

function duplicates(schema: Schema, list: readonly Json[], path: string): FieldError[] {
  switch (schema['x-kubernetes-list-type']) {
    case 'set':
      return secondComings(list).map((index) => duplicateValue(itemPath(path, index), list[index] ?? null));
    case 'map':
      return duplicateKeys(schema['x-kubernetes-list-map-keys'] ?? [], list, path);
    default:
      return [];
  }
}

function duplicateKeys(names: readonly string[], list: readonly Json[], path: string): FieldError[] {
  const bad = list.findIndex((item) => item !== null && !isJsonObject(item));
  if (bad >= 0) {
    return [invalidValue(itemPath(path, bad), list[bad], 'must be an object for an array of list-type map')];
  }
  const keys = list.map((item) => {
    const key: JsonObject = {};
    if (!isJsonObject(item)) return key;
    for (const name of names) {
      const value = memberOf(item, name);
      if (value !== undefined) setMember(key, name, value);
    }
    return key;
  });
  return secondComings(keys).map((index) => duplicateValue(itemPath(path, index), keys[index] ?? null));
}

/** Where a value comes for the second time; third and later comings are not told again. */
function secondComings(values: readonly Json[]): number[] {
  const seen = new Map<string, number>();
  return [...values.keys()].filter((index) => {
    const text = goJson(values[index] ?? null);
    const times = seen.get(text) ?? 0;
    seen.set(text, times + 1);
    return times === 1;
  });
}
