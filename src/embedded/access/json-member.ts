import { isJsonObject, type Json, type JsonObject } from '../../schema/index.ts';

/** The value at a path of member names; undefined where there is none. */
export function memberAt(object: Json | undefined, ...path: readonly string[]): Json | undefined {
  let value = object;
  for (const name of path) value = isJsonObject(value) ? value[name] : undefined;
  return value;
}

/** The text at a path; empty where there is none. */
export function textAt(object: Json | undefined, ...path: readonly string[]): string {
  const value = memberAt(object, ...path);
  return typeof value === 'string' ? value : '';
}

/** The object at a path; undefined where there is none. */
export function objectAt(object: Json | undefined, ...path: readonly string[]): JsonObject | undefined {
  const value = memberAt(object, ...path);
  return isJsonObject(value) ? value : undefined;
}

/** The list at a path; empty where there is none. */
export function listAt(object: Json | undefined, ...path: readonly string[]): readonly Json[] {
  const value = memberAt(object, ...path);
  return Array.isArray(value) ? value : [];
}

/** The texts in the list at a path. */
export function textsAt(object: Json | undefined, ...path: readonly string[]): string[] {
  return listAt(object, ...path).filter((item) => typeof item === 'string');
}

/** Reads any stored object: `get('v1', 'Namespace', '', 'default')`; undefined if absent. */
export type ReadObject = (
  apiVersion: string,
  kind: string,
  namespace: string,
  name: string,
) => JsonObject | undefined;
