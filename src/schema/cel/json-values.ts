import { parseDurationFormat } from '../go-duration.ts';
import { isInt64 } from '../go-format.ts';
import { isJsonObject, memberOf, equalJson } from '../json.ts';
import type { Json, JsonObject } from '../json.ts';
import { additionalSchema } from '../schema-members.ts';
import type { Schema } from '../schema.ts';
import { CelError } from './errors.ts';
import { escapeName } from './escape.ts';
import { visibleSchema } from './schema-type.ts';
import { parseTimestamp } from './timestamp.ts';
import { CelList, CelMap, Duration, Opaque } from './values.ts';
import type { CelValue, ListSemantics, Timestamp } from './values.ts';

/**
 * A JSON value as rules see it, by its schema (k8s.io/apiserver/pkg/cel/common UnstructuredToVal). Parts are converted
 * when a rule looks at them.
 *
 * @throws CelError if the value is not of its schema's type
 */
export function jsonValue(schema: Schema, json: Json): CelValue {
  if (json === null) {
    if (schema.nullable === true) return null;
    throw new CelError('invalid data, got null for schema with nullable=false');
  }
  if (schema['x-kubernetes-int-or-string'] === true) {
    if (typeof json === 'string') return json;
    if (typeof json === 'number' && isInt64(json)) return BigInt(json);
    throw new CelError('invalid data, expected XIntOrString value to be either a string or integer');
  }
  switch (schema.type) {
    case 'object':
      return objectValue(schema, json);
    case 'array':
      return listValue(schema, json);
    case 'string':
      return stringValue(schema, json);
    case 'number':
      if (typeof json === 'number') return json;
      throw new CelError(`invalid data, expected float, got ${goTypeOf(json)}`);
    case 'integer':
      if (typeof json === 'number' && isInt64(json)) return BigInt(json);
      throw new CelError(`invalid data, expected int, got ${goTypeOf(json)}`);
    case 'boolean':
      if (typeof json === 'boolean') return json;
      throw new CelError(`invalid data, expected bool, got ${goTypeOf(json)}`);
    default:
      // Data without a type can only be compared.
      return new Opaque('unknown', json, (other) => equalJson(json, other));
  }
}

class JsonList extends CelList {
  readonly #schema: Schema;
  readonly #items: readonly Json[];
  readonly #values: (CelValue | undefined)[] = [];

  constructor(schema: Schema, items: readonly Json[], semantics: ListSemantics) {
    super(semantics);
    this.#schema = schema;
    this.#items = items;
  }

  get size(): number {
    return this.#items.length;
  }

  at(index: number): CelValue {
    const item = this.#items[index];
    if (item === undefined) throw new CelError(`index out of bounds: ${index}`);
    let value = this.#values[index];
    if (value === undefined) {
      value = jsonValue(this.#schema, item);
      this.#values[index] = value;
    }
    return value;
  }
}

/** The members of an object, each with its schema; those of an object type are known by their escaped names. */
class JsonMap extends CelMap {
  readonly #json: JsonObject;
  /** By the name that a rule uses: the name in JSON. */
  readonly #names: ReadonlyMap<string, string>;
  readonly #schemaOf: (name: string) => Schema | undefined;
  readonly #values = new Map<string, CelValue>();

  constructor(
    json: JsonObject,
    names: ReadonlyMap<string, string>,
    schemaOf: (name: string) => Schema | undefined,
  ) {
    super();
    this.#json = json;
    this.#names = names;
    this.#schemaOf = schemaOf;
  }

  get size(): number {
    return this.#names.size;
  }

  keys(): CelValue[] {
    return [...this.#names.keys()];
  }

  get(key: CelValue): CelValue | undefined {
    if (typeof key !== 'string') return undefined;
    const known = this.#values.get(key);
    if (known !== undefined) return known;
    const name = this.#names.get(key);
    const schema = name === undefined ? undefined : this.#schemaOf(name);
    const json = name === undefined ? undefined : memberOf(this.#json, name);
    if (schema === undefined || json === undefined) return undefined;
    const value = jsonValue(schema, json);
    this.#values.set(key, value);
    return value;
  }
}

function objectValue(given: Schema, json: Json): CelValue {
  if (!isJsonObject(json))
    throw new CelError('invalid data, expected a map for the provided schema with type=object');
  const schema = visibleSchema(given);
  const names = Object.keys(json);
  const values = additionalSchema(schema);
  if (schema.properties === undefined && values !== undefined) {
    return new JsonMap(json, new Map(names.map((name) => [name, name])), () => values);
  }
  const properties = schema.properties ?? {};
  const known = new Map<string, string>();
  for (const name of names) {
    const escaped = Object.hasOwn(properties, name) ? escapeName(name) : undefined;
    if (escaped !== undefined) known.set(escaped, name);
  }
  return new JsonMap(json, known, (name) => properties[name]);
}

function listValue(schema: Schema, json: Json): CelValue {
  if (!Array.isArray(json))
    throw new CelError('invalid data, expected an array for the provided schema with type=array');
  if (schema.items === undefined)
    throw new CelError('invalid array type, expected Items with a non-empty Schema');
  return new JsonList(schema.items, json, semanticsOf(schema));
}

function semanticsOf(schema: Schema): ListSemantics {
  switch (schema['x-kubernetes-list-type']) {
    case 'set':
      return { kind: 'set' };
    case 'map': {
      const keys = schema['x-kubernetes-list-map-keys'] ?? [];
      return { kind: 'map', keys: keys.map((key) => escapeName(key) ?? key) };
    }
    default:
      return { kind: 'atomic' };
  }
}

function stringValue(schema: Schema, json: Json): CelValue {
  if (typeof json !== 'string') throw new CelError(`invalid data, expected string, got ${goTypeOf(json)}`);
  switch (schema.format) {
    case 'byte':
      return Buffer.from(json, 'base64');
    case 'duration': {
      const nanoseconds = parseDurationFormat(json);
      if (nanoseconds === undefined)
        throw new CelError(`Invalid duration ${json}: unable to parse ${json} as duration`);
      return new Duration(nanoseconds);
    }
    case 'date':
      return timestampOf(`${json}T00:00:00Z`, `Invalid date formatted string ${json}`);
    case 'date-time':
      return timestampOf(json.toUpperCase(), `Invalid date-time formatted string ${json}`);
    default:
      return json;
  }
}

function timestampOf(text: string, problem: string): Timestamp {
  const timestamp = parseTimestamp(text);
  if (timestamp === undefined) throw new CelError(problem);
  return timestamp;
}

function goTypeOf(json: Json): string {
  if (json === null) return '<nil>';
  if (typeof json === 'boolean') return 'bool';
  if (typeof json === 'string') return 'string';
  if (typeof json === 'number') return isInt64(json) ? 'int64' : 'float64';
  return Array.isArray(json) ? '[]interface {}' : 'map[string]interface {}';
}
