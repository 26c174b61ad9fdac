import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import test from 'node:test';
import { load } from 'js-yaml';
import { checkStructural, unrecognizedFormats } from '../engine.ts';
import type { Schema } from '../index.ts';

const string: Schema = { type: 'string' };
const object: Schema = { type: 'object' };

/** Properties of a root schema, and what is wrong with them: fields without `schema.properties[v]` before. */
const CASES: Record<string, readonly [Schema, readonly string[]]> = {
  nothing: [string, []],
  'a missing type': [{}, ['.type: Required value: must not be empty for specified object fields']],
  'a missing type of items': [
    { type: 'array', items: {} },
    ['.items.type: Required value: must not be empty for specified array items'],
  ],
  'missing items': [{ type: 'array' }, ['.items: Required value: must be specified']],
  'a missing type where all is kept': [{ 'x-kubernetes-preserve-unknown-fields': true }, []],
  'a missing type of a number or text': [{ 'x-kubernetes-int-or-string': true }, []],
  'the types of a number or text, where they may stand': [
    { 'x-kubernetes-int-or-string': true, anyOf: [{ type: 'integer' }, { type: 'string' }], pattern: '^a' },
    [],
  ],
  'the types of a number or text beside other restrictions': [
    {
      'x-kubernetes-int-or-string': true,
      allOf: [{ anyOf: [{ type: 'integer' }, { type: 'string' }] }, { minimum: 1 }],
    },
    [],
  ],
  'types in a junctor': [
    { ...string, anyOf: [{ type: 'string' }, { pattern: '^a' }] },
    ['.anyOf[0].type: Forbidden: must be empty to be structural'],
  ],
  'description, default and more in a junctor': [
    {
      ...string,
      not: {
        description: 'x',
        title: 'x',
        default: 'x',
        nullable: true,
        'x-kubernetes-preserve-unknown-fields': true,
        'x-kubernetes-validations': [{ rule: 'true' }],
      },
    },
    [
      '.not.default: Forbidden: must be undefined to be structural',
      '.not.description: Forbidden: must be empty to be structural',
      '.not.nullable: Forbidden: must be false to be structural',
      '.not.title: Forbidden: must be empty to be structural',
      '.not.x-kubernetes-preserve-unknown-fields: Forbidden: must be false to be structural',
      '.not.x-kubernetes-validations: Forbidden: must be empty to be structural',
    ],
  ],
  'metadata in a junctor': [
    { ...object, properties: { metadata: object }, allOf: [{ properties: { metadata: {} } }] },
    ['.allOf[0].properties[metadata]: Forbidden: must not be specified in a nested context'],
  ],
  'a pattern that is none': [
    { ...string, pattern: '(' },
    [
      '.pattern: Invalid value: "(": must be a valid regular expression, but isn\'t: error parsing regexp: missing closing ): `(`',
    ],
  ],
  'a number or text that is more': [
    { 'x-kubernetes-int-or-string': true, 'x-kubernetes-preserve-unknown-fields': true },
    [
      '.x-kubernetes-preserve-unknown-fields: Invalid value: true: must be false if x-kubernetes-int-or-string is true',
    ],
  ],
  'an embedded resource of another type': [
    { ...string, 'x-kubernetes-embedded-resource': true, 'x-kubernetes-preserve-unknown-fields': true },
    ['.type: Invalid value: "string": must be object if x-kubernetes-embedded-resource is true'],
  ],
  'an embedded resource of nothing': [
    { ...object, 'x-kubernetes-embedded-resource': true },
    [
      '.properties: Required value: must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields',
    ],
  ],
  'unique items': [
    { type: 'array', items: string, uniqueItems: true },
    [
      '.uniqueItems: Forbidden: uniqueItems cannot be set to true since the runtime complexity becomes quadratic',
    ],
  ],
  'properties and a map at once': [
    { ...object, properties: { a: string }, additionalProperties: string },
    ['.additionalProperties: Forbidden: additionalProperties and properties are mutual exclusive'],
  ],
  'a type of a list on another': [
    { ...string, 'x-kubernetes-list-type': 'set' },
    ['.type: Invalid value: "string": must be array if x-kubernetes-list-type is specified'],
  ],
  'a type of a map on another': [
    { ...string, 'x-kubernetes-map-type': 'atomic' },
    ['.type: Invalid value: "string": must be object if x-kubernetes-map-type is specified'],
  ],
  'a list of type map without keys': [
    { type: 'array', items: object, 'x-kubernetes-list-type': 'map' },
    ['.x-kubernetes-list-map-keys: Required value: must not be empty if x-kubernetes-list-type is map'],
  ],
  'keys without a list of type map': [
    { type: 'array', items: object, 'x-kubernetes-list-map-keys': ['a'] },
    ['.x-kubernetes-list-type: Required value: must be map if x-kubernetes-list-map-keys is non-empty'],
  ],
  'keys that are no properties, or come twice': [
    {
      type: 'array',
      items: { ...object, properties: { a: string }, required: ['a'] },
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['a', 'a', 'b'],
    },
    [
      '.x-kubernetes-list-map-keys: Invalid value: ["a","a","b"]: must not contain duplicate entries',
      '.x-kubernetes-list-map-keys: Invalid value: ["a","a","b"]: entries must all be names of item properties',
    ],
  ],
  'keys that can be missing': [
    {
      type: 'array',
      items: {
        ...object,
        properties: { a: string, b: { ...string, default: 'x' }, c: { ...string, nullable: true } },
      },
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['a', 'b', 'c'],
    },
    [
      '.items.properties[a].default: Required value: this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property',
      '.items.properties[c].default: Required value: this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property',
      '.items.properties[c].nullable: Forbidden: this property is in x-kubernetes-list-map-keys, so it cannot be nullable',
    ],
  ],
  'a set of objects': [
    { type: 'array', items: { ...object, properties: { a: string } }, 'x-kubernetes-list-type': 'set' },
    [
      '.items.x-kubernetes-map-type: Invalid value: null: must be atomic as item of a list with x-kubernetes-list-type=set',
    ],
  ],
  'a default of another type': [
    { ...string, default: 1 },
    ['.default: Invalid value: "integer":  in body must be of type string: "integer"'],
  ],
  'a default with unknown fields': [
    { ...object, properties: { a: string }, default: { a: 'x', b: 1 } },
    ['.default: Invalid value: {"a":"x","b":1}: must not have unknown fields'],
  ],
  'a default that breaks a rule': [
    { ...string, default: 'x', 'x-kubernetes-validations': [{ rule: 'self == "y"', message: 'no' }] },
    ['.default: Invalid value: "x": no'],
  ],
  'a rule that is none': [
    { ...object, properties: { a: string }, 'x-kubernetes-validations': [{ rule: 'self.nope > 1' }] },
    [
      `.x-kubernetes-validations[0].rule: Invalid value: {"Rule":"self.nope \\u003e 1","Message":"","MessageExpression":"","Reason":null,"FieldPath":"","OptionalOldSelf":null}: compilation failed: ERROR: <input>:1:5: undefined field 'nope'\n | self.nope > 1\n | ....^`,
    ],
  ],
  'a rule that gives no yes or no': [
    { ...string, 'x-kubernetes-validations': [{ rule: 'self', message: 'm' }] },
    [
      '.x-kubernetes-validations[0].rule: Invalid value: {"Rule":"self","Message":"m","MessageExpression":"","Reason":null,"FieldPath":"","OptionalOldSelf":null}: cel expression must evaluate to a bool',
    ],
  ],
  'a message expression that gives no text': [
    { ...string, 'x-kubernetes-validations': [{ rule: 'true', messageExpression: '1' }] },
    [
      '.x-kubernetes-validations[0].messageExpression: Invalid value: {"Rule":"true","Message":"","MessageExpression":"1","Reason":null,"FieldPath":"","OptionalOldSelf":null}: messageExpression must evaluate to a string',
    ],
  ],
  'the texts of a rule': [
    {
      ...object,
      properties: { a: string },
      'x-kubernetes-validations': [
        { rule: ' ' },
        { rule: 'true', message: ' ' },
        { rule: 'true', message: 'a\nb' },
        { rule: 'true\n||\ntrue' },
        { rule: 'true', messageExpression: ' ' },
        { rule: 'true', fieldPath: '.b' },
      ],
    },
    [
      '.x-kubernetes-validations[0].rule: Required value: rule is not specified',
      '.x-kubernetes-validations[1].message: Invalid value: " ": message must be non-empty if specified',
      '.x-kubernetes-validations[2].message: Invalid value: "a\\nb": message must not contain line breaks',
      '.x-kubernetes-validations[3].message: Required value: message must be specified if rule contains line breaks',
      '.x-kubernetes-validations[4].messageExpression: Required value: messageExpression must be non-empty if specified',
      '.x-kubernetes-validations[5].fieldPath: Invalid value: ".b": fieldPath must be a valid path',
    ],
  ],
  'a rule about a change below a list without keys': [
    { type: 'array', items: { ...string, 'x-kubernetes-validations': [{ rule: 'self == oldSelf' }] } },
    [
      '.items.x-kubernetes-validations[0].rule: Invalid value: "self == oldSelf": oldSelf cannot be used on the uncorrelatable portion of the schema within schema.properties[v]',
    ],
  ],
  'optionalOldSelf without oldSelf': [
    { ...string, 'x-kubernetes-validations': [{ rule: 'true', optionalOldSelf: true }] },
    [
      '.x-kubernetes-validations[0].optionalOldSelf: Invalid value: true: may not be set if oldSelf is not used in rule',
    ],
  ],
};

