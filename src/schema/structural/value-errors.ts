import { forbiddenValue, invalidValue } from '../field-error.ts';
import type { FieldError } from '../field-error.ts';
import { itemPath, keyPath, memberPath } from '../path.ts';
import { patternProblem } from '../patterns.ts';
import type { Schema } from '../schema.ts';

/** What the branches of allOf, anyOf, oneOf and not may not say, and how they are told so. */
const FORBIDDEN: readonly (readonly [keyof Schema | 'externalDocs', string])[] = [
  ['type', 'must be empty to be structural'],
  ['additionalProperties', 'must be undefined to be structural'],
  ['default', 'must be undefined to be structural'],
  ['title', 'must be empty to be structural'],
  ['description', 'must be empty to be structural'],
  ['nullable', 'must be false to be structural'],
  ['externalDocs', 'must be undefined to be structural'],
  ['x-kubernetes-preserve-unknown-fields', 'must be false to be structural'],
  ['x-kubernetes-embedded-resource', 'must be false to be structural'],
  ['x-kubernetes-int-or-string', 'must be false to be structural'],
  ['x-kubernetes-list-map-keys', 'must be empty to be structural'],
  ['x-kubernetes-list-type', 'must be undefined to be structural'],
  ['x-kubernetes-map-type', 'must be undefined to be structural'],
  ['x-kubernetes-validations', 'must be empty to be structural'],
];

/**
 * What is wrong with the restrictions of a schema, its junctors among them (apiextensions' validateValueValidation).
 *
 * @param outer the schema outside of junctors: for int-or-string its anyOf, or that of its first allOf, may name the types
 */
export function valueErrors(schema: Schema, path: string, outer?: Schema): FieldError[] {
  const errors: FieldError[] = [];
  const allowed = outer === undefined ? undefined : intOrStringBranch(outer);
  for (const [index, branch] of (schema.anyOf ?? []).entries()) {
    if (allowed !== schema.anyOf)
      errors.push(...nestedErrors(branch, itemPath(memberPath(path, 'anyOf'), index)));
  }
  for (const [index, branch] of (schema.allOf ?? []).entries()) {
    const inner = itemPath(memberPath(path, 'allOf'), index);
    const typed = index === 0 && allowed !== undefined && allowed === branch.anyOf;
    errors.push(...(typed ? nestedErrors({ ...branch, anyOf: [] }, inner) : nestedErrors(branch, inner)));
  }
  for (const [index, branch] of (schema.oneOf ?? []).entries()) {
    errors.push(...nestedErrors(branch, itemPath(memberPath(path, 'oneOf'), index)));
  }
  if (schema.not !== undefined) errors.push(...nestedErrors(schema.not, memberPath(path, 'not')));
  const problem = patternProblem(schema.pattern ?? '');
  if (problem !== undefined) {
    const detail = `must be a valid regular expression, but isn't: ${problem}`;
    errors.push(invalidValue(memberPath(path, 'pattern'), schema.pattern, detail));
  }
  return errors;
}

/** What is wrong with a branch of a junctor: it may restrict, but neither describe nor type. */
function nestedErrors(schema: Schema, path: string): FieldError[] {
  const errors = valueErrors(schema, path);
  if (schema.items !== undefined) errors.push(...nestedErrors(schema.items, memberPath(path, 'items')));
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    errors.push(...nestedErrors(property, keyPath(memberPath(path, 'properties'), name)));
  }
  for (const [name, detail] of FORBIDDEN) {
    if (isSaid(name in schema ? schema[name as keyof Schema] : undefined)) {
      errors.push(forbiddenValue(memberPath(path, name), detail));
    }
  }
  if (schema.properties !== undefined && Object.hasOwn(schema.properties, 'metadata')) {
    const field = keyPath(memberPath(path, 'properties'), 'metadata');
    errors.push(forbiddenValue(field, 'must not be specified in a nested context'));
  }
  return errors;
}

/** The anyOf by which a schema says "a number or a text", where it stands as it has to. */
function intOrStringBranch(schema: Schema): readonly Schema[] | undefined {
  return [schema.anyOf, schema.allOf?.[0]?.anyOf].find((branches) => {
    const [first, second] = branches ?? [];
    return branches?.length === 2 && isOnlyType(first, 'integer') && isOnlyType(second, 'string');
  });
}

function isOnlyType(schema: Schema | undefined, type: string): boolean {
  return schema !== undefined && schema.type === type && Object.keys(schema).length === 1;
}

/** Empty lists and texts, false and null are as good as nothing. */
function isSaid(value: unknown): boolean {
  if (Array.isArray(value)) return value.length > 0;
  return value !== undefined && value !== null && value !== false && value !== '';
}
