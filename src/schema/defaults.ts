import { copyJson, memberOf, setMember } from './json.ts';
import type { Json, JsonObject } from './json.ts';
import { additionalSchema, memberSchema, schemaOfMember } from './schema-members.ts';
import type { Schema } from './schema.ts';

/**
 * Sets, in place, what the schema has a default for and the object lacks (apiextensions' structural defaulting). A null
 * stays where the field is nullable; elsewhere it is replaced by the field's default, and dropped where there is none.
 */
export function applyDefaults(schema: Schema, value: Json): void {
  setDefaults(schema, value);
  dropNulls(schema, value);
}

function setDefaults(schema: Schema, value: Json): void {
  if (typeof value !== 'object' || value === null) return;
  if (Array.isArray(value)) {
    if (schema.items === undefined) return;
    for (const [index, item] of value.entries()) {
      if (item === null && takesDefault(schema.items)) value[index] = defaultFor(schema.items);
      setDefaults(schema.items, value[index] ?? null);
    }
    return;
  }
  setMemberDefaults(schema, value);
}

function setMemberDefaults(schema: Schema, object: JsonObject): void {
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    if (!hasDefault(property)) continue;
    const member = memberOf(object, name);
    if (member === undefined || (member === null && takesDefault(property))) {
      setMember(object, name, defaultFor(property));
    }
  }
  const values = additionalSchema(schema);
  for (const [key, member] of Object.entries(object)) {
    const property = memberSchema(schema, key);
    if (property !== undefined) {
      setDefaults(property, member);
    } else if (values !== undefined) {
      if (member === null && takesDefault(values)) setMember(object, key, defaultFor(values));
      setDefaults(values, memberOf(object, key) ?? null);
    }
  }
}

/** Nulls of list items stay: only an object's member can be dropped. */
function dropNulls(schema: Schema, value: Json): void {
  if (typeof value !== 'object' || value === null) return;
  if (Array.isArray(value)) {
    if (schema.items === undefined) return;
    for (const item of value) dropNulls(schema.items, item);
    return;
  }
  for (const [key, member] of Object.entries(value)) {
    const own = schemaOfMember(schema, key);
    if (own === undefined) continue;
    if (member === null && own.nullable !== true) delete value[key];
    else dropNulls(own, member);
  }
}

/** Whether a null gives way to the default. */
function takesDefault(schema: Schema): boolean {
  return hasDefault(schema) && schema.nullable !== true;
}

function hasDefault(schema: Schema): boolean {
  return schema.default !== undefined && schema.default !== null;
}

function defaultFor(schema: Schema): Json {
  return copyJson(schema.default ?? null);
}
