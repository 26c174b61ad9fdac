import { itemFinder, NO_OLD, oldMember } from './correlation.ts';
import type { Old } from './correlation.ts';
import { invalidValue, requiredValue, tooMany, unsupportedValue } from './field-error.ts';
import type { FieldError } from './field-error.ts';
import { fieldAt, Findings } from './findings.ts';
import type { Place } from './findings.ts';
import { effectiveFormat } from './formats.ts';
import { equalJson } from './json.ts';
import type { Json, JsonObject } from './json.ts';
import { itemPath, memberPath } from './path.ts';
import { additionalSchema, memberSchema } from './schema-members.ts';
import type { Schema } from './schema.ts';
import { checkNumber, checkString, checkType } from './validate-scalar.ts';

export interface ValidateOptions {
  /**
   * Where the value is in its object. Errors name `status.x` as their field but `x in body` in their message, as
   * kube-apiserver's do. The root, if absent.
   */
  readonly field?: string;
  /** The value before an update: what was wrong there and has not changed is let pass (CRDValidationRatcheting). */
  readonly old?: Json | undefined;
}

/**
 * Checks a value against a schema: types, formats, bounds, required members, enums, patterns, allOf, anyOf, oneOf, not.
 * Errors, their words and their fields are kube-apiserver 1.36's. List types and CEL rules are checked by functions of
 * their own.
 */
export function validateValue(schema: Schema, value: Json, options: ValidateOptions = {}): FieldError[] {
  const old: Old = options.old === undefined ? NO_OLD : { value: options.old };
  return ratcheted(schema, value, { base: options.field ?? '', path: '' }, old).errors();
}

function ratcheted(schema: Schema, value: Json, place: Place, old: Old): Findings {
  const found = check(schema, value, place, old);
  return !found.valid && old !== NO_OLD && equalJson(old.value, value) ? new Findings() : found;
}

/** The order of the checks, and what each adds to the matches, are kube-openapi's (SchemaValidator.Validate). */
function check(schema: Schema, value: Json, place: Place, old: Old): Findings {
  const found = new Findings();
  if (value === null) {
    checkType(schema, value, place, found);
    checkEnum(schema, value, place, found);
    return found;
  }
  if (schema.type !== undefined || isIntOrString(schema) || effectiveFormat(schema) !== undefined) {
    checkType(schema, value, place, found);
    found.matches += 1;
  }
  checkJunctors(schema, value, place, old, found);
  if (typeof value === 'string') checkString(schema, value, place, found);
  else if (typeof value === 'number') checkNumber(schema, value, place, found);
  else if (Array.isArray(value)) checkList(schema, value, place, old, found);
  checkEnum(schema, value, place, found);
  if (typeof value === 'object' && !Array.isArray(value)) checkObject(schema, value, place, old, found);
  found.matches += 1;
  return found;
}

/** allOf, anyOf, oneOf and not (schemaPropsValidator). */
function checkJunctors(schema: Schema, value: Json, place: Place, old: Old, found: Findings): void {
  const each = (schemas: readonly Schema[] | undefined): Findings[] =>
    (schemas ?? []).map((branch) => check(branch, value, place, old));
  const name = JSON.stringify(place.path);
  found.matches += 2;
  if (schema.anyOf !== undefined && schema.anyOf.length > 0) {
    const branches = each(schema.anyOf);
    const first = branches.find((branch) => branch.valid);
    if (first === undefined) found.addUnplaced(place, `${name} must validate at least one schema (anyOf)`);
    found.merge(first ?? mostMatches(branches));
  }
  if (schema.oneOf !== undefined && schema.oneOf.length > 0) {
    checkOneOf(each(schema.oneOf), name, place, found);
  }
  if (schema.allOf !== undefined && schema.allOf.length > 0) {
    const branches = each(schema.allOf);
    const valid = branches.filter((branch) => branch.valid).length;
    for (const branch of branches) found.merge(branch);
    const none = valid === 0 ? '. None validated' : '';
    if (valid !== branches.length)
      found.addUnplaced(place, `${name} must validate all the schemas (allOf)${none}`);
  }
  if (schema.not !== undefined && check(schema.not, value, place, old).valid) {
    found.addUnplaced(place, `${name} must not validate the schema (not)`);
  }
}

