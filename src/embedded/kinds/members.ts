import { objectAt, textAt, valueAt } from '../../schema/index.ts';
import type { Json, JsonObject } from '../../schema/index.ts';

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
