import { invalidValue } from '../field-error.ts';
import type { FieldError } from '../field-error.ts';
import { copyJson, equalJson } from '../json.ts';
import { keyPath, memberPath } from '../path.ts';
import { prune } from '../prune.ts';
import { evaluateRules } from '../rules.ts';
import type { Schema } from '../schema.ts';
import { validateValue } from '../validate-value.ts';

/** Whether the defaults of a schema are values of it, pruned and by its rules (apiextensions' ValidateDefaults). */
export function defaultErrors(schema: Schema, path: string): FieldError[] {
  const errors = ownErrors(schema, memberPath(path, 'default'));
  if (schema.items !== undefined) errors.push(...defaultErrors(schema.items, memberPath(path, 'items')));
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    errors.push(...defaultErrors(property, keyPath(memberPath(path, 'properties'), name)));
  }
  return errors;
}

function ownErrors(schema: Schema, field: string): FieldError[] {
  const { default: value } = schema;
  if (value === undefined || value === null) return [];
  const pruned = copyJson(value);
  prune(schema, pruned, schema['x-kubernetes-embedded-resource'] === true);
  const errors = equalJson(pruned, value) ? [] : [invalidValue(field, value, 'must not have unknown fields')];
  const invalid = validateValue(schema, value, { field });
  if (invalid.length > 0) return [...errors, ...invalid];
  return [...errors, ...evaluateRules(schema, value, field)];
}
