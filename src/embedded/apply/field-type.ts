import { goJson, type Json, type Schema } from '../../schema/index.ts';

/**
 * What a place of an object may hold and how that is owned: as a whole (`atomic`, and every scalar) or piece by piece. Most
 * types allow one of the three; a type that nothing is said about allows all.
 */
export interface FieldType {
  readonly scalar?: ScalarType;
  readonly list?: ListType;
  readonly map?: MapType;
}

export type ScalarType = 'string' | 'numeric' | 'boolean' | 'untyped';

export interface ListType {
  readonly atomic: boolean;
  /** What identifies an item, in the order of names; none where the item itself does (a set). */
  readonly keys: readonly KeyField[];
  readonly items: FieldType;
}

export interface KeyField {
  readonly name: string;
  /** The canonical JSON of the value that an item without this member has; undefined if it must have one. */
  readonly fallback: string | undefined;
}

export interface MapType {
  readonly atomic: boolean;
  /** Declared members. */
  readonly fields: ReadonlyMap<string, FieldType>;
  /** All others; undefined if there may be none. */
  readonly others: FieldType | undefined;
}

const ANY_ATOMIC: FieldType = {
  scalar: 'untyped',
  list: {
    atomic: true,
    keys: [],
    get items() {
      return ANY_ATOMIC;
    },
  },
  map: {
    atomic: true,
    fields: new Map(),
    get others() {
      return ANY_ATOMIC;
    },
  },
};

/** Of values that no schema describes: objects are owned member by member, lists as a whole. */
export const DEDUCED: FieldType = {
  scalar: 'untyped',
  list: { atomic: true, keys: [], items: ANY_ATOMIC },
  map: {
    atomic: false,
    fields: new Map(),
    get others() {
      return DEDUCED;
    },
  },
};

/**
 * What a schema says of ownership, as k8s.io/kube-openapi's schemaconv reads it: lists are atomic unless their list type, or
 * else their patch strategy, says otherwise; objects are not; what is below `x-kubernetes-preserve-unknown-fields` may have
 * members that are not declared. Each schema is read once.
 */
export function fieldTypeOf(schema: Schema): FieldType {
  return typeOf(schema, false);
}

const known = new WeakMap<Schema, FieldType>();
const knownPreserving = new WeakMap<Schema, FieldType>();

function typeOf(schema: Schema, inherited: boolean): FieldType {
  const preserves = inherited || schema['x-kubernetes-preserve-unknown-fields'] === true;
  const cache = preserves ? knownPreserving : known;
  const cached = cache.get(schema);
  if (cached !== undefined) return cached;
  // Known before it is filled: it may contain itself.
  const type: { scalar?: ScalarType; list?: ListType; map?: MapType } = {};
  cache.set(schema, type);
  switch (schema.type) {
    case 'object':
      type.map = mapTypeOf(schema, preserves);
      break;
    case 'array':
      type.list = listTypeOf(schema, preserves);
      break;
    case 'integer':
    case 'number':
      type.scalar = 'numeric';
      break;
    case 'boolean':
      type.scalar = 'boolean';
      break;
    case 'string':
      type.scalar = schema.format === undefined || schema.format === 'byte' ? 'string' : 'untyped';
      break;
    default:
      if (schema.properties === undefined) Object.assign(type, DEDUCED);
      else type.map = mapTypeOf(schema, preserves);
  }
  return type;
}

function mapTypeOf(schema: Schema, preserves: boolean): MapType {
  const properties = Object.entries(schema.properties ?? {});
  const fields = new Map(properties.map(([name, property]) => [name, typeOf(property, preserves)]));
  const rest = schema.additionalProperties;
  let others: FieldType | undefined;
  if (typeof rest === 'object') others = typeOf(rest, preserves);
  else if (rest === true) others = DEDUCED;
  else if (rest === undefined && (preserves || fields.size === 0)) others = DEDUCED;
  // apiVersion, kind and metadata of an embedded object need not be declared.
  else if (schema['x-kubernetes-embedded-resource'] === true) others = DEDUCED;
  return { atomic: schema['x-kubernetes-map-type'] === 'atomic', fields, others };
}

function listTypeOf(schema: Schema, preserves: boolean): ListType {
  const items = schema.items === undefined ? ANY_ATOMIC : typeOf(schema.items, preserves);
  const keys = keysOf(schema);
  return { atomic: keys === undefined, keys: keys ?? [], items };
}

/** The names of the keys of a list that is owned item by item; none for a set; undefined for an atomic list. */
function keysOf(schema: Schema): KeyField[] | undefined {
  switch (schema['x-kubernetes-list-type']) {
    case 'map':
      return keyFields(schema, schema['x-kubernetes-list-map-keys'] ?? []);
    case 'set':
      return holdsScalars(schema) ? [] : undefined;
    case 'atomic':
      return undefined;
    default:
  }
  if (schema['x-kubernetes-patch-strategy']?.split(',').includes('merge') !== true) return undefined;
  const key = schema['x-kubernetes-patch-merge-key'];
  if (key !== undefined) return keyFields(schema, [key]);
  return holdsScalars(schema) ? [] : undefined;
}

function holdsScalars(schema: Schema): boolean {
  return schema.items?.type !== 'object' && schema.items?.type !== 'array';
}

function keyFields(schema: Schema, names: readonly string[]): KeyField[] | undefined {
  if (names.length === 0) return undefined;
  return [...names].sort().map((name) => {
    const fallback: Json | undefined = schema.items?.properties?.[name]?.default;
    return { name, fallback: fallback === undefined ? undefined : goJson(fallback) };
  });
}
