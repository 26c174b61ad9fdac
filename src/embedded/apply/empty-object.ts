import {
  isJsonObject,
  memberOf,
  setMember,
  type Json,
  type JsonObject,
  type Schema,
} from '../../schema/index.ts';

/**
 * What a new object of a built-in kind has although no one set it, so that no one owns it: Go writes structs and required
 * members even if they are empty. Schemas do not tell which members are structs and which are pointers to them; in
 * Kubernetes' API, required ones and those of {@link STRUCTS} are structs, and what is null although it was not sent is
 * written always.
 *
 * @param object - the object that is created, after its defaults are set
 */
export function emptyObject(schema: Schema, object: JsonObject): JsonObject {
  const empty: JsonObject = {};
  for (const name of Object.keys(object)) if (object[name] === null) setMember(empty, name, null);
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    if (schema.required?.includes(name) !== true && !STRUCTS.has(name)) continue;
    const value = emptyValue(property, memberOf(object, name));
    if (value !== undefined) setMember(empty, name, value);
  }
  return empty;
}

const STRUCTS: ReadonlySet<string> = new Set([
  'acceptedNames',
  'loadBalancer',
  'metadata',
  'names',
  'source',
  'spec',
  'status',
  'strategy',
  'template',
  'updateStrategy',
]);

function emptyValue(schema: Schema, value: Json | undefined): Json | undefined {
  switch (schema.type) {
    case 'object':
      if (schema.properties === undefined) return null;
      return emptyObject(schema, isJsonObject(value) ? value : {});
    case 'array':
      return null;
    case 'string':
      return '';
    case 'integer':
    case 'number':
      return 0;
    case 'boolean':
      return false;
    default:
      return undefined;
  }
}
