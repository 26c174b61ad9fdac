import { equalJson } from '../json.ts';
import type { Budget } from './budget.ts';
import { CelError } from './errors.ts';
import {
  canonicalKey,
  CelList,
  CelMap,
  Duration,
  Opaque,
  Optional,
  Timestamp,
  TypeValue,
  Uint,
} from './values.ts';
import type { CelValue } from './values.ts';

/** CEL's `==`: numbers across their types by value, everything else only with its own type. */
export function equalValues(a: CelValue, b: CelValue, budget: Budget): boolean {
  budget.spend(1);
  const number = numberOf(a);
  if (number !== undefined) {
    const other = numberOf(b);
    // eslint-disable-next-line eqeqeq -- a bigint and a number of the same value are equal
    return other !== undefined && number == other;
  }
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (a instanceof CelList) return b instanceof CelList && equalLists(a, b, budget);
  if (a instanceof CelMap) return b instanceof CelMap && equalMaps(a, b, budget);
  if (a instanceof Timestamp) return b instanceof Timestamp && a.nanoseconds === b.nanoseconds;
  if (a instanceof Duration) return b instanceof Duration && a.nanoseconds === b.nanoseconds;
  if (a instanceof TypeValue) return b instanceof TypeValue && a.typeName === b.typeName;
  if (a instanceof Optional) return b instanceof Optional && equalOptionals(a, b, budget);
  if (a instanceof Opaque) return b instanceof Opaque && a.typeName === b.typeName && a.equals(b.content);
  return a instanceof Uint8Array && b instanceof Uint8Array && Buffer.compare(a, b) === 0;
}

/** Whether a list holds a value. */
export function listHas(list: CelList, value: CelValue, budget: Budget): boolean {
  for (const item of list) if (equalValues(item, value, budget)) return true;
  return false;
}

/**
 * Less than 0, 0 or more, of two values that can be ordered.
 *
 * @returns undefined where they cannot, NaN among them
 */
export function compareValues(a: CelValue, b: CelValue, budget: Budget): number | undefined {
  const left = orderable(a);
  const right = orderable(b);
  if (left === undefined || right === undefined || left.kind !== right.kind) return undefined;
  if (typeof left.key === 'string') budget.spendOnText(Math.min(left.key.length, String(right.key).length));
  if (left.key < right.key) return -1;
  // eslint-disable-next-line eqeqeq -- a bigint and a number of the same value are equal
  if (left.key == right.key) return 0;
  return left.key > right.key ? 1 : undefined;
}

function numberOf(value: CelValue): bigint | number | undefined {
  if (typeof value === 'bigint' || typeof value === 'number') return value;
  return value instanceof Uint ? value.value : undefined;
}

function equalOptionals(a: Optional, b: Optional, budget: Budget): boolean {
  if (a.value === undefined || b.value === undefined) return a.value === b.value;
  return equalValues(a.value, b.value, budget);
}

function equalMaps(a: CelMap, b: CelMap, budget: Budget): boolean {
  if (a.size !== b.size || !equalJson(a.hidden, b.hidden)) return false;
  return a.keys().every((key) => {
    const left = a.get(key);
    const right = b.get(key);
    return left !== undefined && right !== undefined && equalValues(left, right, budget);
  });
}

function equalLists(a: CelList, b: CelList, budget: Budget): boolean {
  if (a.size !== b.size) return false;
  const { semantics } = a;
  if (semantics.kind === 'atomic') {
    for (let index = 0; index < a.size; index += 1) {
      if (!equalValues(a.at(index), b.at(index), budget)) return false;
    }
    return true;
  }
  budget.spend(a.size);
  const known = new Map<unknown, CelValue>();
  for (const item of a) known.set(itemKey(item, semantics), item);
  for (const item of b) {
    const same = known.get(itemKey(item, semantics));
    if (same === undefined || !equalValues(same, item, budget)) return false;
  }
  return true;
}

/** What tells the items of a set, or of a list of type map, from each other. */
export function itemKey(item: CelValue, semantics: CelList['semantics']): unknown {
  if (semantics.kind !== 'map') return canonicalKey(item) ?? item;
  if (!(item instanceof CelMap)) {
    throw new CelError('unexpected data format for element of array with x-kubernetes-list-type=map');
  }
  return JSON.stringify(semantics.keys.map((name) => item.identity(name)));
}

function orderable(value: CelValue): { kind: string; key: string | bigint | number | boolean } | undefined {
  const number = numberOf(value);
  if (number !== undefined) return { kind: 'number', key: number };
  if (typeof value === 'string') return { kind: 'string', key: value };
  if (typeof value === 'boolean') return { kind: 'bool', key: value };
  if (value instanceof Timestamp) return { kind: 'timestamp', key: value.nanoseconds };
  if (value instanceof Duration) return { kind: 'duration', key: value.nanoseconds };
  if (value instanceof Uint8Array) return { kind: 'bytes', key: Buffer.from(value).toString('latin1') };
  return undefined;
}