for (const [name, [schema, errors]] of Object.entries(CASES)) {
  test(`checkStructural() tells ${name}`, () => {
    const found = checkStructural({ type: 'object', properties: { v: schema } }, 'schema');
    const texts = found.map(
      ({ field, message }) => `${field.replace('schema.properties[v]', '')}: ${message}`,
    );
    assert.deepEqual(texts, errors);
  });
}

test('checkStructural() tells what is wrong with the root', () => {
  const texts = (schema: Schema): string[] =>
    checkStructural(schema, 's').map(({ field, message }) => `${field}: ${message}`);
  assert.deepEqual(texts({}), ['s.type: Required value: must not be empty at the root']);
  assert.deepEqual(texts({ type: 'string' }), [
    's.type: Invalid value: "string": must be object at the root',
  ]);
  assert.deepEqual(texts({ ...object, nullable: true }), [
    's.nullable: Forbidden: nullable cannot be true at the root',
  ]);
  assert.deepEqual(texts({ ...object, additionalProperties: string }), [
    's.additionalProperties: Forbidden: must not be used at the root',
  ]);
  assert.deepEqual(texts({ ...object, properties: { metadata: { ...object, description: 'x' } } }), [
    's.properties[metadata]: Forbidden: must not specify anything other than name and generateName, but metadata is implicitly specified',
  ]);
  const name = { ...string, pattern: '^a' };
  assert.deepEqual(
    texts({ ...object, properties: { metadata: { ...object, properties: { name } }, kind: string } }),
    [],
  );
  assert.deepEqual(texts({ ...object, properties: { kind: object, metadata: string } }), [
    's.properties[kind].type: Invalid value: "object": must be string',
    's.properties[metadata].type: Invalid value: "string": must be object',
  ]);
  assert.deepEqual(texts({ ...object, properties: { apiVersion: { ...string, default: 'v1' } } }), [
    's.properties[apiVersion].default: Forbidden: must not be set in top-level apiVersion',
  ]);
  const described = {
    a: { ...object, properties: { b: string } },
    l: { type: 'array', items: string },
  } as const;
  const branch = {
    properties: { a: { properties: { b: {}, c: {} } }, l: { items: { minLength: 1 } }, d: {} },
  };
  assert.deepEqual(texts({ ...object, properties: described, oneOf: [branch] }), [
    's.properties[a].properties[c]: Required value: because it is defined in s.oneOf[0].properties[a].properties[c]',
    's.properties[d]: Required value: because it is defined in s.oneOf[0].properties[d]',
  ]);
  assert.deepEqual(texts({ ...object, $ref: '#/x' } as Schema), ['s.$ref: Forbidden: $ref is not supported']);
});

