import {
  copyJson,
  isJsonObject,
  memberOf,
  setMember,
  type Json,
  type JsonObject,
} from '../../schema/index.ts';
import { DEDUCED, type FieldType, type ListType, type MapType } from './field-type.ts';
import type { PathElement } from './path-element.ts';
import { memberType, shapeOf, stepOf } from './value-shape.ts';

/**
 * The live object with the applied one laid over it (structured-merge-diff, typed/merge.go): what can be owned piece by piece
 * is merged, anything else is taken from the applied object where it has it. The result shares nothing with either.
 */
export function merge(type: FieldType, live: JsonObject, applied: JsonObject): JsonObject {
  const merged = mergeValue(type, live, applied);
  return isJsonObject(merged) ? merged : {};
}

function mergeValue(type: FieldType, live: Json, applied: Json): Json {
  const shape = shapeOf(type, applied);
  if (shape !== shapeOf(type, live)) return copyJson(applied);
  if (shape === 'map' && type.map?.atomic === false) {
    const old = isJsonObject(live) ? live : {};
    const next = isJsonObject(applied) ? applied : {};
    const isWhole = Object.keys(old).length === 0 && Object.keys(next).length === 0;
    return isWhole ? copyJson(applied) : mergeMembers(type.map, old, next);
  }
  if (shape === 'list' && type.list?.atomic === false) {
    const old = Array.isArray(live) ? live : [];
    const next = Array.isArray(applied) ? applied : [];
    return old.length === 0 && next.length === 0 ? copyJson(applied) : mergeItems(type.list, old, next);
  }
  return copyJson(applied);
}

function mergeMembers(type: MapType, live: JsonObject, applied: JsonObject): JsonObject {
  const result: JsonObject = {};
  for (const name of Object.keys(live)) {
    const old = memberOf(live, name) ?? null;
    const next = memberOf(applied, name);
    const merged =
      next === undefined ? copyJson(old) : mergeValue(memberType(type, name) ?? DEDUCED, old, next);
    setMember(result, name, merged);
  }
  for (const name of Object.keys(applied)) {
    if (!Object.hasOwn(live, name)) setMember(result, name, copyJson(memberOf(applied, name) ?? null));
  }
  return result;
}

interface Item {
  readonly step: PathElement;
  readonly value: Json;
}

/**
 * Weaves two lists: items that both have stand in the applied order, each other item keeps to what it follows. Items that
 * only the applied list has come after live ones at the same place.
 */
function mergeItems(type: ListType, live: readonly Json[], applied: readonly Json[]): Json[] {
  const liveItems = itemsOf(type, live);
  const appliedItems = itemsOf(type, applied);
  const liveAt = new Map<PathElement, Json>();
  // Items that share their keys have no one counterpart: an applied one replaces them all.
  for (const { step, value } of liveItems) liveAt.set(step, liveAt.has(step) ? null : value);
  const appliedAt = new Set(appliedItems.map((item) => item.step));
  const shared = appliedItems.filter((item) => liveAt.has(item.step)).map((item) => item.step);
  const done = new Set<PathElement>();
  const result: Json[] = [];
  let nextShared = 0;
  let l = 0;
  let a = 0;

  const take = (item: Item): void => {
    done.add(item.step);
    const old = liveAt.get(item.step);
    result.push(old === undefined ? copyJson(item.value) : mergeValue(type.items, old, item.value));
    if (shared[nextShared] === item.step) nextShared++;
    a++;
  };

  while (l < liveItems.length || a < appliedItems.length) {
    const liveItem = liveItems[l];
    const appliedItem = appliedItems[a];
    if (liveItem !== undefined && appliedItem !== undefined) {
      if (liveItem.step === appliedItem.step) {
        take(appliedItem);
        l++;
        continue;
      }
      const wanted = shared[nextShared];
      if (appliedAt.has(liveItem.step) && wanted !== undefined && wanted !== liveItem.step) {
        l++;
        continue;
      }
    }
    if (liveItem !== undefined) {
      if (!appliedAt.has(liveItem.step)) {
        result.push(copyJson(liveItem.value));
        l++;
        continue;
      }
      if (done.has(liveItem.step)) l++;
    }
    if (appliedItem !== undefined) take(appliedItem);
  }
  return result;
}

function itemsOf(type: ListType, list: readonly Json[]): Item[] {
  const items: Item[] = [];
  for (const value of list) {
    const step = stepOf(type, value);
    if (step !== undefined) items.push({ step, value });
  }
  return items;
}
