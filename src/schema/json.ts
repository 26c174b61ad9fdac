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
