import { equalJson, isJsonObject, memberOf, type Json, type JsonObject } from '../../schema/index.ts';
import { FieldSet } from './field-set.ts';
import { DEDUCED, type FieldType, type ListType, type MapType } from './field-type.ts';
import { fieldElement, type PathElement } from './path-element.ts';
import { memberType, shapeOf, stepOf, type ValueShape } from './value-shape.ts';

/** How two versions of an object differ, by what can be owned; no path is in two of the sets. */
export interface Comparison {
  /** Members and items that are new, the containers that came with them included. */
  readonly added: FieldSet;
  readonly modified: FieldSet;
  readonly removed: FieldSet;
}

/**
 * Compares two versions of an object (structured-merge-diff, typed/compare.go). What does not fit the type is compared as a
 * whole or left out; whether it may be is not decided here.
 */
export function compare(type: FieldType, old: JsonObject, next: JsonObject): Comparison {
  const comparing = new Comparing();
  comparing.value(type, old, next);
  return comparing;
}

class Comparing implements Comparison {
  readonly added = new FieldSet();
  readonly modified = new FieldSet();
  readonly removed = new FieldSet();
  /** The steps to the value at hand. */
  readonly #path: PathElement[] = [];

  /** Undefined: not there; not both sides may be. */
  value(type: FieldType, old: Json | undefined, next: Json | undefined): void {
    const oldShape = shapeOf(type, old);
    const nextShape = shapeOf(type, next);
    let whole: boolean;
    if (next === undefined) whole = this.#inShape(oldShape, type, old, next);
    else if (old === undefined || oldShape === nextShape) whole = this.#inShape(nextShape, type, old, next);
    else {
      this.#inShape(oldShape, type, old, next);
      whole = this.#inShape(nextShape, type, old, next);
    }
    if (whole) return;
    if (old === undefined) this.added.insert(this.#path);
    else if (next === undefined) this.removed.insert(this.#path);
  }

  /** Whether the value was compared as a whole. */
  #inShape(shape: ValueShape, type: FieldType, old: Json | undefined, next: Json | undefined): boolean {
    if (shape === 'map' && type.map !== undefined) {
      const oldMap = isJsonObject(old) ? old : undefined;
      const nextMap = isJsonObject(next) ? next : undefined;
      if (type.map.atomic || (isEmpty(oldMap) && isEmpty(nextMap))) return this.#whole(old, next);
      this.#members(type.map, oldMap ?? {}, nextMap ?? {});
      return false;
    }
    if (shape === 'list' && type.list !== undefined) {
      const oldList = Array.isArray(old) ? old : [];
      const nextList = Array.isArray(next) ? next : [];
      if (type.list.atomic || (oldList.length === 0 && nextList.length === 0)) return this.#whole(old, next);
      this.#items(type.list, oldList, nextList);
      return false;
    }
    return this.#whole(old, next);
  }

  #whole(old: Json | undefined, next: Json | undefined): true {
    if (old === undefined) this.added.insert(this.#path);
    else if (next === undefined) this.removed.insert(this.#path);
    else if (!equalJson(old, next)) this.modified.insert(this.#path);
    return true;
  }

  #members(type: MapType, old: JsonObject, next: JsonObject): void {
    for (const name of Object.keys(old)) {
      const before = memberOf(old, name);
      const after = memberOf(next, name);
      // Most members are scalars that did not change.
      if (before !== after) this.#below(fieldElement(name), memberType(type, name) ?? DEDUCED, before, after);
    }
    for (const name of Object.keys(next)) {
      if (Object.hasOwn(old, name)) continue;
      this.#below(fieldElement(name), memberType(type, name) ?? DEDUCED, undefined, memberOf(next, name));
    }
  }

  #items(type: ListType, old: readonly Json[], next: readonly Json[]): void {
    const before = itemsByStep(type, old);
    const after = itemsByStep(type, next);
    for (const [step, olds] of before) this.#itemsAt(step, type.items, olds, after.get(step));
    for (const [step, news] of after) if (!before.has(step)) this.#itemsAt(step, type.items, undefined, news);
  }

  /** Items that share their keys with others are owned as a whole. */
  #itemsAt(step: PathElement, type: FieldType, old: Items | undefined, next: Items | undefined): void {
    const manyOld = old !== undefined && old.length > 1;
    const manyNext = next !== undefined && next.length > 1;
    if (!manyOld && !manyNext) {
      this.#below(step, type, old?.[0], next?.[0]);
    } else if (manyOld && manyNext) {
      if (!equalJson(old, next)) this.modified.insert([...this.#path, step]);
    } else if (manyOld) {
      if (next !== undefined) this.#below(step, type, undefined, next[0]);
      this.removed.insert([...this.#path, step]);
    } else {
      if (old !== undefined) this.#below(step, type, old[0], undefined);
      this.added.insert([...this.#path, step]);
    }
  }

  #below(step: PathElement, type: FieldType, old: Json | undefined, next: Json | undefined): void {
    this.#path.push(step);
    this.value(type, old, next);
    this.#path.pop();
  }
}

/** At least one. */
type Items = Json[];

function itemsByStep(type: ListType, list: readonly Json[]): Map<PathElement, Items> {
  const items = new Map<PathElement, Items>();
  for (const item of list) {
    const step = stepOf(type, item);
    if (step === undefined) continue;
    const same = items.get(step);
    if (same === undefined) items.set(step, [item]);
    else same.push(item);
  }
  return items;
}

function isEmpty(map: JsonObject | undefined): boolean {
  if (map === undefined) return true;
  for (const key in map) if (Object.hasOwn(map, key)) return false;
  return true;
}