function checkOneOf(branches: readonly Findings[], name: string, place: Place, found: Findings): void {
  const valid = branches.filter((branch) => branch.valid);
  const [first] = valid;
  if (valid.length === 1 && first !== undefined) {
    found.merge(first);
    return;
  }
  const count = valid.length === 0 ? 'Found none valid' : `Found ${valid.length} valid alternatives`;
  found.addUnplaced(place, `${name} must validate one and only one schema (oneOf). ${count}`);
  if (valid.length === 0) found.merge(mostMatches(branches));
}

/** The first of those with the most matches. */
function mostMatches(branches: readonly Findings[]): Findings {
  return branches.reduce((best, branch) => (branch.matches > best.matches ? branch : best));
}

function checkList(schema: Schema, list: readonly Json[], place: Place, old: Old, found: Findings): void {
  const { items, minItems, maxItems } = schema;
  if (items !== undefined) {
    const oldItem = itemFinder(schema, old, true);
    for (const [index, item] of list.entries()) {
      if (found.full) break;
      const at = { base: place.base, path: itemPath(place.path, index) };
      found.merge(ratcheted(items, item, at, oldItem(item, index)));
    }
  }
  const { path } = place;
  if (minItems !== undefined && list.length < minItems) {
    const text = `${path} in body should have at least ${minItems} items`;
    found.add(text, invalidValue(fieldAt(place), list.length, text));
  }
  if (maxItems !== undefined && list.length > maxItems) {
    const text = `${path} in body should have at most ${maxItems} items`;
    found.add(text, tooMany(fieldAt(place), list.length, maxItems));
  }
  found.matches += 2;
}

/** Too few or too many members hide what is wrong in them, as in kube-openapi's objectValidator. */
function checkObject(schema: Schema, object: JsonObject, place: Place, old: Old, found: Findings): void {
  const names = Object.keys(object);
  const { minProperties, maxProperties } = schema;
  const { base, path } = place;
  found.matches += 1;
  if (minProperties !== undefined && names.length < minProperties) {
    const text = `${path} in body should have at least ${minProperties} properties`;
    found.add(text, invalidValue(fieldAt(place), names.length, text));
    return;
  }
  if (maxProperties !== undefined && names.length > maxProperties) {
    const text = `${path} in body should have at most ${maxProperties} properties`;
    found.add(text, tooMany(fieldAt(place), names.length, maxProperties));
    return;
  }
  const values = additionalSchema(schema);
  for (const [name, member] of Object.entries(object)) {
    if (found.full) return;
    const property = memberSchema(schema, name);
    if (property !== undefined) {
      found.merge(ratcheted(property, member, { base, path: memberPath(path, name) }, oldMember(old, name)));
    } else if (values !== undefined) {
      found.merge(ratcheted(values, member, { base, path: `${path}.${name}` }, oldMember(old, name)));
    } else if (schema.additionalProperties === false) {
      const text = `${path}.${name} in body is a forbidden property`;
      found.add(text, invalidValue(fieldAt(place), name, text));
    }
  }
  for (const name of schema.required ?? []) {
    if (Object.hasOwn(object, name)) continue;
    const missing = `${path}.${name}`;
    found.add(`${missing} in body is required`, requiredValue(fieldAt({ base, path: missing })));
  }
}

function checkEnum(schema: Schema, value: Json, place: Place, found: Findings): void {
  const { enum: allowed } = schema;
  if (value !== null) found.matches += 1;
  if (allowed === undefined || allowed.length === 0) return;
  if (value !== null && allowed.some((one) => equalJson(one, value))) return;
  const words = allowed.map((one) => (typeof one === 'string' ? one : JSON.stringify(one)));
  found.add(`${place.path} in body should be one of`, unsupportedValue(fieldAt(place), value, words));
}

function isIntOrString(schema: Schema): boolean {
  return schema['x-kubernetes-int-or-string'] === true;
}
