import { requiredValue } from '../field-error.ts';
import type { FieldError } from '../field-error.ts';
import { itemPath, keyPath, memberPath } from '../path.ts';
import { memberSchema } from '../schema-members.ts';
import type { Schema } from '../schema.ts';

/**
 * Whether all that the junctors at a schema's root restrict is described outside of them. Those further below are not looked
 * at, as in apiextensions' validateStructuralCompleteness.
 */
export function completenessErrors(schema: Schema, path: string): FieldError[] {
  return junctorErrors(schema, schema, path, path);
}

/**
 * @param branch what restricts
 * @param outer what should describe it
 */
function junctorErrors(branch: Schema, outer: Schema, outerPath: string, path: string): FieldError[] {
  const each = (name: 'allOf' | 'anyOf' | 'oneOf'): FieldError[] =>
    (branch[name] ?? []).flatMap((inner, index) =>
      branchErrors(inner, outer, outerPath, itemPath(memberPath(path, name), index)),
    );
  const { not } = branch;
  return [
    ...(not === undefined ? [] : branchErrors(not, outer, outerPath, memberPath(path, 'not'))),
    ...each('allOf'),
    ...each('anyOf'),
    ...each('oneOf'),
  ];
}

function branchErrors(
  branch: Schema,
  outer: Schema | undefined,
  outerPath: string,
  path: string,
): FieldError[] {
  if (outer === undefined) return [requiredValue(outerPath, `because it is defined in ${path}`)];
  const errors = junctorErrors(branch, outer, outerPath, path);
  if (branch.items !== undefined) {
    errors.push(
      ...branchErrors(branch.items, outer.items, memberPath(outerPath, 'items'), memberPath(path, 'items')),
    );
  }
  for (const [name, property] of Object.entries(branch.properties ?? {})) {
    const inner = keyPath(memberPath(path, 'properties'), name);
    errors.push(
      ...branchErrors(
        property,
        memberSchema(outer, name),
        keyPath(memberPath(outerPath, 'properties'), name),
        inner,
      ),
    );
  }
  return errors;
}
