import { isJsonObject } from '../../schema/index.ts';
import type { Json, JsonObject } from '../../schema/index.ts';

/** The member at the end of `path`; undefined where anything on the way is absent or no object. */
export function valueAt(value: Json | undefined, ...path: readonly string[]): Json | undefined {
  let current = value;
  for (const key of path) {
    if (!isJsonObject(current) || !Object.hasOwn(current, key)) return undefined;
    current = current[key];
  }
  return current;
}

/** The object at the end of `path`, if there is one. */
export function objectAt(value: Json | undefined, ...path: readonly string[]): JsonObject | undefined {
  const found = valueAt(value, ...path);
  return isJsonObject(found) ? found : undefined;
}

/** The list at the end of `path`; an empty one if there is none. */
export function listAt(value: Json | undefined, ...path: readonly string[]): Json[] {
  const found = valueAt(value, ...path);
  return Array.isArray(found) ? found : [];
}

/** The objects in the list at the end of `path`. */
export function objectsAt(value: Json | undefined, ...path: readonly string[]): JsonObject[] {
  return listAt(value, ...path).filter(isJsonObject);
}

/** The text at the end of `path`; '' if there is none, as Go's zero value is. */
export function textAt(value: Json | undefined, ...path: readonly string[]): string {
  const found = valueAt(value, ...path);
  return typeof found === 'string' ? found : '';
}

/** The texts in the list at the end of `path`. */
export function textsAt(value: Json | undefined, ...path: readonly string[]): string[] {
  return listAt(value, ...path).filter((item) => typeof item === 'string');
}

/** The number at the end of `path`, if there is one. */
export function numberAt(value: Json | undefined, ...path: readonly string[]): number | undefined {
  const found = valueAt(value, ...path);
  return typeof found === 'number' ? found : undefined;
}

/** Whether `true` is at the end of `path`. */
export function isTrueAt(value: Json | undefined, ...path: readonly string[]): boolean {
  return valueAt(value, ...path) === true;
}

/** The object in member `key`, which is made if it is absent. */
export function ensureObject(parent: JsonObject, key: string): JsonObject {
  const present = objectAt(parent, key);
  if (present !== undefined) return present;
  const made: JsonObject = {};
  parent[key] = made;
  return made;
}

/** Sets member `key` where it is absent or null. */
export function setDefault(object: JsonObject, key: string, value: Json): void {
  if (!Object.hasOwn(object, key) || object[key] === null) object[key] = value;
}

/** Sets the text in member `key` where it is absent, null or empty: Go cannot tell these apart. */
export function setDefaultText(object: JsonObject, key: string, text: string): void {
  if (textAt(object, key) === '') object[key] = text;
}

/** Sets member `key`, or removes it if there is no value. */
export function setOrRemove(object: JsonObject, key: string, value: Json | undefined): void {
  if (value === undefined) delete object[key];
  else object[key] = value;
}

/** The members of these names that an object has, in this order. */
export function inOrder(object: JsonObject, names: readonly string[]): JsonObject {
  const ordered: JsonObject = {};
  for (const name of names) {
    const value = valueAt(object, name);
    if (value !== undefined) ordered[name] = value;
  }
  return ordered;
}

/** Whether two values are the same JSON: the order of members does not matter; null is as good as absent. */
export function sameJson(left: Json | undefined, right: Json | undefined): boolean {
  if (left === right) return true;
  if (left === undefined || left === null) return right === undefined || right === null;
  if (right === undefined || right === null) return false;
  if (Array.isArray(left)) {
    if (!Array.isArray(right) || left.length !== right.length) return false;
    return left.every((item, index) => sameJson(item, right[index]));
  }
  if (!isJsonObject(left) || !isJsonObject(right)) return false;
  for (const key of Object.keys(left)) {
    if (!sameJson(left[key], Object.hasOwn(right, key) ? right[key] : undefined)) return false;
  }
  return Object.keys(right).every(
    (key) => Object.hasOwn(left, key) || right[key] === null || right[key] === undefined,
  );
}
