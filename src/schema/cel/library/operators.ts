import type { Budget } from '../budget.ts';
import { CelError, noSuchOverload } from '../errors.ts';
import { compareValues, equalValues, itemKey, listHas } from '../equality.ts';
import { overload } from '../functions.ts';
import type { Implementation, Overload } from '../functions.ts';
import { checkedTimestamp } from '../timestamp.ts';
import { ArrayList, CelList, CelMap, Duration, Timestamp, Uint } from '../values.ts';
import type { CelValue } from '../values.ts';

const ORDERED = ['bool', 'string', 'bytes', 'timestamp', 'duration'];
const NUMBERS = ['int', 'uint', 'double'];

/** Arithmetic, comparison, membership and size: CEL's operators, under cel-go's names. */
export const OPERATORS: readonly Overload[] = [
  overload('!_(bool): bool', ([value]) => value !== true),
  overload('-_(int): int', ([value]) => int(-asInt(value))),
  overload('-_(double): double', ([value]) => -asDouble(value)),
  overload('_==_(A, A): bool', ([a = null, b = null], budget) => equalValues(a, b, budget)),
  overload('_!=_(A, A): bool', ([a = null, b = null], budget) => !equalValues(a, b, budget)),
  ...arithmetic(
    '_+_',
    (a, b) => a + b,
    (a, b) => a + b,
  ),
  ...arithmetic(
    '_-_',
    (a, b) => a - b,
    (a, b) => a - b,
  ),
  ...arithmetic(
    '_*_',
    (a, b) => a * b,
    (a, b) => a * b,
  ),
  ...arithmetic(
    '_/_',
    (a, b) => divide(a, b),
    (a, b) => a / b,
  ),
  ...integers('_%_', (a, b) => modulo(a, b)),
  overload('_+_(string, string): string', ([a, b], budget) => {
    const text = `${asText(a)}${asText(b)}`;
    budget.spendOnText(text.length);
    return text;
  }),
  overload('_+_(bytes, bytes): bytes', ([a, b], budget) => {
    const bytes = Buffer.concat([asBytes(a), asBytes(b)]);
    budget.spendOnText(bytes.length);
    return bytes;
  }),
  overload('_+_(list(A), list(A)): list(A)', ([a, b], budget) => {
    const [left, right] = [asList(a), asList(b)];
    budget.spend(left.size + right.size);
    return addLists(left, right);
  }),
  overload('_+_(timestamp, duration): timestamp', ([a, b]) => checkedTimestamp(nanos(a) + nanos(b))),
  overload('_+_(duration, timestamp): timestamp', ([a, b]) => checkedTimestamp(nanos(a) + nanos(b))),
  overload('_+_(duration, duration): duration', ([a, b]) => duration(nanos(a) + nanos(b))),
  overload('_-_(timestamp, timestamp): duration', ([a, b]) => duration(nanos(a) - nanos(b))),
  overload('_-_(timestamp, duration): timestamp', ([a, b]) => checkedTimestamp(nanos(a) - nanos(b))),
  overload('_-_(duration, duration): duration', ([a, b]) => duration(nanos(a) - nanos(b))),
  ...comparison('_<_', (order) => order < 0),
  ...comparison('_<=_', (order) => order <= 0),
  ...comparison('_>_', (order) => order > 0),
  ...comparison('_>=_', (order) => order >= 0),
  overload('@in(A, list(A)): bool', ([value = null, list], budget) => listHas(asList(list), value, budget)),
  overload('@in(A, map(A, B)): bool', ([key = null, map]) => asMap(map).get(key) !== undefined),
];

/** @throws CelError unless an int64 holds it */
export function int(value: bigint): bigint {
  if (BigInt.asIntN(64, value) === value) return value;
  throw new CelError('integer overflow');
}

