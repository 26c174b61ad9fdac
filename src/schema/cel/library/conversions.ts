import { parseGoDuration } from '../../go-duration.ts';
import { goFloat, goQuote } from '../../go-format.ts';
import { CelError, noSuchOverload } from '../errors.ts';
import { overload } from '../functions.ts';
import type { Overload } from '../functions.ts';
import { checkedTimestamp, formatTimestamp, parseTimestamp } from '../timestamp.ts';
import { Duration, Timestamp, TypeValue, typeNameOf, Uint } from '../values.ts';
import type { CelValue } from '../values.ts';
import { asBytes, asDouble, asInt, duration, int, paidText, uint } from './operators.ts';

/** CEL's conversions between types: `int(x)`, `string(x)`, `timestamp(x)`, `type(x)`, … */
export const CONVERSIONS: readonly Overload[] = [
  overload('dyn(A): dyn', ([value = null]) => value),
  overload('type(A): type(A)', ([value = null]) => new TypeValue(typeNameOf(value))),
  overload('bool(bool): bool', same),
  overload('bool(string): bool', ([value], budget) => parseBool(paidText(value, budget))),
  overload('int(int): int', same),
  overload('int(uint): int', ([value]) => int(fromUint(value))),
  overload('int(double): int', ([value]) => int(truncate(asDouble(value)))),
  overload('int(string): int', ([value], budget) => int(parseInteger(paidText(value, budget), 'int'))),
  overload('int(timestamp): int', ([value]) => instance(value, Timestamp).nanoseconds / 1_000_000_000n),
  overload('int(duration): int', ([value]) => instance(value, Duration).nanoseconds),
  overload('uint(uint): uint', same),
  overload('uint(int): uint', ([value]) => uint(asInt(value))),
  overload('uint(double): uint', ([value]) => uint(truncate(asDouble(value)))),
  overload('uint(string): uint', ([value], budget) => uint(parseInteger(paidText(value, budget), 'uint'))),
  overload('double(double): double', same),
  overload('double(int): double', ([value]) => Number(asInt(value))),
  overload('double(uint): double', ([value]) => Number(fromUint(value))),
  overload('double(string): double', ([value], budget) => parseDouble(paidText(value, budget))),
  overload('bytes(bytes): bytes', same),
  overload('bytes(string): bytes', ([value], budget) => Buffer.from(paidText(value, budget))),
  overload('string(string): string', same),
  ...['bool', 'int', 'uint', 'double', 'timestamp', 'duration'].map((type) =>
    overload(`string(${type}): string`, ([value = null]) => textOf(value)),
  ),
  overload('string(bytes): string', ([value], budget) => {
    const bytes = asBytes(value);
    budget.spendOnText(bytes.length);
    return decodeUtf8(bytes);
  }),
  overload('timestamp(timestamp): timestamp', same),
  overload('timestamp(int): timestamp', ([value]) => checkedTimestamp(asInt(value) * 1_000_000_000n)),
  overload('timestamp(string): timestamp', ([value], budget) => {
    const given = paidText(value, budget);
    const timestamp = parseTimestamp(given);
    if (timestamp === undefined) {
      const text = goQuote(given);
      throw new CelError(`parsing time ${text} as "2006-01-02T15:04:05Z07:00": cannot parse ${text}`);
    }
    return timestamp;
  }),
  overload('duration(duration): duration', same),
  overload('duration(int): duration', ([value]) => duration(asInt(value))),
  overload('duration(string): duration', ([value], budget) => {
    const text = paidText(value, budget);
    const nanoseconds = parseGoDuration(text);
    if (nanoseconds === undefined) throw new CelError(`time: invalid duration ${goQuote(text)}`);
    return duration(nanoseconds);
  }),
];

/** @throws CelError where a value of this type has no text */
export function textOf(value: CelValue): string {
  switch (typeof value) {
    case 'string':
      return value;
    case 'bigint':
    case 'boolean':
      return String(value);
    case 'number':
      return goFloat(value);
    default:
      if (value instanceof Uint) return String(value.value);
      if (value instanceof Timestamp) return formatTimestamp(value);
      if (value instanceof Duration) return `${formatSeconds(value.nanoseconds)}s`;
      if (value instanceof Uint8Array) return decodeUtf8(asBytes(value));
      throw noSuchOverload();
  }
}

function same([value = null]: readonly CelValue[]): CelValue {
  return value;
}

function fromUint(value: CelValue | undefined): bigint {
  return instance(value, Uint).value;
}

function instance<T>(value: CelValue | undefined, type: abstract new (...args: never[]) => T): T {
  if (value instanceof type) return value;
  throw noSuchOverload();
}

function parseBool(text: string): boolean {
  if (['1', 't', 'T', 'TRUE', 'true', 'True'].includes(text)) return true;
  if (['0', 'f', 'F', 'FALSE', 'false', 'False'].includes(text)) return false;
  throw new CelError(`type conversion error from 'string' to 'bool'`);
}

function parseInteger(text: string, type: 'int' | 'uint'): bigint {
  const digits = type === 'int' ? /^[+-]?[0-9]{1,30}$/ : /^[0-9]{1,30}$/;
  if (digits.test(text)) return BigInt(text.replace(/^\+/, ''));
  throw new CelError(`type conversion error from 'string' to '${type}'`);
}

function parseDouble(text: string): number {
  if (/^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$/.test(text)) return Number(text);
  if (/^[+-]?inf(inity)?$/i.test(text)) return text.startsWith('-') ? -Infinity : Infinity;
  if (/^nan$/i.test(text)) return Number.NaN;
  throw new CelError(`type conversion error from 'string' to 'double'`);
}

function truncate(value: number): bigint {
  if (Number.isFinite(value)) return BigInt(Math.trunc(value));
  throw new CelError('integer overflow');
}

function decodeUtf8(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new CelError('invalid UTF-8 in bytes, cannot convert to string');
  }
}

/** Seconds as cel-go's string(duration) has them: a plain decimal, never with an exponent. */
function formatSeconds(nanoseconds: bigint): string {
  const seconds = Number(nanoseconds) / 1e9;
  const text = String(seconds);
  return text.includes('e') ? seconds.toFixed(9).replace(/0+$/, '') : text;
}
