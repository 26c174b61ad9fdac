import { validateEmbeddedResources } from './embedded-resources.ts';
import type { FieldError } from './field-error.ts';
import { MAX_ERRORS } from './findings.ts';
import { memberOf } from './json.ts';
import type { Json, JsonObject } from './json.ts';
import { validateListTypes } from './list-types.ts';
import { memberSchema } from './schema-members.ts';
import type { Schema } from './schema.ts';
import { validateValue } from './validate-value.ts';

/** What of an object is validated. */
export interface Validation {
  /** `status` for a write to that subresource, which validates only that part; the whole object, if absent. */
  readonly part?: 'all' | 'status';
  /** The object before an update: what was wrong there and has not changed is let pass. */
  readonly old?: JsonObject | undefined;
}

/**
 * Checks an object against its resource's schema: types, formats, bounds, required members, enums, patterns, allOf, anyOf,
 * oneOf, not, the types of embedded resources, and the uniqueness of lists of type set and map. Errors, their words and their fields are kube-apiserver
 * 1.36's. The CEL rules are {@link compileRules}'.
 */
export function validate(schema: Schema, object: JsonObject, { part, old }: Validation = {}): FieldError[] {
  const structural =
    part === 'status' ? statusErrors(schema, object, old) : validateValue(schema, object, { old });
  const others = [...validateEmbeddedResources(schema, object), ...validateListTypes(schema, object, old)];
  return [...structural, ...others.slice(0, MAX_ERRORS)];
}

function statusErrors(schema: Schema, object: JsonObject, old: JsonObject | undefined): FieldError[] {
  const status: Json | undefined = memberOf(object, 'status');
  const statusSchema = memberSchema(schema, 'status');
  if (status === undefined || statusSchema === undefined) return [];
  return validateValue(statusSchema, status, { field: 'status', old: old && memberOf(old, 'status') });
}
