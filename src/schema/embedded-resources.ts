import { invalidValue, requiredValue } from './field-error.ts';
import type { FieldError } from './field-error.ts';
import { isJsonObject, memberOf } from './json.ts';
import type { Json, JsonObject } from './json.ts';
import { dns1035LabelProblems } from './names.ts';
import { itemPath, keyPath, memberPath } from './path.ts';
import { additionalSchema, memberSchema } from './schema-members.ts';
import type { Schema } from './schema.ts';

/** Checks that each embedded resource in an object says what it is (apiextensions' objectmeta validation). */
export function validateEmbeddedResources(schema: Schema, value: Json, path = ''): FieldError[] {
  if (Array.isArray(value)) {
    const { items } = schema;
    if (items === undefined) return [];
    return value.flatMap((item, index) => validateEmbeddedResources(items, item, itemPath(path, index)));
  }
  if (!isJsonObject(value)) return [];
  const own = schema['x-kubernetes-embedded-resource'] === true ? typeErrors(value, path) : [];
  const values = additionalSchema(schema);
  const below = Object.entries(value).flatMap(([name, member]) => {
    const property = memberSchema(schema, name);
    if (property !== undefined) return validateEmbeddedResources(property, member, memberPath(path, name));
    return values === undefined ? [] : validateEmbeddedResources(values, member, keyPath(path, name));
  });
  return [...own, ...below];
}

function typeErrors(object: JsonObject, path: string): FieldError[] {
  return [
    ...textErrors(object, 'apiVersion', path, (apiVersion) =>
      apiVersion.split('/').length > 2 ? `unexpected GroupVersion string: ${apiVersion}` : undefined,
    ),
    ...textErrors(object, 'kind', path, (kind) => {
      const problems = dns1035LabelProblems(kind.toLowerCase());
      if (problems.length === 0) return undefined;
      return `may have mixed case, but should otherwise match: ${problems.join(',')}`;
    }),
  ];
}

function textErrors(
  object: JsonObject,
  name: string,
  path: string,
  problemOf: (text: string) => string | undefined,
): FieldError[] {
  const value = memberOf(object, name);
  const field = memberPath(path, name);
  if (value === undefined || value === '') return [requiredValue(field)];
  if (typeof value !== 'string') return [invalidValue(field, value, 'must be a string')];
  const problem = problemOf(value);
  return problem === undefined ? [] : [invalidValue(field, value, problem)];
}
