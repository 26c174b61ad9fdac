import { invalidValue, printValue, sameJson, unsupportedValue } from '../../schema/index.ts';
import type { FieldError, Json } from '../../schema/index.ts';
import { quantityOf } from './quantity.ts';

const MAX_INT32 = 2 ** 31 - 1;

/** `Not found: VALUE`. */
export function notFound(field: string, value: Json): FieldError {
  return { reason: 'FieldValueNotFound', field, message: `Not found: ${printValue(value)}` };
}

/** `Invalid value: VALUE: DETAIL` of a value of a Go type, whose members print in the order in which they are given. */
export function invalidStruct(field: string, value: Json, detail: string): FieldError {
  return {
    reason: 'FieldValueInvalid',
    field,
    message: `Invalid value: ${JSON.stringify(value)}: ${detail}`,
  };
}

/** `Duplicate value: VALUE` of a value of a Go type; see {@link invalidStruct}. */
export function duplicateStruct(field: string, value: Json): FieldError {
  return { reason: 'FieldValueDuplicate', field, message: `Duplicate value: ${JSON.stringify(value)}` };
}

/** One error for each detail. */
export function invalidFor(field: string, value: Json, details: readonly string[]): FieldError[] {
  return details.map((detail) => invalidValue(field, value, detail));
}

/** An error where a value differs from the old one. */
export function unlessSame(
  field: string,
  value: Json | undefined,
  old: Json | undefined,
  detail = 'field is immutable',
): FieldError[] {
  return sameJson(value, old) ? [] : [invalidValue(field, value ?? null, detail)];
}

/** An error for a number below 0. */
export function unlessNonNegative(field: string, value: number | undefined): FieldError[] {
  return value !== undefined && value < 0
    ? [invalidValue(field, value, 'must be greater than or equal to 0')]
    : [];
}

/** An error for a quantity below 0. */
export function unlessNonNegativeAmount(field: string, value: Json): FieldError[] {
  const amount = quantityOf(value);
  return amount !== undefined && amount < 0n
    ? [invalidValue(field, value, 'must be greater than or equal to 0')]
    : [];
}

/** An error for a number below 1. */
export function unlessPositive(field: string, value: number | undefined): FieldError[] {
  return value !== undefined && value <= 0 ? [invalidValue(field, value, 'must be greater than 0')] : [];
}

/** An error for a port that is not between 1 and 65535. */
export function unlessPort(field: string, value: number): FieldError[] {
  return value >= 1 && value <= 65_535
    ? []
    : [invalidValue(field, value, 'must be between 1 and 65535, inclusive')];
}

/** An error for a text that is neither empty nor one of `supported`. */
export function unlessOneOf(field: string, value: string, supported: readonly string[]): FieldError[] {
  return value === '' || supported.includes(value) ? [] : [unsupportedValue(field, value, supported)];
}

/** Errors for an int-or-string that is neither a number from 0 to 2³¹-1 nor a percentage. */
export function unlessCountOrPercent(field: string, value: Json | undefined): FieldError[] {
  if (typeof value === 'number') {
    if (value > MAX_INT32) return [invalidValue(field, value, `must be less than or equal to ${MAX_INT32}`)];
    return unlessNonNegative(field, value);
  }
  if (typeof value !== 'string' || /^[0-9]+%$/.test(value)) return [];
  return [
    invalidValue(
      field,
      value,
      "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')",
    ),
  ];
}

/** An error for a percentage above 100. */
export function unlessAtMostWhole(field: string, value: Json | undefined): FieldError[] {
  if (typeof value !== 'string' || !/^[0-9]+%$/.test(value)) return [];
  return Number.parseInt(value, 10) > 100
    ? [invalidValue(field, value, 'must not be greater than 100%')]
    : [];
}
