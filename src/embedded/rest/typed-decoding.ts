import {
  goJsonKind,
  isJsonObject,
  isQuantity,
  printValue,
  setMember,
  type Json,
  type JsonObject,
  type Schema,
} from '../../schema/index.ts';
import { checkMicroTime, readTime } from './go-time.ts';
import { MAX_PROBLEMS } from './json-scan.ts';
import { TypeMismatch } from './type-mismatch.ts';

/**
 * Makes of an object what Go's decoder makes of it before a built-in kind sees it: members that the kind does not have
 * and nulls go, values of a wrong type are refused. Changes the object in place.
 *
 * @param typeName the name of the Go struct, which messages name: `ConfigMap`
 * @returns the paths of the members that went because the kind does not have them, `spec.bogus`; not more than anyone reads
 * @throws TypeMismatch
 */
export function decodeTyped(object: JsonObject, schema: Schema, typeName: string): string[] {
  const unknown: string[] = [];
  decodeMembers(object, schema, { typeName, outer: undefined, step: '', isField: false, unknown });
  return unknown;
}

/** Where a value stands. Only messages put it into words, so only they pay for that. */
interface Place {
  /** The innermost struct. */
  readonly typeName: string;
  /** Undefined at the root. */
  readonly outer: Place | undefined;
  readonly step: string | number;
  /** The step is to a struct's field, and not to an entry of a map or a list. */
  readonly isField: boolean;
  readonly unknown: string[];
}

/** As our messages have it: `spec.containers[0].env`. */
function pathOf({ outer, step, isField }: Place): string {
  if (outer === undefined) return '';
  const before = pathOf(outer);
  if (typeof step === 'number') return `${before}[${step}]`;
  return isField && before === '' ? step : `${before}.${step}`;
}

/** As Go's messages have it, without indexes and keys: `spec.containers.env`. */
function goFieldsOf({ outer, step, isField }: Place): string {
  if (outer === undefined) return '';
  const before = goFieldsOf(outer);
  if (!isField) return before;
  return before === '' ? String(step) : `${before}.${step}`;
}

function decodeMembers(object: JsonObject, schema: Schema, place: Place): void {
  const { properties, additionalProperties } = schema;
  for (const [key, value] of Object.entries(object)) {
    const member = properties !== undefined && Object.hasOwn(properties, key) ? properties[key] : undefined;
    const values = typeof additionalProperties === 'object' ? additionalProperties : undefined;
    if (member === undefined && values === undefined) {
      if (keepsUnknown(schema)) continue;
      if (place.unknown.length < MAX_PROBLEMS) place.unknown.push(pathOf(below(place, key, true)));
      delete object[key];
      continue;
    }
    const decoded = decodeValue(value, member ?? values ?? {}, below(place, key, member !== undefined));
    if (decoded === undefined) delete object[key];
    else if (decoded !== value) setMember(object, key, decoded);
  }
}

function below(outer: Place, step: string | number, isField: boolean): Place {
  return { typeName: outer.typeName, outer, step, isField, unknown: outer.unknown };
}

/** @returns undefined where the member goes */
function decodeValue(value: Json, schema: Schema, place: Place): Json | undefined {
  if (value === null) return keepsUnknown(schema) ? null : undefined;
  if (schema['x-kubernetes-int-or-string'] === true) {
    if (typeof value === 'string' || isInteger(value, 'int32')) return value;
    throw new TypeMismatch(`json: cannot unmarshal ${describeWhole(value)} into Go value of type int32`);
  }
  if (schema.format === 'quantity') return decodeQuantity(value);
  switch (schema.type) {
    case 'string':
      if (typeof value !== 'string') throw mismatch(value, 'string', place);
      return decodeText(value, schema.format);
    case 'boolean':
      if (typeof value !== 'boolean') throw mismatch(value, 'bool', place);
      return value;
    case 'integer': {
      const type = schema.format === 'int64' ? 'int64' : 'int32';
      if (!isInteger(value, type)) throw mismatch(value, type, place, describeWhole(value));
      return value;
    }
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
    value[index] = decodeValue(item, items, below(place, index, false)) ?? zeroOf(items);
  }
  return value;
}

/** Go names the innermost struct, and the fields from the outermost: `EnvVar.spec.containers.env.value`. */
function within(place: Place, schema: Schema): Place {
  return schema.title === undefined ? place : { ...place, typeName: schema.title };
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

const MOST: Readonly<Record<'int32' | 'int64', number>> = { int32: 2 ** 31, int64: 2 ** 63 };

function isInteger(value: Json, type: 'int32' | 'int64'): boolean {
  return typeof value === 'number' && Number.isInteger(value) && value >= -MOST[type] && value < MOST[type];
}

function mismatch(value: Json, type: string, place: Place, what = goJsonKind(value)): TypeMismatch {
  return new TypeMismatch(
    `json: cannot unmarshal ${what} into Go struct field ${place.typeName}.${goFieldsOf(place)} of type ${type}`,
  );
}

/** Go names a number that does not fit, but not one where none is wanted. */
function describeWhole(value: Json): string {
  return typeof value === 'number' ? `number ${printValue(value)}` : goJsonKind(value);
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

function decodeText(text: string, format: string | undefined): string {
  if (format === 'byte') checkBase64(text);
  else if (format === 'date-time') return readTime(text);
  else if (format === 'micro-time') checkMicroTime(text);
  return text;
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
