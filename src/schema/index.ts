export { k } from './builder.ts';
export type { Static, Typed } from './builder.ts';
export { applyDefaults } from './defaults.ts';
export type { FieldError, FieldErrorReason } from './field-error.ts';
export {
  duplicateValue,
  forbiddenValue,
  invalidUnshown,
  invalidValue,
  printValue,
  requiredValue,
  tooLong,
  tooMany,
  unsupportedValue,
} from './field-error.ts';
export { evaluateExpression } from './expression.ts';
export { parseGoDuration } from './go-duration.ts';
export { goJson, goQuote, goQuoteList } from './go-format.ts';
export { parseIp } from './ip.ts';
export { goJsonKind, goType, printGoValue } from './go-value.ts';
export type { Json, JsonObject } from './json.ts';
export {
  copyJson,
  copyObject,
  equalJson,
  isJsonObject,
  isShallow,
  memberOf,
  sameJson,
  setMember,
} from './json.ts';
export { isTrueAt, listAt, numberAt, objectAt, objectsAt, textAt, textsAt, valueAt } from './members.ts';
export type { NameForm } from './names.ts';
export {
  dns1035LabelProblems,
  dns1123LabelProblems,
  dns1123SubdomainProblems,
  formProblems,
  labelValueProblems,
  nameForm,
  qualifiedNameProblems,
} from './names.ts';
export { prune } from './prune.ts';
export { isQuantity, parseQuantity } from './quantity.ts';
export type { Schema, ValidationRule } from './schema.ts';
export { formatTime } from './time.ts';
