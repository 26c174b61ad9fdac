import {
  forbiddenValue,
  invalidValue,
  isTrueAt,
  objectAt,
  sameJson,
  tooLong,
  valueAt,
} from '../../schema/index.ts';
import type { FieldError, Json, JsonObject } from '../../schema/index.ts';
import { base64Bytes } from './base64-bytes.ts';
import type { BuiltInKind } from './built-in-kind.ts';
import { configKeyProblems } from './names.ts';
import { invalidFor } from './problems.ts';
import { AGE, NAME, ageCell, nameCell } from './table.ts';

/** All values of a ConfigMap or a Secret together, in bytes. */
export const MAX_DATA_BYTES: number = 1024 * 1024;

/** core/v1 ConfigMap. */
export const configMap: BuiltInKind = {
  group: '',
  version: 'v1',
  kind: 'ConfigMap',
  plural: 'configmaps',
  shortNames: ['cm'],
  namespaced: true,
  strategy: {
    validate(object) {
      const data = objectAt(object, 'data') ?? {};
      const binaryData = objectAt(object, 'binaryData') ?? {};
      const errors: FieldError[] = [];
      let bytes = 0;
      for (const [key, value] of Object.entries(data)) {
        errors.push(...invalidFor(`data[${key}]`, key, configKeyProblems(key)));
        if (Object.hasOwn(binaryData, key)) {
          errors.push(invalidValue(`data[${key}]`, key, 'duplicate of key present in binaryData'));
        }
        bytes += textBytes(value);
      }
      for (const [key, value] of Object.entries(binaryData)) {
        errors.push(...invalidFor(`binaryData[${key}]`, key, configKeyProblems(key)));
        bytes += base64Bytes(value);
      }
      // The field's path is empty, which prints so.
      if (bytes > MAX_DATA_BYTES) errors.push(tooLong('[]', MAX_DATA_BYTES));
      return errors;
    },
    validateUpdate: (object, old) => immutabilityErrors(object, old, ['data', 'binaryData']),
  },
  table: {
    columns: [NAME, { name: 'Data', field: 'data' }, AGE],
    cells: (object, now) => [nameCell(object), keyCount(object), ageCell(object, now)],
  },
};

/** What an update of an immutable ConfigMap or Secret may not do. */
export function immutabilityErrors(
  object: JsonObject,
  old: JsonObject,
  members: readonly string[],
): FieldError[] {
  if (!isTrueAt(old, 'immutable')) return [];
  const detail = 'field is immutable when `immutable` is set';
  const errors: FieldError[] = [];
  if (!isTrueAt(object, 'immutable')) errors.push(forbiddenValue('immutable', detail));
  for (const member of members) {
    if (!sameJson(valueAt(object, member), valueAt(old, member))) errors.push(forbiddenValue(member, detail));
  }
  return errors;
}

function keyCount(object: JsonObject): number {
  return [objectAt(object, 'data'), objectAt(object, 'binaryData')]
    .map((data) => Object.keys(data ?? {}).length)
    .reduce((sum, count) => sum + count, 0);
}

function textBytes(value: Json): number {
  return typeof value === 'string' ? Buffer.byteLength(value) : 0;
}
