import fc from 'fast-check';
import { isJsonObject } from '../../schema/index.ts';
import { textsFor } from './texts.ts';
import type { Json, JsonObject, Schema } from '../../schema/index.ts';

/** For tests: objects that follow a kind's schema, and most of its rules. */
export function objectsOf(schema: Schema): fc.Arbitrary<JsonObject> {
  return values(schema).map((value) => named(isJsonObject(value) ? value : {}));
}

/**
 * The object that has every member of its kind, with one item in each list. Of the members that exclude each other
 * it has, with variant 1 and above, the one that is named by that rule; with 0 what goes with the discriminator's first word.
 */
export function fullObject(schema: Schema, variant = 0): JsonObject {
  const value = fullValue(schema, variant);
  const object = named(isJsonObject(value) ? value : {});
  const { status } = object;
  // The one rule that compares two values of a kind.
  if (isJsonObject(status) && status['buildEnd'] !== undefined) status['buildEnd'] = '2026-01-02T00:00:00Z';
  return object;
}

/** Most rules on whole objects are about the name. */
function named(object: JsonObject): JsonObject {
  const { spec } = object;
  const references = isJsonObject(spec) ? [spec['node'], spec['machineConfigPool']] : [];
  const names = references.map((reference) => (isJsonObject(reference) ? reference['name'] : undefined));
  return { ...object, metadata: { name: names.find((name) => name !== undefined) ?? 'cluster' } };
}

/** More in one object would hardly ever follow all rules at once. */
const MOST_OPTIONAL = 5;

const RESOURCE_TYPE: JsonObject = { apiVersion: 'example.com/v1', kind: 'Example' };

function values(schema: Schema): fc.Arbitrary<Json> {
  const value = presentValues(schema);
  return schema.nullable === true ? fc.option(value, { freq: 6 }) : value;
}

function presentValues(schema: Schema): fc.Arbitrary<Json> {
  if (schema['x-kubernetes-int-or-string'] === true) return fc.constantFrom<Json>(0, 1, 8192, '10%', '1.5Gi');
  switch (schema.type) {
    case 'object':
      return objects(schema);
    case 'array':
      return lists(schema);
    case 'string':
      return fc.constantFrom(...textsFor(schema));
    case 'integer': {
      const { minimum = -1, maximum = 9 } = schema;
      return fc.integer({ min: minimum, max: Math.min(maximum, minimum + 10) });
    }
    default:
      return fc.boolean();
  }
}

function objects(schema: Schema): fc.Arbitrary<Json> {
  if (schema['x-kubernetes-preserve-unknown-fields'] === true) {
    return fc.constantFrom<Json>({}, { ignition: { version: '3.4.0' }, any: [1, null, { thing: true }] });
  }
  const { additionalProperties, properties = {}, required = [] } = schema;
  if (typeof additionalProperties === 'object') {
    return fc.dictionary(fc.constantFrom('a', 'b.c/d', ''), values(additionalProperties), {
      noNullPrototype: true,
    });
  }
  const type = schema['x-kubernetes-embedded-resource'] === true ? RESOURCE_TYPE : {};
  const optional = Object.keys(properties).filter((name) => !required.includes(name));
  return fc
    .subarray(optional, { maxLength: Math.min(optional.length, MOST_OPTIONAL) })
    .chain((names) => {
      const entries = [...required, ...names].map((name) => [name, values(properties[name] ?? {})] as const);
      return fc.record(Object.fromEntries(entries), { noNullPrototype: true });
    })
    .map((object) => withUnions(schema, { ...object, ...type }));
}

function lists(schema: Schema): fc.Arbitrary<Json> {
  const { items = {}, minItems = 0, maxItems = 3 } = schema;
  const keys = schema['x-kubernetes-list-map-keys'] ?? [];
  const listOf = (most: number): fc.Arbitrary<Json[]> =>
    fc.uniqueArray(values(items), {
      minLength: Math.min(minItems, 1),
      maxLength: Math.min(maxItems, most),
      selector: (item) =>
        JSON.stringify(isJsonObject(item) && keys.length > 0 ? keys.map((key) => item[key] ?? null) : item),
    });
  // Rules on lists are about how their items differ: what has one item follows them.
  const isRuled = schema['x-kubernetes-validations'] !== undefined;
  return isRuled
    ? fc.oneof({ weight: 4, arbitrary: listOf(1) }, { weight: 1, arbitrary: listOf(3) })
    : listOf(3);
}

function fullValue(schema: Schema, variant = 0): Json {
  if (schema['x-kubernetes-int-or-string'] === true) return 1;
  const { additionalProperties, items = {}, properties = {} } = schema;
  switch (schema.type) {
    case 'object': {
      if (typeof additionalProperties === 'object') return { a: fullValue(additionalProperties, variant) };
      const members = Object.entries(properties).map(
        ([name, member]) => [name, fullValue(member, variant)] as const,
      );
      const object: JsonObject = Object.fromEntries(members);
      const { discriminator, value = null } = unionsOf(schema)[variant - 1] ?? {};
      if (discriminator !== undefined) object[discriminator] = value;
      return withUnions(schema, object);
    }
    case 'array':
      return [fullValue(items, variant)];
    case 'string':
      return textsFor(schema)[0] ?? '';
    case 'integer':
      return Math.min((schema.minimum ?? 0) + 1, schema.maximum ?? Infinity);
    default:
      return true;
  }
}

/** Gives an object the members that go with its discriminators, and takes away those that do not. */
function withUnions(schema: Schema, object: JsonObject): JsonObject {
  const fixed = { ...object };
  for (const { discriminator, value, member } of unionsOf(schema)) {
    if (fixed[discriminator] !== value) delete fixed[member];
    else if (fixed[member] === undefined) fixed[member] = fullValue(schema.properties?.[member] ?? {});
  }
  return fixed;
}

interface Union {
  readonly discriminator: string;
  readonly value: string;
  readonly member: string;
}

const UNION =
  /^has\(self\.(?<discriminator>\w+)\) && \(?self\.\w+ ?== ?'(?<value>\w+)'\)? \? +has\(self\.(?<member>\w+)\) :/;

/** Which members of an object go with which value of which other one, as its rules say. */
function unionsOf(schema: Schema): readonly Union[] {
  const rules = schema['x-kubernetes-validations'] ?? [];
  return rules.flatMap(({ rule }) => {
    const { discriminator = '', value = '', member = '' } = UNION.exec(rule)?.groups ?? {};
    return discriminator === '' ? [] : [{ discriminator, value, member }];
  });
}
