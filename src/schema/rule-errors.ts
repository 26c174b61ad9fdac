import {
  duplicateValue,
  forbiddenValue,
  invalidUnshown,
  invalidValue,
  requiredValue,
} from './field-error.ts';
import type { FieldError } from './field-error.ts';
import type { Json } from './json.ts';
import { fieldName } from './path.ts';
import type { ValidationRule } from './schema.ts';

/**
 * The error of a rule on a value: a scalar is shown in it, an object or a list is not.
 *
 * @param path of the field that is wrong: the value's, or below it where the rule says so
 */
export function ruleError(
  path: string,
  value: Json,
  detail: string,
  reason?: ValidationRule['reason'],
): FieldError {
  const field = fieldName(path);
  const scalar = typeof value !== 'object' || value === null;
  switch (reason) {
    case 'FieldValueForbidden':
      return forbiddenValue(field, detail);
    case 'FieldValueRequired':
      return requiredValue(field, detail);
    case 'FieldValueDuplicate':
      return scalar
        ? duplicateValue(field, value)
        : { reason: 'FieldValueDuplicate', field, message: 'Duplicate value' };
    default:
      return scalar ? invalidValue(field, value, detail) : invalidUnshown(field, detail);
  }
}
