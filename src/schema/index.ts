export { k } from './builder.ts';
export type { Static, Typed } from './builder.ts';
export type { FieldError, FieldErrorReason } from './field-error.ts';
export {
  duplicateValue,
  forbiddenValue,
  invalidValue,
  printValue,
  requiredValue,
  unsupportedValue,
} from './field-error.ts';
export type { Json, JsonObject } from './json.ts';
export { copyJson, copyObject, equalJson, isJsonObject, memberOf, setMember } from './json.ts';
export type { Schema, ValidationRule } from './schema.ts';
