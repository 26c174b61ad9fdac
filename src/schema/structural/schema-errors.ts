import { forbiddenValue, invalidValue, requiredValue, unsupportedValue } from '../field-error.ts';
import type { FieldError } from '../field-error.ts';
import type { Json } from '../json.ts';
import { itemPath, keyPath, memberPath } from '../path.ts';
import { additionalSchema } from '../schema-members.ts';
import type { Schema } from '../schema.ts';
import { listErrors } from './list-errors.ts';
import { ruleErrors, ruleFormErrors } from './rule-errors.ts';

const TYPES = ['array', 'boolean', 'integer', 'number', 'object', 'string'];
const RESOURCE_MEMBERS: ReadonlySet<string> = new Set(['metadata', 'kind', 'apiVersion']);

/** What JSON schema has and Kubernetes does not take. */
const UNSUPPORTED = ['id', 'additionalItems', 'patternProperties', 'definitions', 'dependencies', '$ref'];

/** What holds for a part of a schema because of where it stands. */
interface Context {
  /** Why no defaults are taken; undefined where they are. */
  readonly noDefaults?: string;
  readonly insideMetadata?: boolean;
  /** The list (or map) whose items cannot be told again after an update: rules below it may not look at oldSelf. */
  readonly uncorrelatable?: string;
  /** Rules are compiled: not in junctors, and not where the schema is not structural. */
  readonly rules: boolean;
  readonly root?: boolean;
}

interface Found {
  readonly schema: FieldError[];
  readonly rules: FieldError[];
}

/**
 * What is wrong with the parts of a schema on their own (apiextensions' ValidateCustomResourceDefinitionOpenAPISchema).
 *
 * @param compiles whether rules are compiled: if nothing else is wrong with the schema
 */
export function schemaErrors(schema: Schema, path: string, compiles: boolean): FieldError[] {
  const found = check(schema, path, { rules: compiles, root: true });
  return [...found.schema, ...found.rules];
}

function check(schema: Schema, path: string, context: Context): Found {
  const found: Found = { schema: ownErrors(schema, path, context), rules: [] };
  for (const part of partsOf(schema, path, context)) {
    const below = check(part.schema, part.path, part.context);
    found.schema.push(...below.schema);
    found.rules.push(...below.rules);
  }
  found.schema.push(...listErrors(schema, path), ...ruleFormErrors(schema, path));
  // A schema that is wrong is not always one that rules can be checked against.
  if (context.rules && found.schema.length === 0) {
    found.rules.push(...ruleErrors(schema, path, context.root === true, context.uncorrelatable));
  }
  return found;
}

function ownErrors(schema: Schema, path: string, { noDefaults, insideMetadata }: Context): FieldError[] {
  const at = (name: string): string => memberPath(path, name);
  const errors: FieldError[] = [];
  const type: string | undefined = schema.type;
  if (type !== undefined && type !== '' && !TYPES.includes(type))
    errors.push(unsupportedValue(at('type'), type, TYPES));
  if (schema.default !== undefined && noDefaults !== undefined) {
    errors.push(forbiddenValue(at('default'), `must not be set ${noDefaults}`));
  }
  for (const name of UNSUPPORTED) {
    if (Object.hasOwn(schema, name)) errors.push(forbiddenValue(at(name), `${name} is not supported`));
  }
  if (type === 'null') {
    errors.push(forbiddenValue(at('type'), 'type cannot be set to null, use nullable as an alternative'));
  }
  if (Array.isArray(schema.items)) {
    errors.push(forbiddenValue(at('items'), 'items must be a schema object and not an array'));
  }
  if (insideMetadata === true && schema['x-kubernetes-embedded-resource'] === true) {
    const detail = 'must not be used inside of resource meta';
    errors.push(forbiddenValue(at('x-kubernetes-embedded-resource'), detail));
  }
  if (schema.uniqueItems === true) {
    const detail = 'uniqueItems cannot be set to true since the runtime complexity becomes quadratic';
    errors.push(forbiddenValue(at('uniqueItems'), detail));
  }
  const { additionalProperties } = schema;
  if (
    additionalProperties !== undefined &&
    additionalProperties !== true &&
    Object.keys(schema.properties ?? {}).length > 0
  ) {
    const detail = 'additionalProperties and properties are mutual exclusive';
    errors.push(forbiddenValue(at('additionalProperties'), detail));
  }
  const keeps: Json | undefined = schema['x-kubernetes-preserve-unknown-fields'];
  if (keeps === false) {
    errors.push(invalidValue(at('x-kubernetes-preserve-unknown-fields'), keeps, 'must be true or undefined'));
  }
  return [...errors, ...mapTypeErrors(schema, path)];
}

function mapTypeErrors(schema: Schema, path: string): FieldError[] {
  const mapType: string | undefined = schema['x-kubernetes-map-type'];
  if (mapType === undefined) return [];
  const errors: FieldError[] = [];
  const { type = '' } = schema;
  if (type !== 'object') {
    const detail = 'must be object if x-kubernetes-map-type is specified';
    const field = memberPath(path, 'type');
    errors.push(type === '' ? requiredValue(field, detail) : invalidValue(field, type, detail));
  }
  const known = ['atomic', 'granular'];
  if (!known.includes(mapType)) {
    errors.push(unsupportedValue(memberPath(path, 'x-kubernetes-map-type'), mapType, known));
  }
  return errors;
}

interface Part {
  readonly schema: Schema;
  readonly path: string;
  readonly context: Context;
}

function partsOf(schema: Schema, path: string, given: Context): Part[] {
  const parts: Part[] = [];
  const { root, ...context } = given;
  const values = additionalSchema(schema);
  if (values !== undefined) {
    const inner =
      context.insideMetadata === true ? 'inside additionalProperties applying to object metadata' : undefined;
    const forbidding = inner === undefined ? context : { ...context, noDefaults: inner };
    parts.push({ schema: values, path: memberPath(path, 'additionalProperties'), context: forbidding });
  }
  const resource = root === true || schema['x-kubernetes-embedded-resource'] === true;
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    const meta = resource && RESOURCE_MEMBERS.has(name);
    const inside = meta ? { ...context, insideMetadata: true } : context;
    const forbidding = meta && root === true ? { ...inside, noDefaults: `in top-level ${name}` } : inside;
    parts.push({
      schema: property,
      path: keyPath(memberPath(path, 'properties'), name),
      context: forbidding,
    });
  }
  const junctor = { ...context, rules: false };
  if (schema.not !== undefined)
    parts.push({ schema: schema.not, path: memberPath(path, 'not'), context: junctor });
  for (const name of ['allOf', 'oneOf', 'anyOf'] as const) {
    for (const [index, branch] of (schema[name] ?? []).entries()) {
      parts.push({ schema: branch, path: itemPath(memberPath(path, name), index), context: junctor });
    }
  }
  if (schema.items !== undefined && !Array.isArray(schema.items)) {
    const told = schema['x-kubernetes-list-type'] === 'map' || context.uncorrelatable !== undefined;
    const inner = told ? context : { ...context, uncorrelatable: path };
    parts.push({ schema: schema.items, path: memberPath(path, 'items'), context: inner });
  }
  return parts;
}
