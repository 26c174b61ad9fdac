import type { Schema } from './schema.ts';

/** The schema of a named property, if the schema has one: `constructor` is a name like any other. */
export function memberSchema(schema: Schema, name: string): Schema | undefined {
  const { properties } = schema;
  return properties !== undefined && Object.hasOwn(properties, name) ? properties[name] : undefined;
}

/** The schema of the values of a map; undefined also for `additionalProperties: true`. */
export function additionalSchema(schema: Schema): Schema | undefined {
  return typeof schema.additionalProperties === 'object' ? schema.additionalProperties : undefined;
}

/** The schema of the member of this name, be it a property or a map's value. */
export function schemaOfMember(schema: Schema, name: string): Schema | undefined {
  return memberSchema(schema, name) ?? additionalSchema(schema);
}