test('a schema of hostile depth or size is refused and no crash', () => {
  let schema: Schema = string;
  for (let depth = 0; depth < 20_000; depth += 1) schema = { type: 'array', items: schema };
  assert.equal(checkStructural({ type: 'object', properties: { v: schema } }, 's').length, 1);
  const wide = Object.fromEntries(Array.from({ length: 100_000 }, (_, index) => [`p${index}`, {}]));
  assert.equal(checkStructural({ type: 'object', properties: wide }, 's').length, 1);
});

test('the reference manifests are structural, and their rules compile', (t) => {
  const folder = new URL('../../../../shared/fixtures/crds/', import.meta.url);
  if (!existsSync(folder)) {
    assert.ok(process.env['CI'] === undefined, 'CI must have the shared fixtures');
    t.skip('the shared fixtures are absent');
    return;
  }
  const files = ['', 'extras/'].flatMap((part) =>
    readdirSync(new URL(part, folder))
      .filter((name) => name.endsWith('.crd.yaml'))
      .map((name) => part + name),
  );
  assert.ok(files.length > 10);
  for (const file of files) {
    const definition = load(readFileSync(new URL(file, folder), 'utf8')) as {
      spec: { versions: { schema: { openAPIV3Schema: Schema } }[] };
    };
    for (const version of definition.spec.versions) {
      assert.deepEqual(checkStructural(version.schema.openAPIV3Schema, 'schema'), [], file);
      const formats = file.includes('controllerconfigs') ? ['ip'] : [];
      assert.deepEqual(unrecognizedFormats(version.schema.openAPIV3Schema), formats, file);
    }
  }
});
