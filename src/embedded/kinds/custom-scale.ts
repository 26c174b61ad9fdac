import { goType, invalidValue, objectAt, printGoValue, textAt, valueAt } from '../../schema/index.ts';
import type { FieldError, Json, JsonObject } from '../../schema/index.ts';
import type { ScalePaths } from './kind.ts';

const MAX_INT32 = 2 ** 31 - 1;

/** Where objects of a version of a CustomResourceDefinition keep what `/scale` shows; undefined without that subresource. */
export function scalePathsOf(version: JsonObject): ScalePaths | undefined {
  const scale = objectAt(version, 'subresources', 'scale');
  if (scale === undefined) return undefined;
  const selector = textAt(scale, 'labelSelectorPath');
  return {
    specReplicas: membersOf(textAt(scale, 'specReplicasPath')),
    statusReplicas: membersOf(textAt(scale, 'statusReplicasPath')),
    selector: selector === '' ? undefined : membersOf(selector),
  };
}

/** What is wrong with the numbers in the spec that `/scale` shows. */
export function scaleErrors(version: JsonObject, object: JsonObject): FieldError[] {
  const scale = objectAt(version, 'subresources', 'scale');
  if (scale === undefined) return [];
  const errors = countErrors(object, textAt(scale, 'specReplicasPath'));
  const selectorPath = textAt(scale, 'labelSelectorPath');
  const selector = selectorPath === '' ? undefined : valueAt(object, ...membersOf(selectorPath));
  if (selector !== undefined && typeof selector !== 'string') {
    errors.push(invalidValue(selectorPath, '', accessorProblem(selectorPath, selector, 'string')));
  }
  return errors;
}

/** What is wrong with the numbers in the status that `/scale` shows. */
export function statusScaleErrors(version: JsonObject, object: JsonObject): FieldError[] {
  const path = textAt(version, 'subresources', 'scale', 'statusReplicasPath');
  return path === '' ? [] : countErrors(object, path);
}

function countErrors(object: JsonObject, path: string): FieldError[] {
  const value = valueAt(object, ...membersOf(path));
  if (value === undefined) return [];
  if (typeof value !== 'number' || !Number.isInteger(value)) {
    return [invalidValue(path, 0, accessorProblem(path, value, 'int64'))];
  }
  if (value < 0) return [invalidValue(path, value, 'should be a non-negative integer')];
  return value > MAX_INT32 ? [invalidValue(path, value, `should be less than or equal to ${MAX_INT32}`)] : [];
}

function membersOf(path: string): string[] {
  return path.replace(/^\./, '').split('.');
}

/** In the words of unstructured.NestedInt64. */
function accessorProblem(path: string, value: Json, expected: string): string {
  return `${path} accessor error: ${printGoValue(value)} is of the type ${goType(value)}, expected ${expected}`;
}
