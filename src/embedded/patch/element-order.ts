import { isJsonObject, memberOf, printGoValue, type Json } from '../../schema/index.ts';
import { PatchError } from './patch-error.ts';

/**
 * The order of a merged list (design proposal preserve-order-in-strategic-merge-patch): items named in `order` stand in that
 * order, the others as on the server. The two sequences are woven together by the server's order where it knows both items at
 * hand; where it does not, the item of `order` comes first, which is why newcomers precede what was there.
 */
export function orderItems(
  items: readonly Json[],
  order: readonly Json[],
  server: readonly Json[],
  mergeKey: string,
): Json[] {
  const orderPlaces = placesOf(order, mergeKey);
  const serverPlaces = placesOf(server, mergeKey);
  const named: Placed[] = [];
  const others: Placed[] = [];
  for (const item of items) {
    const key = identityOf(item, mergeKey);
    const inOrder = orderPlaces.get(key);
    const onServer = serverPlaces.get(key);
    if (inOrder === undefined) others.push({ item, place: onServer ?? -1, onServer });
    else named.push({ item, place: inOrder, onServer });
  }
  named.sort((one, other) => one.place - other.place);
  others.sort((one, other) => one.place - other.place);
  return weave(others, named);
}

interface Placed {
  readonly item: Json;
  /** Its place in the order that its own sequence follows. */
  readonly place: number;
  readonly onServer: number | undefined;
}

function weave(others: readonly Placed[], named: readonly Placed[]): Json[] {
  const result: Json[] = [];
  let next = 0;
  for (const { item, onServer } of named) {
    for (
      let other = others[next];
      other !== undefined && isBefore(other.onServer, onServer);
      other = others[next]
    ) {
      result.push(other.item);
      next++;
    }
    result.push(item);
  }
  for (const { item } of others.slice(next)) result.push(item);
  return result;
}

function isBefore(one: number | undefined, other: number | undefined): boolean {
  return one !== undefined && other !== undefined && one < other;
}

/** The first place of each item. */
function placesOf(list: readonly Json[], mergeKey: string): Map<Json, number> {
  const places = new Map<Json, number>();
  for (const [place, item] of list.entries()) {
    const key = mergeKey === '' || !isJsonObject(item) ? item : (memberOf(item, mergeKey) ?? null);
    if (!places.has(key)) places.set(key, place);
  }
  return places;
}

function identityOf(item: Json, mergeKey: string): Json {
  if (mergeKey === '') return item;
  if (!isJsonObject(item)) {
    throw new PatchError('not-mergeable', `value for key ${printGoValue(item)} is not a map.`);
  }
  const key = memberOf(item, mergeKey);
  if (key === undefined) {
    const problem = `map: ${printGoValue(item)} does not contain declared merge key: ${mergeKey}`;
    throw new PatchError('not-mergeable', problem);
  }
  return key;
}
