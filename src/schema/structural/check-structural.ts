import { forbiddenValue } from '../field-error.ts';
import type { FieldError } from '../field-error.ts';
import { memberPath } from '../path.ts';
import type { Schema } from '../schema.ts';
import { defaultErrors } from './default-errors.ts';
import { schemaErrors } from './schema-errors.ts';
import { structureErrors } from './structure-errors.ts';

/** A schema nested deeper than this is refused: no real one is, and everything that walks schemas walks them recursively. */
const MAX_DEPTH = 200;
/** The largest known definitions have a tenth of this many parts. */
const MAX_PARTS = 50_000;

/**
 * What kube-apiserver finds wrong with a schema (`openAPIV3Schema`) when a CustomResourceDefinition is created: whether it
 * is structural, whether its defaults are valid, and, if so far all is well, whether its rules compile.
 *
 * @param path of the schema: `spec.validation.openAPIV3Schema` where all versions have the same, else
 *   `spec.versions[0].schema.openAPIV3Schema`
 */
export function checkStructural(schema: Schema, path: string): FieldError[] {
  const extent = extentProblem(schema);
  if (extent !== undefined) return [forbiddenValue(path, extent)];
  const errors: FieldError[] = [];
  if (schema.nullable === true) {
    errors.push(forbiddenValue(memberPath(path, 'nullable'), 'nullable cannot be true at the root'));
  }
  let structural = structureErrors(schema, path);
  if (structural.length === 0) structural = defaultErrors(schema, path);
  const found = schemaErrors(schema, path, structural.length === 0);
  return [...errors, ...structural, ...found];
}

/** Why a schema is too deep or too large to be looked at. */
function extentProblem(schema: Schema): string | undefined {
  let level: object[] = [schema];
  let parts = 0;
  for (let depth = 0; level.length > 0; depth += 1) {
    // Each level of a schema has two of JSON: the schema, and the properties or branches in it.
    if (depth > MAX_DEPTH * 2) return `must not be nested more than ${MAX_DEPTH} levels deep`;
    parts += level.length;
    if (parts > MAX_PARTS) return `must not have more than ${MAX_PARTS} parts`;
    level = level.flatMap((part) =>
      Object.values(part).filter((one): one is object => typeof one === 'object' && one !== null),
    );
  }
  return undefined;
}
