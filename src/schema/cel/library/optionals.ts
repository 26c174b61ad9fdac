import { CelError, noSuchOverload } from '../errors.ts';
import { namespaced, overload } from '../functions.ts';
import type { Overload } from '../functions.ts';
import { ArrayList, CelList, CelMap, Duration, Optional, Timestamp, Uint } from '../values.ts';
import type { CelValue } from '../values.ts';
import { asList } from './operators.ts';

/** CEL's optional values. `or` and `orValue` are evaluated elsewhere: they look at their argument only if need be. */
export const OPTIONALS: readonly Overload[] = [
  namespaced('optional', 'none(): optional(A)', () => Optional.NONE),
  namespaced('optional', 'of(A): optional(A)', ([value = null]) => new Optional(value)),
  namespaced('optional', 'ofNonZeroValue(A): optional(A)', ([value = null]) =>
    isZero(value) ? Optional.NONE : new Optional(value),
  ),
  namespaced('optional', 'unwrap(list(optional(A))): list(A)', ([list]) => unwrap(list)),
  overload('list(optional(A)).unwrapOpt(): list(A)', ([list]) => unwrap(list)),
  overload('optional(A).hasValue(): bool', ([value]) => asOptional(value).value !== undefined),
  overload('optional(A).value(): A', ([value]) => {
    const held = asOptional(value).value;
    if (held === undefined) throw new CelError('optional.none() dereference');
    return held;
  }),
  overload('optional(A).or(optional(A)): optional(A)', () => {
    throw noSuchOverload();
  }),
  overload('optional(A).orValue(A): A', () => {
    throw noSuchOverload();
  }),
  overload('list(A).first(): optional(A)', ([list]) => itemAt(asList(list), 0)),
  overload('list(A).last(): optional(A)', ([list]) => itemAt(asList(list), asList(list).size - 1)),
];

function asOptional(value: CelValue | undefined): Optional {
  if (value instanceof Optional) return value;
  throw noSuchOverload();
}

function itemAt(list: CelList, index: number): Optional {
  return list.size === 0 ? Optional.NONE : new Optional(list.at(index));
}

function unwrap(list: CelValue | undefined): ArrayList {
  const held = Array.from(asList(list), (item) => asOptional(item).value);
  return new ArrayList(held.filter((value) => value !== undefined));
}

function isZero(value: CelValue): boolean {
  switch (typeof value) {
    case 'boolean':
      return !value;
    case 'bigint':
      return value === 0n;
    case 'number':
      return value === 0;
    case 'string':
      return value === '';
    default:
      if (value === null) return true;
      if (value instanceof Uint) return value.value === 0n;
      if (value instanceof Uint8Array) return value.length === 0;
      if (value instanceof CelList || value instanceof CelMap) return value.size === 0;
      return (value instanceof Duration || value instanceof Timestamp) && value.nanoseconds === 0n;
  }
}
