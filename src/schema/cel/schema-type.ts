import { additionalSchema } from '../schema-members.ts';
import type { Schema } from '../schema.ts';
import { escapeName } from './escape.ts';
import { BOOL, BYTES, DOUBLE, DURATION, DYN, INT, listOf, mapOf, STRING, TIMESTAMP } from './type.ts';
import type { CelType } from './type.ts';

/** What rules know of a resource beside what its schema says. */
const RESOURCE_SCHEMA: Schema = {
  type: 'object',
  properties: {
    apiVersion: { type: 'string' },
    kind: { type: 'string' },
    metadata: {
      type: 'object',
      properties: { name: { type: 'string' }, generateName: { type: 'string' } },
    },
  },
};

/** One type for one schema: types of objects are told apart by their identity. */
const types = new WeakMap<Schema, CelType | 'none'>();
const resources = new WeakMap<Schema, Schema>();

/**
 * The type under which rules see values of a schema (k8s.io/apiserver/pkg/cel/common SchemaDeclType); undefined for what
 * they cannot see: values without a type whose unknown fields are kept, and lists and maps of such.
 */
export function schemaType(schema: Schema): CelType | undefined {
  const known = types.get(schema);
  if (known !== undefined) return known === 'none' ? undefined : known;
  const type = makeType(schema);
  types.set(schema, type ?? 'none');
  return type;
}

/** The schema of a whole resource as rules see it: with apiVersion, kind, and of metadata the name only. */
export function resourceSchema(schema: Schema): Schema {
  let resource = resources.get(schema);
  if (resource === undefined) {
    const properties = { ...schema.properties, ...RESOURCE_SCHEMA.properties };
    resource = { ...schema, type: 'object', properties };
    resources.set(schema, resource);
  }
  return resource;
}

/** The schema as rules see it: an embedded resource has its implied members. */
export function visibleSchema(schema: Schema): Schema {
  return schema['x-kubernetes-embedded-resource'] === true ? resourceSchema(schema) : schema;
}

function makeType(given: Schema): CelType | undefined {
  const schema = visibleSchema(given);
  if (schema['x-kubernetes-int-or-string'] === true) return DYN;
  switch (schema.type) {
    case 'array': {
      const element = schema.items === undefined ? undefined : schemaType(schema.items);
      return element === undefined ? undefined : listOf(element);
    }
    case 'object':
      return objectType(schema);
    case 'string':
      return stringType(schema.format);
    case 'boolean':
      return BOOL;
    case 'number':
      return DOUBLE;
    case 'integer':
      return INT;
    default:
      return undefined;
  }
}

function objectType(schema: Schema): CelType | undefined {
  const values = additionalSchema(schema);
  if (values !== undefined) {
    const value = schemaType(values);
    return value === undefined ? undefined : mapOf(STRING, value);
  }
  const fields = new Map<string, CelType>();
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    const type = schemaType(property);
    const escaped = escapeName(name);
    if (type !== undefined && escaped !== undefined) fields.set(escaped, type);
  }
  return { kind: 'object', fields };
}

function stringType(format: string | undefined): CelType {
  switch (format) {
    case 'byte':
      return BYTES;
    case 'duration':
      return DURATION;
    case 'date':
    case 'date-time':
      return TIMESTAMP;
    default:
      return STRING;
  }
}
