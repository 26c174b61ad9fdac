import {
  goJsonKind,
  isJsonObject,
  isQuantity,
  setMember,
  type Json,
  type JsonObject,
  type Schema,
} from '../../schema/index.ts';

/** A value whose type is not the field's: the message of Go's decoder. */
export class TypeMismatch extends Error {}

/**
 * Makes of an object what Go's decoder makes of it before a built-in kind sees it: members that the kind does not have
 * and nulls go, values of a wrong type are refused. Changes the object in place.
 *
 * @param typeName the name of the Go struct, which messages name: `ConfigMap`
 * @returns the paths of the members that went because the kind does not have them: `spec.bogus`
 * @throws TypeMismatch
 */
export function decodeTyped(object: JsonObject, schema: Schema, typeName: string): string[] {
  const unknown: string[] = [];
  decodeMembers(object, schema, { typeName, fields: '', path: '', unknown });
  return unknown;
}

/** Where a value stands: as Go's messages have it (struct and fields, no indexes), and as ours have it. */
interface Place {
  readonly typeName: string;
  readonly fields: string;
  readonly path: string;
  readonly unknown: string[];
}

function decodeMembers(object: JsonObject, schema: Schema, place: Place): void {
  const { properties, additionalProperties } = schema;
  for (const [key, value] of Object.entries(object)) {
    const member = properties !== undefined && Object.hasOwn(properties, key) ? properties[key] : undefined;
    const values = typeof additionalProperties === 'object' ? additionalProperties : undefined;
    if (member === undefined && values === undefined) {
      if (keepsUnknown(schema)) continue;
      place.unknown.push(place.path === '' ? key : `${place.path}.${key}`);
      delete object[key];
      continue;
    }
    const within: Place =
      member === undefined
        ? { ...place, path: `${place.path}.${key}` }
        : {
            ...place,
            fields: place.fields === '' ? key : `${place.fields}.${key}`,
            path: place.path === '' ? key : `${place.path}.${key}`,
          };
    const decoded = decodeValue(value, member ?? values ?? {}, within);
    if (decoded === undefined) delete object[key];
    else if (decoded !== value) setMember(object, key, decoded);
  }
}

/** @returns undefined where the member goes */
function decodeValue(value: Json, schema: Schema, place: Place): Json | undefined {
  if (value === null) return keepsUnknown(schema) ? null : undefined;
  if (schema['x-kubernetes-int-or-string'] === true) {
    if (typeof value === 'string' || isInteger(value)) return value;
    throw new TypeMismatch(`json: cannot unmarshal ${goJsonKind(value)} into Go value of type int32`);
  }
  if (schema.format === 'quantity') return decodeQuantity(value);
  switch (schema.type) {
    case 'string':
      if (typeof value !== 'string') throw mismatch(value, 'string', place);
      return decodeText(value, schema.format);
    case 'boolean':
      if (typeof value !== 'boolean') throw mismatch(value, 'bool', place);
      return value;
    case 'integer':
      if (!isInteger(value)) throw mismatch(value, schema.format === 'int64' ? 'int64' : 'int32', place);
      return value;
    case 'number':
      if (typeof value !== 'number') throw mismatch(value, 'float64', place);
      return value;
    case 'array':
      return decodeItems(value, schema, place);
    case 'object':
      if (!isJsonObject(value)) throw mismatch(value, goType(schema), place);
      decodeMembers(value, schema, schema.properties === undefined ? place : within(place, schema));
      return value;
    default:
      return value;
  }
}

function decodeItems(value: Json, schema: Schema, place: Place): Json {
  if (!Array.isArray(value)) throw mismatch(value, goType(schema), place);
  const items = schema.items ?? {};
  for (const [index, item] of value.entries()) {
    value[index] = decodeValue(item, items, { ...place, path: `${place.path}[${index}]` }) ?? zeroOf(items);
  }
  return value;
}

/** Inside a struct of its own name, Go names that one; fields go on. */
function within(place: Place, schema: Schema): Place {
  return schema.title === undefined ? place : { ...place, typeName: schema.title, fields: '' };
}

function keepsUnknown(schema: Schema): boolean {
  return (
    schema['x-kubernetes-preserve-unknown-fields'] === true ||
    schema.additionalProperties === true ||
    (schema.type === undefined && schema.properties === undefined)
  );
}

function zeroOf(schema: Schema): Json {
  switch (schema.type) {
    case 'string':
      return '';
    case 'boolean':
      return false;
    case 'integer':
    case 'number':
      return 0;
    case 'array':
      return [];
    default:
      return {};
  }
}

function isInteger(value: Json): boolean {
  return typeof value === 'number' && Number.isInteger(value);
}

function mismatch(value: Json, type: string, place: Place): TypeMismatch {
  return new TypeMismatch(
    `json: cannot unmarshal ${goJsonKind(value)} into Go struct field ${place.typeName}.${place.fields} of type ${type}`,
  );
}

function goType(schema: Schema): string {
  if (schema.type === 'array') return `[]${goType(schema.items ?? {})}`;
  if (schema.type === 'object') {
    if (schema.properties === undefined) return 'map[string]string';
    return schema.title === undefined ? 'v1.Object' : `v1.${schema.title}`;
  }
  if (schema.type === 'integer') return schema.format === 'int64' ? 'int64' : 'int32';
  return schema.type === 'boolean' ? 'bool' : 'string';
}

const RFC3339 = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})$/;
const MICRO_TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{6}(Z|[+-]\d{2}:\d{2})$/;

function decodeText(text: string, format: string | undefined): string {
  if (format === 'byte') checkBase64(text);
  else if (format === 'date-time') {
    if (!RFC3339.test(text)) throw badTime(text, '2006-01-02T15:04:05Z07:00', '2006');
    // Whole seconds are all that a Time keeps.
    return new Date(text).toISOString().replace(/\.\d{3}Z$/, 'Z');
  } else if (format === 'micro-time' && !MICRO_TIME.test(text)) {
    const layout = '2006-01-02T15:04:05.000000Z07:00';
    const rest = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(.*)$/s.exec(text)?.[1];
    throw rest === undefined ? badTime(text, layout, '2006') : badTime(text, layout, '.000000', rest);
  }
  return text;
}

function badTime(text: string, layout: string, element: string, rest = text): TypeMismatch {
  return new TypeMismatch(
    `parsing time ${JSON.stringify(text)} as ${JSON.stringify(layout)}: cannot parse ${JSON.stringify(rest)} as ${JSON.stringify(element)}`,
  );
}

/** @throws TypeMismatch with the offset of the first byte that is no base64, as Go has it */
function checkBase64(text: string): void {
  const clean = text.replaceAll(/[\r\n]/g, '');
  if (clean.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(clean)) return;
  const bad = /[^A-Za-z0-9+/\r\n]/.exec(text)?.index ?? text.length - (clean.length % 4);
  throw new TypeMismatch(`illegal base64 data at input byte ${bad}`);
}

function decodeQuantity(value: Json): Json {
  const text = typeof value === 'number' ? String(value) : value;
  if (typeof text === 'string' && text.length <= 64 && isQuantity(text)) return text;
  throw new TypeMismatch(
    "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
  );
}
