import {
  isJsonObject,
  memberOf,
  setMember,
  printGoValue,
  type Json,
  type JsonObject,
  type Schema,
} from '../../schema/index.ts';
import { PatchError } from './patch-error.ts';

/** The member that tells what to do with the object it is in: `delete`, `replace`, `merge`. */
export const DIRECTIVE = '$patch';
/** Before `/` and a list's name: these scalars go. */
export const DELETE_FROM_LIST = '$deleteFromPrimitiveList';
/** Before `/` and a list's name: this is the order of its items. */
export const ORDER = '$setElementOrder';
/** Only these members stay. */
export const RETAIN_KEYS = '$retainKeys';

/** How a list takes a patch. */
export interface ListStrategy {
  /** False: the patch's list replaces it. */
  readonly merges: boolean;
  /** Which member identifies an item; empty for scalars. */
  readonly mergeKey: string;
  readonly items: Schema | undefined;
}

export function listStrategyOf(schema: Schema | undefined): ListStrategy {
  return {
    merges: strategyOf(schema) === 'merge',
    mergeKey: schema?.['x-kubernetes-patch-merge-key'] ?? '',
    items: schema?.items,
  };
}

export function mapStrategyOf(schema: Schema | undefined): 'replace' | 'merge' {
  return strategyOf(schema) === 'replace' ? 'replace' : 'merge';
}

/** `retainKeys` only tells clients which patches to make; what is left says how the server merges. */
function strategyOf(schema: Schema | undefined): string | undefined {
  return schema?.['x-kubernetes-patch-strategy']?.split(',').find((strategy) => strategy !== 'retainKeys');
}

/** The schema of an object's member; undefined where nothing is declared. */
export function memberSchema(schema: Schema | undefined, key: string): Schema | undefined {
  const properties = schema?.properties;
  if (properties !== undefined && Object.hasOwn(properties, key)) return properties[key];
  const rest = schema?.additionalProperties;
  return typeof rest === 'object' ? rest : undefined;
}

/** Every item of a patch's list must be in its `$setElementOrder` list, in the same order; deletions do not count. */
export function checkAgainstOrder(patch: readonly Json[], order: readonly Json[], mergeKey: string): void {
  if (patch.length === 0 || order.length === 0) return;
  let place = 0;
  for (const item of patch) {
    if (isJsonObject(item) && Object.hasOwn(item, DIRECTIVE)) continue;
    while (place < order.length && identity(item, mergeKey) !== identity(order[place] ?? null, mergeKey)) {
      place++;
    }
    if (place === order.length) {
      const printed = `The order in patch list:\n${printGoValue([...patch])}\n doesn't match ${ORDER} list:\n`;
      throw new PatchError('not-mergeable', `${printed}${printGoValue([...order])}\n`);
    }
    place++;
  }
}

function identity(item: Json, mergeKey: string): Json {
  if (mergeKey === '') return item;
  const key = isJsonObject(item) ? memberOf(item, mergeKey) : undefined;
  if (key !== undefined) return key;
  const problem = `map: ${printGoValue(item)} does not contain declared merge key: ${mergeKey}`;
  throw new PatchError('not-mergeable', problem);
}

/** What a patch's value leaves where nothing was: the value without what only steers a merge. */
export function withoutDirectives(value: Json): Json | undefined {
  if (Array.isArray(value)) {
    return value.flatMap((item) => {
      const kept = withoutDirectives(item);
      return kept === undefined ? [] : [kept];
    });
  }
  if (!isJsonObject(value)) return value;
  if (Object.hasOwn(value, DIRECTIVE)) return undefined;
  const result: JsonObject = {};
  for (const key of Object.keys(value)) {
    if (key === RETAIN_KEYS || key.startsWith(`${ORDER}/`) || key.startsWith(`${DELETE_FROM_LIST}/`))
      continue;
    const kept = withoutDirectives(memberOf(value, key) ?? null);
    if (kept !== undefined) setMember(result, key, kept);
  }
  return result;
}

/** Removes, in place, every member that is null, at any depth. */
export function withoutNullMembers(value: Json): Json {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) {
    for (const item of value) withoutNullMembers(item);
    return value;
  }
  for (const key of Object.keys(value)) {
    const member = memberOf(value, key) ?? null;
    if (member === null) delete value[key];
    else withoutNullMembers(member);
  }
  return value;
}
