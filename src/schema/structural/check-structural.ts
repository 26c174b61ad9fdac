import { forbiddenValue } from '../field-error.ts';
import type { FieldError } from '../field-error.ts';
import { memberPath } from '../path.ts';
import type { Schema } from '../schema.ts';
import { defaultErrors } from './default-errors.ts';
import { schemaErrors } from './schema-errors.ts';
import { structureErrors } from './structure-errors.ts';

/** A schema nested deeper than this is refused: no real one is, and everything that walks schemas walks them recursively. */
const MAX_DEPTH = 200;

/**
 * What kube-apiserver finds wrong with a schema (`openAPIV3Schema`) when a CustomResourceDefinition is created: whether it
 * is structural, whether its defaults are valid, and, if so far all is well, whether its rules compile.
 *
 * @param path of the schema: `spec.validation.openAPIV3Schema` where all versions have the same, else
 *   `spec.versions[0].schema.openAPIV3Schema`
 */
export function checkStructural(schema: Schema, path: string): FieldError[] {
  if (isDeeperThan(schema, MAX_DEPTH))
    return [forbiddenValue(path, `must not be nested more than ${MAX_DEPTH} levels deep`)];
  const errors: FieldError[] = [];
  if (schema.nullable === true) {
    errors.push(forbiddenValue(memberPath(path, 'nullable'), 'nullable cannot be true at the root'));
  }
  let structural = structureErrors(schema, path);
  if (structural.length === 0) structural = defaultErrors(schema, path);
  const found = schemaErrors(schema, path, structural.length === 0);
  return [...errors, ...structural, ...found];
}

function isDeeperThan(value: unknown, depth: number): boolean {
  let level: unknown[] = [value];
  for (let reached = 0; level.length > 0; reached += 1) {
    if (reached > depth * 2) return true;
    level = level.flatMap((one): unknown[] => {
      return typeof one === 'object' && one !== null ? Object.values(one) : [];
    });
  }
  return false;
}
