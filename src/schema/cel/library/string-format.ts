import { goFloat, goQuote } from '../../go-format.ts';
import type { Budget } from '../budget.ts';
import { CelError } from '../errors.ts';
import { CelList, CelMap, Opaque, Optional, typeNameOf, TypeValue, Uint } from '../values.ts';
import type { CelValue } from '../values.ts';
import { textOf } from './conversions.ts';

/** The digits after the point where none are asked for. */
const DEFAULT_PRECISION = 6;
const MAX_PRECISION = 100;

/** `"%s has %d".format([name, count])`: the verbs s, d, f, e, b, o, x and X, with a precision for f and e. */
export function formatString(template: string, args: CelList, budget: Budget): string {
  let used = 0;
  budget.spendOnText(template.length);
  return template.replaceAll(/%(?:%|(\.\d+)?([a-zA-Z])?)/g, (whole, precision?: string, verb?: string) => {
    if (whole === '%%') return '%';
    if (verb === undefined) throw new CelError('unexpected end of string');
    if (used >= args.size) throw new CelError(`index ${used} out of range`);
    const digits = precision === undefined ? DEFAULT_PRECISION : Number(precision.slice(1));
    if (digits > MAX_PRECISION) throw new CelError('precision too large');
    const formatted = formatVerb(verb, args.at(used), digits, budget);
    used += 1;
    budget.spendOnText(formatted.length);
    return formatted;
  });
}

function formatVerb(verb: string, value: CelValue, precision: number, budget: Budget): string {
  switch (verb) {
    case 's':
      return formatText(value, budget);
    case 'd':
      return formatDecimal(value);
    case 'f':
      return fixed(numberFor('f', value), (number) => number.toFixed(precision));
    case 'e':
      return fixed(numberFor('e', value), (number) =>
        number.toExponential(precision).replace(/e([+-])(\d)$/, 'e$10$2'),
      );
    case 'b':
      return typeof value === 'boolean' ? String(Number(value)) : wholeFor('b', value).toString(2);
    case 'o':
      return wholeFor('o', value).toString(8);
    case 'x':
      return formatHex(value);
    case 'X':
      return formatHex(value).toUpperCase();
    default:
      throw new CelError(`could not parse formatting clause: unrecognized formatting clause "${verb}"`);
  }
}

/** Every part is paid for before the whole is made, which may be far longer than what is stored of it. */
function formatText(value: CelValue, budget: Budget): string {
  if (value instanceof CelList) {
    return `[${Array.from(value, (item) => formatText(item, budget)).join(', ')}]`;
  }
  if (value instanceof CelMap) {
    const entries = value
      .keys()
      .map((key) => `${formatText(key, budget)}: ${formatText(value.get(key) ?? null, budget)}`);
    return `{${entries.sort().join(', ')}}`;
  }
  budget.spendOnText(typeof value === 'string' || value instanceof Uint8Array ? value.length : 1);
  if (value === null) return 'null';
  if (value instanceof TypeValue) return value.typeName;
  if (value instanceof Optional || value instanceof Opaque) throw wrongType('s', value);
  return textOf(value);
}

function formatDecimal(value: CelValue): string {
  if (typeof value === 'number') return goFloat(value);
  return String(wholeFor('d', value));
}

function formatHex(value: CelValue): string {
  if (typeof value === 'string') return Buffer.from(value).toString('hex');
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex');
  return wholeFor('x', value).toString(16);
}

function wholeFor(verb: string, value: CelValue): bigint {
  if (typeof value === 'bigint') return value;
  if (value instanceof Uint) return value.value;
  throw wrongType(verb, value);
}

function numberFor(verb: string, value: CelValue): number {
  if (typeof value === 'number') return value;
  if (typeof value === 'bigint' || value instanceof Uint) return Number(wholeFor(verb, value));
  if (typeof value === 'string' && ['NaN', 'Infinity', '-Infinity'].includes(value)) return Number(value);
  throw wrongType(verb, value);
}

function fixed(value: number, format: (value: number) => string): string {
  return Number.isFinite(value) ? format(value) : String(value);
}

function wrongType(verb: string, value: CelValue): CelError {
  return new CelError(
    `error during formatting: clause ${goQuote(`%${verb}`)} cannot be used on ${typeNameOf(value)}`,
  );
}
