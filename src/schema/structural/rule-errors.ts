import { resourceSchema, schemaType, visibleSchema } from '../cel/schema-type.ts';
import { invalidValue, requiredValue, unsupportedValue } from '../field-error.ts';
import type { FieldError } from '../field-error.ts';
import { goJson } from '../go-format.ts';
import { itemPath, memberPath } from '../path.ts';
import { readFieldPath } from '../rule-path.ts';
import { compileRule, isBroken } from '../rule-programs.ts';
import type { Schema, ValidationRule } from '../schema.ts';

const REASONS = ['FieldValueDuplicate', 'FieldValueForbidden', 'FieldValueInvalid', 'FieldValueRequired'];

/** What is wrong with the rules of one part of a schema, before they are compiled. */
export function ruleFormErrors(schema: Schema, path: string): FieldError[] {
  const errors: FieldError[] = [];
  for (const [index, rule] of (schema['x-kubernetes-validations'] ?? []).entries()) {
    const at = itemPath(memberPath(path, 'x-kubernetes-validations'), index);
    errors.push(...textErrors(rule, at), ...fieldPathErrors(rule, schema, memberPath(at, 'fieldPath')));
  }
  return errors;
}

/**
 * What is wrong with the expressions of one part of a schema.
 *
 * @param uncorrelatable the part of the schema above, if there is one, below which no old value can be told
 */
export function ruleErrors(
  given: Schema,
  path: string,
  root: boolean,
  uncorrelatable: string | undefined,
): FieldError[] {
  const rules = given['x-kubernetes-validations'] ?? [];
  if (rules.length === 0) return [];
  const field = memberPath(path, 'x-kubernetes-validations');
  const schema = root ? resourceSchema(given) : visibleSchema(given);
  const type = schemaType(schema);
  if (type === undefined) {
    const detail =
      'internal error: failed to construct type information for x-kubernetes-validations rules: unable to convert structural schema to CEL declarations';
    return [{ reason: 'InternalError', field, message: `Internal error: ${detail}` }];
  }
  return rules.flatMap((rule, index) => {
    const at = itemPath(field, index);
    const compiled = compileRule(rule, schema, type);
    if (compiled === undefined) return [];
    if (isBroken(compiled)) return [invalidRule(memberPath(at, compiled.part), rule, compiled.problem)];
    if (compiled.transition) {
      if (uncorrelatable === undefined) return [];
      const detail = `oldSelf cannot be used on the uncorrelatable portion of the schema within ${uncorrelatable}`;
      return [invalidValue(memberPath(at, 'rule'), rule.rule, detail)];
    }
    if (rule.optionalOldSelf === undefined) return [];
    const detail = 'may not be set if oldSelf is not used in rule';
    return [invalidValue(memberPath(at, 'optionalOldSelf'), rule.optionalOldSelf, detail)];
  });
}

function textErrors(rule: ValidationRule, at: string): FieldError[] {
  const errors: FieldError[] = [];
  const { message = '', messageExpression = '' } = rule;
  const field = memberPath(at, 'message');
  if (rule.rule.trim() === '') errors.push(requiredValue(memberPath(at, 'rule'), 'rule is not specified'));
  else if (message !== '' && message.trim() === '') {
    errors.push(invalidValue(field, message, 'message must be non-empty if specified'));
  } else if (hasLineBreak(message.trim())) {
    errors.push(invalidValue(field, message, 'message must not contain line breaks'));
  } else if (hasLineBreak(rule.rule.trim()) && message.trim() === '') {
    errors.push(requiredValue(field, 'message must be specified if rule contains line breaks'));
  }
  if (messageExpression !== '' && messageExpression.trim() === '') {
    const detail = 'messageExpression must be non-empty if specified';
    errors.push(requiredValue(memberPath(at, 'messageExpression'), detail));
  }
  const reason: string | undefined = rule.reason;
  if (reason !== undefined && !REASONS.includes(reason)) {
    errors.push(unsupportedValue(memberPath(at, 'reason'), reason, REASONS));
  }
  return errors;
}

function fieldPathErrors({ fieldPath = '' }: ValidationRule, schema: Schema, field: string): FieldError[] {
  if (fieldPath === '') return [];
  const errors: FieldError[] = [];
  if (fieldPath.trim() === '') {
    errors.push(invalidValue(field, fieldPath, 'fieldPath must be non-empty if specified'));
  }
  if (hasLineBreak(fieldPath)) {
    errors.push(invalidValue(field, fieldPath, 'fieldPath must not contain line breaks'));
  }
  if ('problem' in readFieldPath(fieldPath, schema)) {
    errors.push(invalidValue(field, fieldPath, 'fieldPath must be a valid path'));
  }
  return errors;
}

/** Kubernetes shows the whole rule, by the names that it has in the server. */
function invalidRule(field: string, rule: ValidationRule, detail: string): FieldError {
  const members = {
    Rule: rule.rule,
    Message: rule.message ?? '',
    MessageExpression: rule.messageExpression ?? '',
    Reason: rule.reason ?? null,
    FieldPath: rule.fieldPath ?? '',
    OptionalOldSelf: rule.optionalOldSelf ?? null,
  };
  const shown = Object.entries(members).map(([name, value]) => `"${name}":${goJson(value)}`);
  return { reason: 'FieldValueInvalid', field, message: `Invalid value: {${shown.join(',')}}: ${detail}` };
}

function hasLineBreak(text: string): boolean {
  return /[\n\r]/.test(text);
}
