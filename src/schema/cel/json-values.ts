import { parseDurationFormat } from '../go-duration.ts';
import { isInt64 } from '../go-format.ts';
import { isJsonObject, memberOf, equalJson } from '../json.ts';
import type { Json, JsonObject } from '../json.ts';
import { additionalSchema, memberSchema } from '../schema-members.ts';
import type { Schema } from '../schema.ts';
import { CelError } from './errors.ts';
import { escapeName } from './escape.ts';
import { visibleSchema } from './schema-type.ts';
import { parseTimestamp } from './timestamp.ts';
import { canonicalKey, CelList, CelMap, Duration, Opaque } from './values.ts';
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

/** The values of a map, all of one schema. */
class JsonMap extends CelMap {
  readonly #json: JsonObject;
  readonly #schema: Schema;
  readonly #values = new Map<string, CelValue>();
  /** Counting them takes as long as there are many, and a rule may ask for the size at each turn of a loop. */
  readonly #names: string[];

  constructor(schema: Schema, json: JsonObject) {
    super();
    this.#schema = schema;
    this.#json = json;
    this.#names = Object.keys(json);
  }

  get size(): number {
    return this.#names.length;
  }

  keys(): CelValue[] {
    return [...this.#names];
  }

  get(key: CelValue): CelValue | undefined {
    if (typeof key !== 'string') return undefined;
    return remembered(this.#values, key, this.#schema, memberOf(this.#json, key));
  }
}

/** The fields of an object, by their escaped names. A field that is null is as good as absent. */
class JsonFields extends CelMap {
  readonly #json: JsonObject;
  readonly #schema: Schema;
  /** By the name that a rule uses: the name in JSON. */
  readonly #names = new Map<string, string>();
  readonly #values = new Map<string, CelValue>();

  constructor(schema: Schema, json: JsonObject) {
    super();
    this.#schema = schema;
    this.#json = json;
    for (const [name, value] of Object.entries(json)) {
      if (value === null || memberSchema(schema, name) === undefined) continue;
      const escaped = escapeName(name);
      if (escaped !== undefined) this.#names.set(escaped, name);
    }
  }

  get size(): number {
    return this.#names.size;
  }

  keys(): CelValue[] {
    return [...this.#names.keys()];
  }

  get(key: CelValue): CelValue | undefined {
    const name = typeof key === 'string' ? this.#names.get(key) : undefined;
    if (typeof key !== 'string' || name === undefined) return undefined;
    return remembered(this.#values, key, memberSchema(this.#schema, name), memberOf(this.#json, name));
  }

  override get hidden(): JsonObject {
    const known = new Set(this.#names.values());
    const hidden = Object.entries(this.#json).filter(([name, value]) => value !== null && !known.has(name));
    return Object.fromEntries(hidden);
  }

  override identity(name: string): string {
    const value = memberOf(this.#json, name) ?? null;
    return String(typeof value === 'object' ? undefined : canonicalKey(value));
  }
}

function remembered(
  values: Map<string, CelValue>,
  key: string,
  schema: Schema | undefined,
  json: Json | undefined,
): CelValue | undefined {
  const known = values.get(key);
  if (known !== undefined || schema === undefined || json === undefined) return known;
  const value = jsonValue(schema, json);
  values.set(key, value);
  return value;
}

function objectValue(given: Schema, json: Json): CelValue {
  if (!isJsonObject(json)) {
    throw new CelError('invalid data, expected a map for the provided schema with type=object');
  }
  const schema = visibleSchema(given);
  const values = additionalSchema(schema);
  return schema.properties === undefined && values !== undefined
    ? new JsonMap(values, json)
    : new JsonFields(schema, json);
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
      return { kind: 'map', keys };
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
