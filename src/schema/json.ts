/** A JSON value that a request's handling may change in place: pruned, defaulted, patched. */
export type Json = null | boolean | number | string | Json[] | JsonObject;

/** A JSON object; see {@link Json}. */
export interface JsonObject {
  [key: string]: Json;
}

/** Whether this is an object and neither null nor a list. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** What an object itself holds under this key: `__proto__` and `constructor` are keys like any other. */
export function memberOf(object: JsonObject, key: string): Json | undefined {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}

/** Sets a member whatever its key: plain assignment to `__proto__` would change the object's prototype instead. */
export function setMember(object: JsonObject, key: string, value: Json): void {
  if (key === '__proto__') {
    Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true });
  } else {
    object[key] = value;
  }
}

/** A deep copy. */
export function copyJson(value: Json): Json {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(copyJson);
  return copyObject(value);
}

/** A deep copy of an object. */
export function copyObject(object: JsonObject): JsonObject {
  const copy: JsonObject = {};
  for (const key of Object.keys(object)) setMember(copy, key, copyJson(object[key] ?? null));
  return copy;
}

/** Whether a value nests no deeper than `depth`; looks no further than that. */
export function isShallow(value: Json, depth: number): boolean {
  if (typeof value !== 'object' || value === null) return true;
  if (depth === 0) return false;
  return Object.values(value).every((child) => isShallow(child, depth - 1));
}

/** Whether two values are the same JSON; the order of an object's keys does not count. */
export function equalJson(one: Json, other: Json): boolean {
  return equal(one, other, Object.keys);
}

/** The same for values that may be absent, where null, as a member too, is as good as absent. */
export function sameJson(one: Json | undefined, other: Json | undefined): boolean {
  return equal(one ?? null, other ?? null, keysWithValues);
}

function keysWithValues(object: JsonObject): string[] {
  return Object.keys(object).filter((key) => (object[key] ?? null) !== null);
}

function equal(one: Json, other: Json, keysOf: (object: JsonObject) => string[]): boolean {
  if (one === other) return true;
  if (typeof one !== 'object' || typeof other !== 'object' || one === null || other === null) return false;
  if (Array.isArray(one)) {
    return (
      Array.isArray(other) &&
      one.length === other.length &&
      one.every((item, index) => equal(item, other[index] ?? null, keysOf))
    );
  }
  if (Array.isArray(other)) return false;
  const keys = keysOf(one);
  return (
    keys.length === keysOf(other).length &&
    keys.every((key) => Object.hasOwn(other, key) && equal(one[key] ?? null, other[key] ?? null, keysOf))
  );
}
