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

/** `Invalid value: VALUE: DETAIL`; the value is printed as Go's `%#v` of it would be (see {@link printValue}). */
export function invalidValue(field: string, value: Json | undefined, detail: string): FieldError {
  return {
    reason: 'FieldValueInvalid',
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
  const detail =
    supported.length === 0
      ? ''
      : `supported values: ${supported.map((word) => JSON.stringify(word)).join(', ')}`;
  return {
    reason: 'FieldValueNotSupported',
    field,
    message: withDetail(`Unsupported value: ${printValue(value)}`, detail),
  };
}

/** How an error message shows a value: strings quoted, null as `null`, lists and objects as compact JSON. */
export function printValue(value: Json | undefined): string {
  return value === undefined ? 'null' : JSON.stringify(value);
}

function withDetail(message: string, detail: string): string {
  return detail === '' ? message : `${message}: ${detail}`;
}
