import { invalidValue, tooLong, wrongType } from './field-error.ts';
import { fieldAt } from './findings.ts';
import type { Findings, Place } from './findings.ts';
import { effectiveFormat, hasFormat, isStringFormat } from './formats.ts';
import { goFloat, goQuote, isInt64 } from './go-format.ts';
import type { Json } from './json.ts';
import { compilePattern, PatternError } from './patterns.ts';
import type { Schema } from './schema.ts';

/** kube-openapi's typeValidator, its oddities included: a list passes for a string whose format is known. */
export function checkType(schema: Schema, value: Json, place: Place, found: Findings): void {
  const types = typesOf(schema);
  const format = effectiveFormat(schema);
  const fail = (expected: string, actual: string): void => {
    const text = `${place.path} in body must be of type ${expected}: ${goQuote(actual)}`;
    found.add(text, wrongType(fieldAt(place), actual, text));
  };
  if (value === null) {
    if (types.length > 0 && schema.nullable !== true) fail(types.join(','), 'null');
    else found.matches += 1;
    return;
  }
  const [type, valueFormat] = typeOf(value);
  const numeric = types.includes('integer') || types.includes('number');
  const fits = types.includes(type) || (type === 'integer' && types.includes('number'));
  const textual = type === 'string' || type === 'array';
  if (format !== undefined && !textual && !fits) return fail(format, valueFormat);
  if (format !== undefined && textual && !numeric) {
    found.matches += 1;
    return;
  }
  if (types.length > 0 && !fits) return fail(types.join(','), type);
  found.matches += 1;
}

/** Length in code points, pattern (only the first that fails is told), and format. */
export function checkString(schema: Schema, text: string, place: Place, found: Findings): void {
  const format = effectiveFormat(schema);
  found.matches += 1;
  checkLengthAndPattern(schema, text, place, found);
  if (format === undefined || !isStringFormat(format)) return;
  found.matches += 1;
  if (hasFormat(format, text)) return;
  const message = `${place.path} in body must be of type ${format}: ${goQuote(text)}`;
  found.add(message, wrongType(fieldAt(place), text, message));
}

/** Range of the type and format, multipleOf, minimum and maximum. */
export function checkNumber(schema: Schema, value: number, place: Place, found: Findings): void {
  const { multipleOf, minimum, maximum } = schema;
  found.matches += 2;
  inRange(schema, value, 'Checked', place, found);
  if (multipleOf !== undefined) {
    const fits = inRange(schema, multipleOf, 'MultipleOf', place, found);
    const exact = fits && isInt64(value) && isInt64(multipleOf);
    if (multipleOf < 0) {
      const text = `factor MultipleOf declared for ${place.path} must be positive: ${goFloat(multipleOf)}`;
      found.add(text, invalidValue(fieldAt(place), multipleOf, text));
    } else if (!isMultiple(value, multipleOf, exact)) {
      bound(`should be a multiple of ${printBound(multipleOf, exact)}`, value, place, found);
    }
  }
  if (minimum !== undefined) {
    const exact = inRange(schema, minimum, 'Minimum boundary', place, found) && isInt64(value);
    const least = exact ? Math.trunc(minimum) : minimum;
    const exclusive = schema.exclusiveMinimum === true;
    if (exclusive ? value <= least : value < least) {
      bound(
        `should be greater than ${exclusive ? '' : 'or equal to '}${printBound(minimum, exact)}`,
        value,
        place,
        found,
      );
    }
  }
  if (maximum !== undefined) {
    const exact = inRange(schema, maximum, 'Maximum boundary', place, found) && isInt64(value);
    const most = exact ? Math.trunc(maximum) : maximum;
    const exclusive = schema.exclusiveMaximum === true;
    if (exclusive ? value >= most : value > most) {
      bound(
        `should be less than ${exclusive ? '' : 'or equal to '}${printBound(maximum, exact)}`,
        value,
        place,
        found,
      );
    }
  }
}

function checkLengthAndPattern(schema: Schema, text: string, place: Place, found: Findings): void {
  const { minLength, maxLength, pattern } = schema;
  const field = fieldAt(place);
  if (maxLength !== undefined && isLonger(text, maxLength)) {
    found.add(`${place.path} in body should be at most ${maxLength} chars long`, tooLong(field, maxLength));
    return;
  }
  if (minLength !== undefined && !isLonger(text, minLength - 1)) {
    const message = `${place.path} in body should be at least ${minLength} chars long`;
    found.add(message, invalidValue(field, text, message));
    return;
  }
  if (pattern === undefined || pattern === '') return;
  const problem = patternProblem(pattern, text);
  if (problem === undefined) return;
  const message = `${place.path} in body should match '${problem}'`;
  found.add(message, invalidValue(field, text, message));
}

function patternProblem(pattern: string, text: string): string | undefined {
  try {
    return compilePattern(pattern).matches(text) ? undefined : pattern;
  } catch (error) {
    if (error instanceof PatternError) return `${pattern}, but pattern is invalid: ${error.message}`;
    throw error;
  }
}

/** Whether the text has more code points than `max`; quick for what plainly has or has not. */
function isLonger(text: string, max: number): boolean {
  if (text.length <= max) return false;
  if (text.length > max * 2) return true;
  let count = 0;
  for (const _ of text) count += 1;
  return count > max;
}

/** kube-openapi checks a value, and the bounds that it is compared with, against what type and format can hold. */
function inRange(schema: Schema, value: number, what: string, place: Place, found: Findings): boolean {
  const types = typesOf(schema);
  const [type = ''] = types.length === 1 ? types : [];
  const format = effectiveFormat(schema);
  if (fitsType(type, format, value)) return true;
  const suffix = format === undefined ? '(default format)' : `with format ${format}`;
  found.addUnplaced(place, `${what} value must be of type ${type} ${suffix} in ${place.path}`);
  return false;
}

function fitsType(type: string, format: string | undefined, value: number): boolean {
  if (type === 'integer') {
    if (!isInt64(value)) return false;
    return format !== 'int32' || (value >= -(2 ** 31) && value < 2 ** 31);
  }
  return type !== 'number' || format !== 'float' || Number.isFinite(Math.fround(value));
}

function isMultiple(value: number, factor: number, exact: boolean): boolean {
  if (exact) return value % factor === 0;
  const ratio = factor < 1 ? (1 / factor) * value : value / factor;
  return Number.isInteger(ratio) || Math.abs(ratio - Math.round(ratio)) < 1e-9;
}

function bound(rule: string, value: number, place: Place, found: Findings): void {
  const text = `${place.path} in body ${rule}`;
  found.add(text, invalidValue(fieldAt(place), value, text));
}

function printBound(value: number, exact: boolean): string {
  return exact ? String(BigInt(Math.trunc(value))) : goFloat(value);
}

function typesOf(schema: Schema): readonly string[] {
  if (schema['x-kubernetes-int-or-string'] === true) return ['integer', 'string'];
  return schema.type === undefined ? [] : [schema.type];
}

/** The type of a JSON value, and what Go's representation of it adds as format. */
function typeOf(value: Exclude<Json, null>): [type: string, format: string] {
  if (typeof value === 'string') return ['string', ''];
  if (typeof value === 'boolean') return ['boolean', ''];
  if (typeof value === 'number') return isInt64(value) ? ['integer', 'int64'] : ['number', 'float64'];
  return [Array.isArray(value) ? 'array' : 'object', ''];
}
