import { goJson, goNumber, goQuote } from './go-format.ts';
import type { Json } from './json.ts';

/** What is wrong with a field, as the `reason` of a Status cause has it (k8s.io/apimachinery field.ErrorType). */
export type FieldErrorReason =
  | 'FieldValueNotFound'
  | 'FieldValueRequired'
  | 'FieldValueDuplicate'
  | 'FieldValueInvalid'
  | 'FieldValueNotSupported'
  | 'FieldValueForbidden'
  | 'FieldValueTooLong'
  | 'FieldValueTooMany'
  | 'FieldValueTypeInvalid'
  | 'InternalError';

/** One thing that is wrong with an object, in the words of a Kubernetes API server. */
export interface FieldError {
  readonly reason: FieldErrorReason;
  /** For example `spec.containers[0].image`; `<nil>` for a rule on the whole object. */
  readonly field: string;
  /** The error without its field: `Required value`, `Invalid value: "x": must be …`. */
  readonly message: string;
}

/** `Required value` or, with a detail, `Required value: DETAIL`. */
export function requiredValue(field: string, detail = ''): FieldError {
  return { reason: 'FieldValueRequired', field, message: withDetail('Required value', detail) };
}

/** `Invalid value: VALUE: DETAIL`; for how the value is shown see {@link printValue}. */
export function invalidValue(field: string, value: Json | undefined, detail: string): FieldError {
  return {
    reason: 'FieldValueInvalid',
    field,
    message: withDetail(`Invalid value: ${printValue(value)}`, detail),
  };
}

/** `Invalid value: DETAIL`: of values too large to be shown, rules of objects and lists among them. */
export function invalidUnshown(field: string, detail: string): FieldError {
  return { reason: 'FieldValueInvalid', field, message: withDetail('Invalid value', detail) };
}

/** `Invalid value: VALUE: DETAIL`, of a value of the wrong type. */
export function wrongType(field: string, value: Json, detail: string): FieldError {
  return {
    reason: 'FieldValueTypeInvalid',
    field,
    message: withDetail(`Invalid value: ${printValue(value)}`, detail),
  };
}

/** `Forbidden: DETAIL`. */
export function forbiddenValue(field: string, detail: string): FieldError {
  return { reason: 'FieldValueForbidden', field, message: withDetail('Forbidden', detail) };
}

/** `Duplicate value: VALUE`. */
export function duplicateValue(field: string, value: Json): FieldError {
  return { reason: 'FieldValueDuplicate', field, message: `Duplicate value: ${printValue(value)}` };
}

/** `Unsupported value: VALUE: supported values: "A", "B"`. */
export function unsupportedValue(field: string, value: Json, supported: readonly string[]): FieldError {
  const detail = supported.length === 0 ? '' : `supported values: ${supported.map(goQuote).join(', ')}`;
  return {
    reason: 'FieldValueNotSupported',
    field,
    message: withDetail(`Unsupported value: ${printValue(value)}`, detail),
  };
}

/** `Too long: may not be more than N bytes` (Kubernetes says bytes where it counts characters). */
export function tooLong(field: string, max: number): FieldError {
  const unit = max === 1 ? 'byte' : 'bytes';
  return { reason: 'FieldValueTooLong', field, message: `Too long: may not be more than ${max} ${unit}` };
}

/** `Too many: ACTUAL: must have at most MAX items`. */
export function tooMany(field: string, actual: number, max: number): FieldError {
  const unit = max === 1 ? 'item' : 'items';
  return {
    reason: 'FieldValueTooMany',
    field,
    message: `Too many: ${actual}: must have at most ${max} ${unit}`,
  };
}

/** How an error message shows a value: strings quoted, null as `null`, lists and objects as compact JSON. */
export function printValue(value: Json | undefined): string {
  if (value === undefined || value === null) return 'null';
  if (typeof value === 'string') return goQuote(value);
  if (typeof value === 'number') return goNumber(value);
  return typeof value === 'boolean' ? String(value) : goJson(value);
}

function withDetail(message: string, detail: string): string {
  return detail === '' ? message : `${message}: ${detail}`;
}
