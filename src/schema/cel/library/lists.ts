import type { Budget } from '../budget.ts';
import { compareValues, equalValues, listHas } from '../equality.ts';
import { CelError, noSuchOverload } from '../errors.ts';
import { namespaced, overload } from '../functions.ts';
import type { Overload } from '../functions.ts';
import { Duration, Uint } from '../values.ts';
import type { CelList, CelValue } from '../values.ts';
import { asList, duration, int, uint } from './operators.ts';

const ORDERED = ['int', 'uint', 'double', 'bool', 'string', 'bytes', 'timestamp', 'duration'];
const SUMMABLE: ReadonlyMap<string, CelValue> = new Map<string, CelValue>([
  ['int', 0n],
  ['uint', new Uint(0n)],
  ['double', 0],
  ['duration', new Duration(0n)],
]);

/** Kubernetes' functions of lists (isSorted, sum, min, max, indexOf, lastIndexOf), and cel-go's sets extension. */
export const LISTS: readonly Overload[] = [
  ...ORDERED.flatMap((type) => [
    overload(`list(${type}).isSorted(): bool`, ([list], budget) => isSorted(asList(list), budget)),
    overload(`list(${type}).min(): ${type}`, ([list], budget) => extreme(asList(list), 'min', budget)),
    overload(`list(${type}).max(): ${type}`, ([list], budget) => extreme(asList(list), 'max', budget)),
  ]),
  ...Array.from(SUMMABLE, ([type, zero]) =>
    overload(`list(${type}).sum(): ${type}`, ([list], budget) => sum(asList(list), zero, budget)),
  ),
  overload('list(A).indexOf(A): int', ([list, value = null], budget) =>
    position(asList(list), value, false, budget),
  ),
  overload('list(A).lastIndexOf(A): int', ([list, value = null], budget) =>
    position(asList(list), value, true, budget),
  ),
  namespaced('sets', 'contains(list(A), list(A)): bool', ([list, part], budget) =>
    containsAll(asList(list), asList(part), budget),
  ),
  namespaced('sets', 'equivalent(list(A), list(A)): bool', ([a, b], budget) => {
    const [left, right] = [asList(a), asList(b)];
    return containsAll(left, right, budget) && containsAll(right, left, budget);
  }),
  namespaced('sets', 'intersects(list(A), list(A)): bool', ([a, b], budget) => {
    const right = asList(b);
    return Array.from(asList(a)).some((value) => listHas(right, value, budget));
  }),
];

function isSorted(list: CelList, budget: Budget): boolean {
  for (let index = 1; index < list.size; index += 1) {
    budget.spend(1);
    const order = compareValues(list.at(index - 1), list.at(index), budget);
    if (order === undefined) throw noSuchOverload();
    if (order > 0) return false;
  }
  return true;
}

function extreme(list: CelList, which: 'min' | 'max', budget: Budget): CelValue {
  let best: CelValue | undefined;
  for (const value of list) {
    budget.spend(1);
    const order = best === undefined ? 0 : compareValues(value, best, budget);
    if (order === undefined) throw noSuchOverload();
    if (best === undefined || (which === 'min' ? order < 0 : order > 0)) best = value;
  }
  if (best === undefined) throw new CelError(`${which} called on empty list`);
  return best;
}

function sum(list: CelList, zero: CelValue, budget: Budget): CelValue {
  let total = zero;
  for (const value of list) {
    budget.spend(1);
    total = add(total, value);
  }
  return total;
}

function add(a: CelValue, b: CelValue): CelValue {
  if (typeof a === 'bigint' && typeof b === 'bigint') return int(a + b);
  if (typeof a === 'number' && typeof b === 'number') return a + b;
  if (a instanceof Uint && b instanceof Uint) return uint(a.value + b.value);
  if (a instanceof Duration && b instanceof Duration) return duration(a.nanoseconds + b.nanoseconds);
  // A list without a static type is summed from the int 0.
  if (a === 0n) return b;
  throw noSuchOverload();
}

function position(list: CelList, value: CelValue, last: boolean, budget: Budget): bigint {
  for (let step = 0; step < list.size; step += 1) {
    const index = last ? list.size - 1 - step : step;
    if (equalValues(list.at(index), value, budget)) return BigInt(index);
  }
  return -1n;
}

function containsAll(list: CelList, part: CelList, budget: Budget): boolean {
  return Array.from(part).every((value) => listHas(list, value, budget));
}
