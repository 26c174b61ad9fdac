import { forbiddenValue, invalidValue, requiredValue } from '../field-error.ts';
import type { FieldError } from '../field-error.ts';
import { keyPath, memberPath } from '../path.ts';
import { additionalSchema, memberSchema } from '../schema-members.ts';
import type { Schema } from '../schema.ts';
import { completenessErrors } from './completeness-errors.ts';
import { valueErrors } from './value-errors.ts';

/** Where in a schema a part stands: the message for a missing type says so. */
type Level = 'root' | 'item' | 'field';

const MISSING_TYPE: Readonly<Record<Level, string>> = {
  root: 'must not be empty at the root',
  item: 'must not be empty for specified array items',
  field: 'must not be empty for specified object fields',
};

/**
 * Whether a schema is structural (apiextensions' ValidateStructural): each part has a type, junctors only restrict what is
 * described outside of them, and metadata is left alone. Sorted, as Kubernetes sorts them.
 */
export function structureErrors(schema: Schema, path: string): FieldError[] {
  const errors = [...invariantErrors(schema, 'root', path), ...completenessErrors(schema, path)];
  const text = (error: FieldError): string => `${error.field}: ${error.message}`;
  return errors.toSorted((a, b) => (text(a) < text(b) ? -1 : 1));
}

function invariantErrors(schema: Schema, level: Level, path: string): FieldError[] {
  const at = (name: string): string => memberPath(path, name);
  const errors: FieldError[] = [];
  const { items, type } = schema;
  if (type === 'array' && items === undefined) errors.push(requiredValue(at('items'), 'must be specified'));
  if (items !== undefined) errors.push(...invariantErrors(items, 'item', at('items')));
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    errors.push(...invariantErrors(property, 'field', keyPath(at('properties'), name)));
  }
  const values = additionalSchema(schema);
  if (schema.additionalProperties !== undefined && level === 'root') {
    errors.push(forbiddenValue(at('additionalProperties'), 'must not be used at the root'));
  }
  if (values !== undefined) errors.push(...invariantErrors(values, 'field', at('additionalProperties')));
  return [
    ...errors,
    ...extensionErrors(schema, path),
    ...valueErrors(schema, path, schema),
    ...typeErrors(schema, level, path),
    ...metadataErrors(schema, level, path),
  ];
}

function extensionErrors(schema: Schema, path: string): FieldError[] {
  if (schema['x-kubernetes-int-or-string'] !== true) return [];
  const names = ['x-kubernetes-preserve-unknown-fields', 'x-kubernetes-embedded-resource'] as const;
  return names
    .filter((name) => schema[name] === true)
    .map((name) =>
      invalidValue(memberPath(path, name), true, 'must be false if x-kubernetes-int-or-string is true'),
    );
}

function typeErrors(schema: Schema, level: Level, path: string): FieldError[] {
  const field = memberPath(path, 'type');
  const { type = '' } = schema;
  const errors: FieldError[] = [];
  const embedded = schema['x-kubernetes-embedded-resource'] === true;
  const keeps = schema['x-kubernetes-preserve-unknown-fields'] === true;
  if (embedded && type !== 'object') {
    const detail = 'must be object if x-kubernetes-embedded-resource is true';
    errors.push(type === '' ? requiredValue(field, detail) : invalidValue(field, type, detail));
  } else if (type === '' && schema['x-kubernetes-int-or-string'] !== true && !keeps) {
    errors.push(requiredValue(field, MISSING_TYPE[level]));
  }
  if (embedded && schema.additionalProperties !== undefined) {
    const detail = 'must not be used if x-kubernetes-embedded-resource is set';
    errors.push(forbiddenValue(memberPath(path, 'additionalProperties'), detail));
  }
  if (level === 'root' && type !== '' && type !== 'object') {
    errors.push(invalidValue(field, type, 'must be object at the root'));
  }
  if (embedded && !keeps && Object.keys(schema.properties ?? {}).length === 0) {
    const detail =
      'must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields';
    errors.push(requiredValue(memberPath(path, 'properties'), detail));
  }
  return errors;
}

/** A resource's apiVersion, kind and metadata have the types that they have; of metadata only names can be restricted. */
function metadataErrors(schema: Schema, level: Level, path: string): FieldError[] {
  if (level !== 'root' && schema['x-kubernetes-embedded-resource'] !== true) return [];
  const errors: FieldError[] = [];
  const fieldOf = (name: string): string => keyPath(memberPath(path, 'properties'), name);
  for (const [name, wanted] of [
    ['kind', 'string'],
    ['apiVersion', 'string'],
    ['metadata', 'object'],
  ] as const) {
    const property = memberSchema(schema, name);
    if (property !== undefined && property.type !== wanted) {
      errors.push(invalidValue(memberPath(fieldOf(name), 'type'), property.type ?? '', `must be ${wanted}`));
    }
  }
  const metadata = memberSchema(schema, 'metadata');
  if (level === 'root' && metadata !== undefined && restrictsMore(metadata)) {
    const detail =
      'must not specify anything other than name and generateName, but metadata is implicitly specified';
    errors.push(forbiddenValue(fieldOf('metadata'), detail));
  }
  return errors;
}

function restrictsMore(metadata: Schema): boolean {
  const { type: _type, default: _default, properties = {}, ...rest } = metadata;
  const names = Object.keys(properties);
  return names.some((name) => name !== 'name' && name !== 'generateName') || Object.keys(rest).length > 0;
}
