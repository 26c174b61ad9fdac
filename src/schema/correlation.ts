import { isJsonObject, memberOf } from './json.ts';
import type { Json, JsonObject } from './json.ts';
import type { Schema } from './schema.ts';

/** The value that stood in a value's place before an update, where there was one that can be told. */
export interface Old {
  readonly value: Json;
}

/** There was none, or it cannot be told which. */
export const NO_OLD: Old = { value: null };

/** What stood at a member of this name. */
export function oldMember(old: Old, name: string): Old {
  if (old === NO_OLD || !isJsonObject(old.value)) return NO_OLD;
  const value = memberOf(old.value, name);
  return value === undefined ? NO_OLD : { value };
}

/** Finds what stood at the item of a list: by its keys in a list of type map; nothing can be told of sets. */
export type ItemFinder = (item: Json, index: number) => Old;

/**
 * How the items of a list are told again in the list before an update.
 *
 * @param byIndex whether the items of a list without a type are told by their index (ratcheting), or not at all (CEL)
 */
export function itemFinder(schema: Schema, old: Old, byIndex: boolean): ItemFinder {
  const list = old === NO_OLD || !Array.isArray(old.value) ? undefined : old.value;
  const type = schema['x-kubernetes-list-type'];
  if (list === undefined) return () => NO_OLD;
  if (type === 'map') return keyedFinder(schema['x-kubernetes-list-map-keys'] ?? [], list);
  if (type !== undefined || !byIndex) return () => NO_OLD;
  return (_, index) => {
    const value = list[index];
    return value === undefined || value === null ? NO_OLD : { value };
  };
}

/** What tells an item of a list of type map from the others: its keys' values, as text. */
function keysOf(names: readonly string[], item: JsonObject): string {
  return JSON.stringify(names.map((name) => memberOf(item, name) ?? null));
}

function keyedFinder(names: readonly string[], list: readonly Json[]): ItemFinder {
  let known: Map<string, Old> | undefined;
  return (item) => {
    if (!isJsonObject(item)) return NO_OLD;
    if (known === undefined) {
      known = new Map();
      for (const value of list) if (isJsonObject(value)) known.set(keysOf(names, value), { value });
    }
    return known.get(keysOf(names, item)) ?? NO_OLD;
  };
}
