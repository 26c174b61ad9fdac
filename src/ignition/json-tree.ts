import { JsonArray, JsonNumber, JsonObject } from './json-text.ts';

/**
 * One view of decoded input, so that the decoder and the unused-key check read JSON text (with places) and plain
 * values (the `spec.config` of a MachineConfig, decoded elsewhere) alike.
 */
export type Shape = 'object' | 'array' | 'string' | 'number' | 'bool' | 'null';

/** What kind of JSON value this is. */
export function shapeOf(value: unknown): Shape {
  switch (typeof value) {
    case 'string':
      return 'string';
    case 'boolean':
      return 'bool';
    case 'number':
    case 'bigint':
      return 'number';
    default:
      if (value === null || value === undefined) return 'null';
      if (value instanceof JsonNumber) return 'number';
      return value instanceof JsonArray || Array.isArray(value) ? 'array' : 'object';
  }
}

/** The keys of an object in input order; a duplicate key appears once per occurrence. */
export function keysOf(value: unknown): readonly string[] {
  if (value instanceof JsonObject) return value.keys;
  return shapeOf(value) === 'object' ? Object.keys(value as object) : [];
}

/** The values of an object, one for each of {@link keysOf}. */
export function valuesOf(value: unknown): readonly unknown[] {
  if (value instanceof JsonObject) return value.values;
  return shapeOf(value) === 'object' ? Object.values(value as object) : [];
}

/** The entries of an array. */
export function itemsOf(value: unknown): readonly unknown[] {
  if (value instanceof JsonArray) return value.values;
  return Array.isArray(value) ? (value as readonly unknown[]) : [];
}

/** The member of this exact name; the last of duplicates. Undefined when there is none. */
export function memberOf(value: unknown, key: string): unknown {
  if (value instanceof JsonObject) return value.values[value.keys.lastIndexOf(key)];
  return shapeOf(value) === 'object' && Object.hasOwn(value as object, key)
    ? (value as Readonly<Record<string, unknown>>)[key]
    : undefined;
}

/** A number as it was written. */
export function literalOf(value: unknown): string {
  return value instanceof JsonNumber ? value.literal : String(value);
}
