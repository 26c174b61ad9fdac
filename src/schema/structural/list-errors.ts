import { forbiddenValue, invalidValue, requiredValue, unsupportedValue } from '../field-error.ts';
import type { FieldError } from '../field-error.ts';
import { keyPath, memberPath } from '../path.ts';
import { memberSchema } from '../schema-members.ts';
import type { Schema } from '../schema.ts';

const LIST_TYPES = ['atomic', 'set', 'map'];

/** What is wrong with how a list's items are told apart (x-kubernetes-list-type, x-kubernetes-list-map-keys). */
export function listErrors(schema: Schema, path: string): FieldError[] {
  const at = (name: string): string => memberPath(path, name);
  const errors: FieldError[] = [];
  const listType: string | undefined = schema['x-kubernetes-list-type'];
  const keys = schema['x-kubernetes-list-map-keys'] ?? [];
  const { type = '', items } = schema;
  if (listType !== undefined && type !== 'array') {
    const detail = 'must be array if x-kubernetes-list-type is specified';
    errors.push(type === '' ? requiredValue(at('type'), detail) : invalidValue(at('type'), type, detail));
  } else if (listType === 'set' && items !== undefined) {
    errors.push(...setItemErrors(items, at('items')));
  }
  if (listType !== undefined && !LIST_TYPES.includes(listType)) {
    errors.push(unsupportedValue(at('x-kubernetes-list-type'), listType, LIST_TYPES));
  }
  if (keys.length > 0 && listType !== 'map') {
    const detail = 'must be map if x-kubernetes-list-map-keys is non-empty';
    const field = at('x-kubernetes-list-type');
    errors.push(
      listType === undefined ? requiredValue(field, detail) : invalidValue(field, listType, detail),
    );
  }
  if (listType === 'map') errors.push(...mapErrors(schema, keys, path));
  if ((listType === 'set' || listType === 'map') && items?.nullable === true) {
    const detail = `cannot be nullable when x-kubernetes-list-type is ${listType}`;
    errors.push(forbiddenValue(memberPath(at('items'), 'nullable'), detail));
  }
  return errors;
}

/** The items of a set are compared as a whole. */
function setItemErrors(items: Schema, path: string): FieldError[] {
  const detail = 'must be atomic as item of a list with x-kubernetes-list-type=set';
  const listType = items['x-kubernetes-list-type'];
  if (items.type === 'array' && listType !== undefined && listType !== 'atomic') {
    return [invalidValue(memberPath(path, 'x-kubernetes-list-type'), listType, detail)];
  }
  // Kubernetes shows the list type here too, which an object does not have.
  if (items.type === 'object' && items['x-kubernetes-map-type'] !== 'atomic') {
    return [invalidValue(memberPath(path, 'x-kubernetes-map-type'), listType ?? null, detail)];
  }
  return [];
}

function mapErrors({ items }: Schema, keys: readonly string[], path: string): FieldError[] {
  const field = memberPath(path, 'x-kubernetes-list-map-keys');
  const itemsField = memberPath(path, 'items');
  const errors: FieldError[] = [];
  if (keys.length === 0)
    errors.push(requiredValue(field, 'must not be empty if x-kubernetes-list-type is map'));
  if (items === undefined) {
    return [...errors, requiredValue(itemsField, 'must have a schema if x-kubernetes-list-type is map')];
  }
  if (items.type !== 'object') {
    const detail = "must be object if parent array's x-kubernetes-list-type is map";
    return [...errors, invalidValue(memberPath(itemsField, 'type'), items.type ?? '', detail)];
  }
  for (const [index, key] of keys.entries()) {
    const property = memberSchema(items, key);
    const own = keyPath(memberPath(itemsField, 'properties'), key);
    if (property === undefined) {
      errors.push(invalidValue(field, [...keys], 'entries must all be names of item properties'));
    } else {
      errors.push(...keyErrors(property, items.required?.includes(key) === true, own));
    }
    if (keys.indexOf(key) < index)
      errors.push(invalidValue(field, [...keys], 'must not contain duplicate entries'));
  }
  return errors;
}

function keyErrors(property: Schema, required: boolean, path: string): FieldError[] {
  const errors: FieldError[] = [];
  if (property.type === 'array' || property.type === 'object') {
    // Kubernetes shows the type of the items here, which is always object.
    const detail = "must be a scalar type if parent array's x-kubernetes-list-type is map";
    errors.push(invalidValue(memberPath(path, 'type'), 'object', detail));
  }
  if (!required && property.default === undefined) {
    const detail =
      'this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property';
    errors.push(requiredValue(memberPath(path, 'default'), detail));
  }
  if (property.nullable === true) {
    const detail = 'this property is in x-kubernetes-list-map-keys, so it cannot be nullable';
    errors.push(forbiddenValue(memberPath(path, 'nullable'), detail));
  }
  return errors;
}
