import {
  duplicateValue,
  invalidValue,
  objectAt,
  objectsAt,
  requiredValue,
  textAt,
  tooMany,
} from '../../schema/index.ts';
import { checkStructural } from '../../schema/engine.ts';
import type { FieldError, JsonObject } from '../../schema/index.ts';
import { JsonPathError, parseJsonPath } from './json-path.ts';

const COLUMN_TYPES = ['boolean', 'date', 'integer', 'number', 'string'];
const COLUMN_FORMATS = ['byte', 'date', 'date-time', 'double', 'float', 'int32', 'int64', 'password'];
const MAX_SELECTABLE_FIELDS = 8;

/** What is wrong with one member of a version of a CustomResourceDefinition, reported below `field`. */
export function versionErrors(version: JsonObject, member: string, field: string): FieldError[] {
  switch (member) {
    case 'subresources':
      return scaleErrors(version, field);
    case 'additionalPrinterColumns':
      return objectsAt(version, member).flatMap((column, index) =>
        columnErrors(column, `${field}[${index}]`),
      );
    case 'selectableFields':
      return selectableErrors(version, field);
    default:
      return schemaErrors(version, field);
  }
}

function schemaErrors(version: JsonObject, field: string): FieldError[] {
  const schema = objectAt(version, 'schema', 'openAPIV3Schema');
  const path = `${field}.openAPIV3Schema`;
  return schema === undefined ? [] : checkStructural(schema, path);
}

function scaleErrors(version: JsonObject, field: string): FieldError[] {
  const scale = objectAt(version, 'subresources', 'scale');
  if (scale === undefined) return [];
  const selector = textAt(scale, 'labelSelectorPath');
  return [
    ...scalePathErrors(`${field}.scale.specReplicasPath`, textAt(scale, 'specReplicasPath'), ['.spec.']),
    ...scalePathErrors(`${field}.scale.statusReplicasPath`, textAt(scale, 'statusReplicasPath'), [
      '.status.',
    ]),
    ...(selector === ''
      ? []
      : scalePathErrors(`${field}.scale.labelSelectorPath`, selector, ['.spec.', '.status.'])),
  ];
}

function scalePathErrors(field: string, path: string, prefixes: readonly string[]): FieldError[] {
  if (path === '') return [requiredValue(field)];
  if (!path.startsWith('.')) return [invalidValue(field, path, 'must be a simple json path starting with .')];
  if (prefixes.some((prefix) => path.startsWith(prefix))) return [];
  const places = prefixes.map((prefix) => prefix.slice(0, -1));
  return [invalidValue(field, path, `should be a json path under ${places.join(' or either ')}`)];
}

function columnErrors(column: JsonObject, field: string): FieldError[] {
  const type = textAt(column, 'type');
  const format = textAt(column, 'format');
  const path = textAt(column, 'jsonPath');
  const types = `must be one of ${COLUMN_TYPES.join(',')}`;
  const errors: FieldError[] = [];
  if (textAt(column, 'name') === '') errors.push(requiredValue(`${field}.name`));
  if (type === '') errors.push(requiredValue(`${field}.type`, types));
  else if (!COLUMN_TYPES.includes(type)) errors.push(invalidValue(`${field}.type`, type, types));
  if (format !== '' && !COLUMN_FORMATS.includes(format)) {
    errors.push(invalidValue(`${field}.format`, format, `must be one of ${COLUMN_FORMATS.join(',')}`));
  }
  if (path === '') errors.push(requiredValue(`${field}.JSONPath`));
  else errors.push(...pathErrors(`${field}.JSONPath`, path));
  return errors;
}

function pathErrors(field: string, path: string): FieldError[] {
  if (!path.startsWith('.')) return [invalidValue(field, path, 'must be a simple json path starting with .')];
  try {
    parseJsonPath(path);
    return [];
  } catch (error) {
    if (!(error instanceof JsonPathError)) throw error;
    return [invalidValue(field, path, `is an invalid path: ${error.message}`)];
  }
}

function selectableErrors(version: JsonObject, field: string): FieldError[] {
  const fields = objectsAt(version, 'selectableFields');
  const errors: FieldError[] = [];
  if (fields.length > MAX_SELECTABLE_FIELDS) {
    errors.push(tooMany(field, fields.length, MAX_SELECTABLE_FIELDS));
  }
  const seen = new Set<string>();
  for (const [index, item] of fields.entries()) {
    const path = textAt(item, 'jsonPath');
    const own = `${field}[${index}].jsonPath`;
    if (path === '') errors.push(requiredValue(own));
    else if (!/^(?:\.[A-Za-z_][A-Za-z0-9_]*)+$/.test(path)) {
      errors.push(invalidValue(own, path, 'is an invalid path: must be a simple path of members'));
    } else if (path === '.metadata' || path.startsWith('.metadata.')) {
      errors.push(invalidValue(own, path, 'must not point to fields in metadata'));
    } else if (seen.has(path)) {
      errors.push(duplicateValue(own, path));
    }
    seen.add(path);
  }
  return errors;
}