/** @throws CelError unless a uint64 holds it */
export function uint(value: bigint): Uint {
  if (BigInt.asUintN(64, value) === value) return new Uint(value);
  throw new CelError('unsigned integer overflow');
}

/** @throws CelError unless an int64 of nanoseconds holds it */
export function duration(nanoseconds: bigint): Duration {
  if (BigInt.asIntN(64, nanoseconds) === nanoseconds) return new Duration(nanoseconds);
  throw new CelError('duration overflow');
}

export function asInt(value: CelValue | undefined): bigint {
  if (typeof value === 'bigint') return value;
  throw noSuchOverload();
}

export function asDouble(value: CelValue | undefined): number {
  if (typeof value === 'number') return value;
  throw noSuchOverload();
}

export function asText(value: CelValue | undefined): string {
  if (typeof value === 'string') return value;
  throw noSuchOverload();
}

/** A text that is looked through to its end: the cost of that is paid, or a loop over a long one would last for minutes. */
export function paidText(value: CelValue | undefined, budget: Budget): string {
  const text = asText(value);
  budget.spendOnText(text.length);
  return text;
}

export function asBytes(value: CelValue | undefined): Uint8Array {
  if (value instanceof Uint8Array) return value;
  throw noSuchOverload();
}

export function asList(value: CelValue | undefined): CelList {
  if (value instanceof CelList) return value;
  throw noSuchOverload();
}

export function asMap(value: CelValue | undefined): CelMap {
  if (value instanceof CelMap) return value;
  throw noSuchOverload();
}

function arithmetic(
  name: string,
  whole: (a: bigint, b: bigint) => bigint,
  double: (a: number, b: number) => number,
): Overload[] {
  return [
    ...integers(name, whole),
    overload(`${name}(double, double): double`, ([a, b]) => double(asDouble(a), asDouble(b))),
  ];
}

function integers(name: string, whole: (a: bigint, b: bigint) => bigint): Overload[] {
  return [
    overload(`${name}(int, int): int`, ([a, b]) => int(whole(asInt(a), asInt(b)))),
    overload(`${name}(uint, uint): uint`, ([a, b]) => uint(whole(unsigned(a), unsigned(b)))),
  ];
}

function comparison(name: string, holds: (order: number) => boolean): Overload[] {
  const compare: Implementation = ([a = null, b = null], budget) => {
    const order = compareValues(a, b, budget);
    if (order !== undefined) return holds(order);
    // Only NaN comes here: it is neither less nor equal nor more.
    return false;
  };
  const same = ORDERED.map((type) => overload(`${name}(${type}, ${type}): bool`, compare));
  const across = NUMBERS.flatMap((left) =>
    NUMBERS.map((right) => overload(`${name}(${left}, ${right}): bool`, compare)),
  );
  return [...same, ...across];
}

function divide(a: bigint, b: bigint): bigint {
  if (b === 0n) throw new CelError('division by zero');
  return a / b;
}

function modulo(a: bigint, b: bigint): bigint {
  if (b === 0n) throw new CelError('modulus by zero');
  return a % b;
}

/** Sets are united, lists of type map merged: what the right one has replaces or follows what the left one has. */
function addLists(left: CelList, right: CelList): CelList {
  const { semantics } = left;
  if (semantics.kind === 'atomic') return new ArrayList([...left, ...right]);
  const merged = new Map<unknown, CelValue>();
  for (const item of left) merged.set(itemKey(item, semantics), item);
  for (const item of right) {
    const key = itemKey(item, semantics);
    if (semantics.kind === 'map' || !merged.has(key)) merged.set(key, item);
  }
  return new ArrayList([...merged.values()], semantics);
}

function unsigned(value: CelValue | undefined): bigint {
  if (value instanceof Uint) return value.value;
  throw noSuchOverload();
}

function nanos(value: CelValue | undefined): bigint {
  if (value instanceof Timestamp || value instanceof Duration) return value.nanoseconds;
  throw noSuchOverload();
}
