import type { FieldError } from '../../schema/index.ts';

/** Several errors as k8s.io/apimachinery's Aggregate prints them: one as it is, more in brackets, the same text once. */
export function aggregate(texts: Iterable<string>): string {
  const distinct = [...new Set(texts)];
  return distinct.length === 1 ? distinct.join('') : `[${distinct.join(', ')}]`;
}

/** The same of errors in fields. */
export function aggregateErrors(errors: readonly FieldError[]): string {
  return aggregate(errors.map(({ field, message }) => `${field}: ${message}`));
}
