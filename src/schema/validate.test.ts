import assert from 'node:assert/strict';
import test from 'node:test';
import { validate } from './engine.ts';
import type { Json, JsonObject, Schema } from './index.ts';
import { validateListTypes } from './list-types.ts';

function errorsOf(schema: Schema, value: Json): string[] {
  const errors = validate({ type: 'object', properties: { v: schema } }, { v: value });
  return errors.map(({ reason, field, message }) => `${reason} ${field}: ${message}`);
}

const any: Schema = {};
const integer: Schema = { type: 'integer' };

/** A schema, values that it takes, and one that it refuses with these errors. */
const CASES: Record<
  string,
  { schema: Schema; takes?: readonly Json[]; refuses?: readonly [Json, readonly string[]][] }
> = {
  'a type': {
    schema: { type: 'string' },
    takes: ['', 'x'],
    refuses: [
      [1, ['FieldValueTypeInvalid v: Invalid value: "integer": v in body must be of type string: "integer"']],
      [1.5, ['FieldValueTypeInvalid v: Invalid value: "number": v in body must be of type string: "number"']],
      [
        true,
        ['FieldValueTypeInvalid v: Invalid value: "boolean": v in body must be of type string: "boolean"'],
      ],
      [[], ['FieldValueTypeInvalid v: Invalid value: "array": v in body must be of type string: "array"']],
      [{}, ['FieldValueTypeInvalid v: Invalid value: "object": v in body must be of type string: "object"']],
      [null, ['FieldValueTypeInvalid v: Invalid value: "null": v in body must be of type string: "null"']],
    ],
  },
  'a nullable': { schema: { type: 'string', nullable: true }, takes: ['x', null] },
  'no type': { schema: any, takes: [null, 1, 'x', [], {}] },
  'a fraction': { schema: { type: 'number' }, takes: [1, 1.5, -0.1, 1e300] },
  'a whole number': {
    schema: { type: 'integer' },
    takes: [0, -1, 2 ** 53],
    refuses: [
      [
        1.5,
        [
          'FieldValueTypeInvalid v: Invalid value: "number": v in body must be of type integer: "number"',
          'FieldValueInvalid <nil>: Invalid value: "": Checked value must be of type integer (default format) in v',
        ],
      ],
    ],
  },
  int32: {
    schema: { type: 'integer', format: 'int32' },
    takes: [2 ** 31 - 1, -(2 ** 31)],
    refuses: [
      [
        2 ** 31,
        [
          'FieldValueInvalid <nil>: Invalid value: "": Checked value must be of type integer with format int32 in v',
        ],
      ],
      [true, ['FieldValueTypeInvalid v: Invalid value: "": v in body must be of type int32: ""']],
      [
        '1',
        ['FieldValueTypeInvalid v: Invalid value: "string": v in body must be of type integer: "string"'],
      ],
    ],
  },
  float: {
    schema: { type: 'number', format: 'float' },
    takes: [1.5],
    refuses: [
      [
        1e39,
        [
          'FieldValueInvalid <nil>: Invalid value: "": Checked value must be of type number with format float in v',
        ],
      ],
    ],
  },
  bounds: {
    schema: { type: 'integer', minimum: 1, maximum: 10 },
    takes: [1, 10],
    refuses: [
      [0, ['FieldValueInvalid v: Invalid value: 0: v in body should be greater than or equal to 1']],
      [11, ['FieldValueInvalid v: Invalid value: 11: v in body should be less than or equal to 10']],
    ],
  },
  'exclusive bounds': {
    schema: { type: 'number', minimum: 1, maximum: 10, exclusiveMinimum: true, exclusiveMaximum: true },
    takes: [1.1],
    refuses: [
      [1, ['FieldValueInvalid v: Invalid value: 1: v in body should be greater than 1']],
      [10, ['FieldValueInvalid v: Invalid value: 10: v in body should be less than 10']],
    ],
  },
  'a multiple': {
    schema: { type: 'integer', multipleOf: 3 },
    takes: [0, -3, 9],
    refuses: [[4, ['FieldValueInvalid v: Invalid value: 4: v in body should be a multiple of 3']]],
  },
  'a multiple of a fraction': {
    schema: { type: 'number', multipleOf: 0.1 },
    takes: [0.3, 1],
    refuses: [[0.35, ['FieldValueInvalid v: Invalid value: 0.35: v in body should be a multiple of 0.1']]],
  },
  'lengths, in characters': {
    schema: { type: 'string', minLength: 2, maxLength: 3 },
    takes: ['ab', '👑👑👑', 'äöü'],
    refuses: [
      ['a', ['FieldValueInvalid v: Invalid value: "a": v in body should be at least 2 chars long']],
      ['👑', ['FieldValueInvalid v: Invalid value: "👑": v in body should be at least 2 chars long']],
      ['abcd', ['FieldValueTooLong v: Too long: may not be more than 3 bytes']],
    ],
  },
  'a pattern, anywhere in the text': {
    schema: { type: 'string', pattern: '[0-9]{2}' },
    takes: ['a12b'],
    refuses: [['a1', ['FieldValueInvalid v: Invalid value: "a1": v in body should match \'[0-9]{2}\'']]],
  },
  'a pattern that is none': {
    schema: { type: 'string', pattern: '(' },
    refuses: [
      [
        'a',
        [
          'FieldValueInvalid v: Invalid value: "a": v in body should match \'(, but pattern is invalid: error parsing regexp: missing closing ): `(`\'',
        ],
      ],
    ],
  },
  'a word': {
    schema: { type: 'string', enum: ['a', 'b'] },
    takes: ['a'],
    refuses: [['c', ['FieldValueNotSupported v: Unsupported value: "c": supported values: "a", "b"']]],
  },
  'a number of a set': {
    schema: { type: 'integer', enum: [1, 2] },
    takes: [2],
    refuses: [[3, ['FieldValueNotSupported v: Unsupported value: 3: supported values: "1", "2"']]],
  },
  'an object of a set': { schema: { type: 'object', enum: [{ a: [1] }] }, takes: [{ a: [1] }] },
  items: {
    schema: { type: 'array', minItems: 1, maxItems: 2, items: { type: 'integer' } },
    takes: [[1], [1, 2]],
    refuses: [
      [[], ['FieldValueInvalid v: Invalid value: 0: v in body should have at least 1 items']],
      [[1, 2, 3], ['FieldValueTooMany v: Too many: 3: must have at most 2 items']],
      [
        ['a'],
        [
          'FieldValueTypeInvalid v[0]: Invalid value: "string": v[0] in body must be of type integer: "string"',
        ],
      ],
    ],
  },
  members: {
    schema: {
      type: 'object',
      required: ['a', 'constructor'],
      properties: { a: integer, constructor: integer },
    },
    takes: [{ a: 1, constructor: 1, other: 1 }],
    refuses: [
      [{}, ['FieldValueRequired v.a: Required value', 'FieldValueRequired v.constructor: Required value']],
    ],
  },
  'the number of members': {
    schema: { type: 'object', minProperties: 1, maxProperties: 1, additionalProperties: { type: 'integer' } },
    takes: [{ a: 1 }],
    refuses: [
      [{}, ['FieldValueInvalid v: Invalid value: 0: v in body should have at least 1 properties']],
      [{ a: 1, b: 'x' }, ['FieldValueTooMany v: Too many: 2: must have at most 1 item']],
      [
        { b: 'x' },
        ['FieldValueTypeInvalid v.b: Invalid value: "string": v.b in body must be of type integer: "string"'],
      ],
    ],
  },
  'no other members': {
    schema: { type: 'object', properties: { a: any }, additionalProperties: false },
    takes: [{ a: 1 }],
    refuses: [[{ b: 1 }, ['FieldValueInvalid v: Invalid value: "b": v.b in body is a forbidden property']]],
  },
  allOf: {
    schema: { type: 'integer', allOf: [{ minimum: 1 }, { maximum: 3 }] },
    takes: [2],
    refuses: [
      [
        4,
        [
          'FieldValueInvalid v: Invalid value: 4: v in body should be less than or equal to 3',
          'FieldValueInvalid <nil>: Invalid value: "": "v" must validate all the schemas (allOf)',
        ],
      ],
    ],
  },
  anyOf: {
    schema: { type: 'object', anyOf: [{ required: ['a'] }, { required: ['b'] }] },
    takes: [{ a: 1 }, { b: 1 }, { a: 1, b: 1 }],
    refuses: [
      [
        {},
        [
          'FieldValueInvalid <nil>: Invalid value: "": "v" must validate at least one schema (anyOf)',
          'FieldValueRequired v.a: Required value',
        ],
      ],
    ],
  },
  oneOf: {
    schema: { type: 'object', oneOf: [{ required: ['a'] }, { required: ['b'] }] },
    takes: [{ a: 1 }, { b: 1 }],
    refuses: [
      [
        { a: 1, b: 1 },
        [
          'FieldValueInvalid <nil>: Invalid value: "": "v" must validate one and only one schema (oneOf). Found 2 valid alternatives',
        ],
      ],
      [
        {},
        [
          'FieldValueInvalid <nil>: Invalid value: "": "v" must validate one and only one schema (oneOf). Found none valid',
          'FieldValueRequired v.a: Required value',
        ],
      ],
    ],
  },
  not: {
    schema: { type: 'integer', not: { enum: [0] } },
    takes: [1],
    refuses: [[0, ['FieldValueInvalid <nil>: Invalid value: "": "v" must not validate the schema (not)']]],
  },
  'a number or text': {
    schema: { 'x-kubernetes-int-or-string': true },
    takes: [1, 'banana'],
    refuses: [
      [
        1.5,
        [
          'FieldValueTypeInvalid v: Invalid value: "number": v in body must be of type integer,string: "number"',
        ],
      ],
    ],
  },
  'a known format': {
    schema: { type: 'string', format: 'date-time' },
    takes: ['2026-01-01T00:00:00Z', '2026-01-01t00:00:00.5+01:00', ['a list passes, as in Kubernetes']],
    refuses: [
      ['now', ['FieldValueTypeInvalid v: Invalid value: "now": v in body must be of type date-time: "now"']],
      [5, ['FieldValueTypeInvalid v: Invalid value: "int64": v in body must be of type date-time: "int64"']],
    ],
  },
  'an unknown format': { schema: { type: 'string', format: 'ip' }, takes: ['anything'] },
};

for (const [name, { schema, takes = [], refuses = [] }] of Object.entries(CASES)) {
  test(`validate() checks ${name}`, () => {
    for (const value of takes) assert.deepEqual(errorsOf(schema, value), [], JSON.stringify(value));
    for (const [value, errors] of refuses) assert.deepEqual(errorsOf(schema, value), errors);
  });
}

const FORMATS: Record<string, { good: readonly string[]; bad: readonly string[] }> = {
  bsonobjectid: { good: ['507f1f77bcf86cd799439011'], bad: ['507f1f77bcf86cd79943901', 'x'] },
  uri: {
    good: ['http://a.b/c?d', '/a', 'urn:x:y', 'https://[::1]:80/'],
    bad: ['', 'a', 'http://a:b:c/', '://x', 'http://a b/'],
  },
  email: { good: ['a@b.c', 'A B <a@b>', '"x y"@b.c'], bad: ['a', '@b', 'a@', 'a b@c'] },
  hostname: {
    good: ['a.b.example', 'localhost', '1a.de'],
    bad: ['', '-a.de', 'a-.de', 'a_b.de', `${'a'.repeat(64)}.de`],
  },
  ipv4: { good: ['1.2.3.4'], bad: ['1.2.3', '01.2.3.4', '::1', '1.2.3.256'] },
  ipv6: { good: ['::1', 'fe80::1', '::ffff:1.2.3.4'], bad: ['1.2.3.4', 'fe80::1%eth0', ':::'] },
  cidr: { good: ['10.0.0.1/8', '::/0'], bad: ['10.0.0.1', '10.0.0.1/33', '10.0.0.1/08', '::/129'] },
  mac: {
    good: ['01:23:45:67:89:ab', '01-23-45-67-89-AB', '0123.4567.89ab'],
    bad: ['01:23', '01:23:45:67:89:zz'],
  },
  uuid: {
    good: ['123e4567-e89b-12d3-a456-426614174000', '123E4567E89B12D3A456426614174000'],
    bad: ['123', ''],
  },
  uuid4: { good: ['123e4567-e89b-42d3-a456-426614174000'], bad: ['123e4567-e89b-12d3-a456-426614174000'] },
  isbn: { good: ['0321751043', '978-0321751041'], bad: ['0321751044', '9780321751042', 'x'] },
  creditcard: { good: ['4111 1111 1111 1111'], bad: ['4111111111111112', '1'] },
  ssn: { good: ['123-45-6789'], bad: ['12345678'] },
  hexcolor: { good: ['#fff', 'A1B2C3'], bad: ['#ffff'] },
  rgbcolor: { good: ['rgb(255, 0,12)'], bad: ['rgb(256,0,0)', 'rgb(1,2)'] },
  byte: { good: ['QUI=', 'QUJD'], bad: ['', 'QUI', 'QU_=', 'Q==='] },
  password: { good: ['', 'anything'], bad: [] },
  date: { good: ['2024-02-29'], bad: ['2023-02-29', '2024-2-1', 'x'] },
  duration: { good: ['1h2m', '-1.5s', '22 ns', '2 days', '0'], bad: ['', 'x', '1'] },
  datetime: {
    good: ['2024-02-29T23:59:59Z'],
    bad: ['2024-02-29T24:00:00Z', '2024-02-29 00:00:00Z', '2024-02-29T00:00Z'],
  },
  quantity: { good: ['1', '1.5Gi', '100m', '1e3', '.5', '-1k'], bad: ['', 'ten', '1 Gi', '1KiB'] },
  'k8s-short-name': { good: ['a-1'], bad: ['A', '-a', 'a.b', 'a'.repeat(64)] },
  'k8s-long-name': { good: ['a-1.b'], bad: ['A', 'a..b', 'a'.repeat(254)] },
};

for (const [format, { good, bad }] of Object.entries(FORMATS)) {
  test(`the format ${format} is checked`, () => {
    for (const text of good) assert.deepEqual(errorsOf({ type: 'string', format }, text), [], text);
    for (const text of bad) {
      const quoted = JSON.stringify(text);
      assert.deepEqual(errorsOf({ type: 'string', format }, text), [
        `FieldValueTypeInvalid v: Invalid value: ${quoted}: v in body must be of type ${format}: ${quoted}`,
      ]);
    }
  });
}

test('a long number without a unit is soon told from a duration', () => {
  const started = performance.now();
  assert.equal(errorsOf({ type: 'string', format: 'duration' }, '1'.repeat(200_000)).length, 1);
  assert.ok(performance.now() - started < 60_000);
});

test('the status endpoint names fields from the root, and in messages from status on', () => {
  const schema: Schema = {
    type: 'object',
    properties: {
      spec: { type: 'integer' },
      status: { type: 'object', required: ['a'], properties: { n: { type: 'integer', format: 'int32' } } },
    },
  };
  const object: JsonObject = { spec: 'x', status: { n: 2 ** 40 } };
  assert.deepEqual(validate(schema, object, { part: 'status' }), [
    {
      reason: 'FieldValueInvalid',
      field: 'status',
      message: 'Invalid value: "": Checked value must be of type integer with format int32 in n',
    },
    { reason: 'FieldValueRequired', field: 'status.a', message: 'Required value' },
  ]);
  assert.deepEqual(validate(schema, { spec: 'x' }, { part: 'status' }), []);
});

test('what was wrong before an update and has not changed is let pass', () => {
  const name: Schema = { type: 'string', maxLength: 1 };
  const schema: Schema = {
    type: 'object',
    required: ['gone'],
    properties: {
      a: name,
      keyed: {
        type: 'array',
        'x-kubernetes-list-type': 'map',
        'x-kubernetes-list-map-keys': ['k'],
        items: { type: 'object', properties: { k: { type: 'string' }, v: name } },
      },
      set: { type: 'array', 'x-kubernetes-list-type': 'set', items: name },
      plain: { type: 'array', items: name },
    },
  };
  const old = { a: 'long', keyed: [{ k: '1', v: 'long' }], set: ['long'], plain: ['long'] };
  const fields = (object: JsonObject): string[] =>
    validate(schema, object, { old }).map(({ field }) => field);
  assert.deepEqual(fields(old), []);
  assert.deepEqual(fields({ a: 'other', keyed: [{ k: '2' }, { k: '1', v: 'long' }] }), ['a', 'gone']);
  assert.deepEqual(fields({ gone: 1, set: ['x', 'long'], plain: ['long', 'more'] }), ['set[1]', 'plain[1]']);
});

test('only the second coming of an item or a key is an error, and none where the old lists had one', () => {
  const schema: Schema = {
    type: 'object',
    properties: {
      set: { type: 'array', 'x-kubernetes-list-type': 'set', items: any },
      map: {
        type: 'array',
        'x-kubernetes-list-type': 'map',
        'x-kubernetes-list-map-keys': ['a', 'b'],
        items: { type: 'object' },
      },
      inner: {
        type: 'object',
        additionalProperties: { type: 'array', 'x-kubernetes-list-type': 'set', items: any },
      },
    },
  };
  const errors = (object: JsonObject, old?: JsonObject): string[] =>
    validateListTypes(schema, object, old).map(({ field, message }) => `${field}: ${message}`);
  assert.deepEqual(errors({ set: [1, '1', 1, 1, { a: 1, b: 2 }, { b: 2, a: 1 }, null, null] }), [
    'set[2]: Duplicate value: 1',
    'set[5]: Duplicate value: {"a":1,"b":2}',
    'set[7]: Duplicate value: null',
  ]);
  assert.deepEqual(errors({ map: [{ a: 1 }, { a: 1, b: null }, { a: 1, c: 1 }, null, {}] }), [
    'map[2]: Duplicate value: {"a":1}',
    'map[4]: Duplicate value: {}',
  ]);
  assert.deepEqual(errors({ map: [1] }), [
    'map[0]: Invalid value: 1: must be an object for an array of list-type map',
  ]);
  assert.deepEqual(errors({ inner: { 'x.y': ['a', 'a'] } }), ['inner[x.y][1]: Duplicate value: "a"']);
  assert.deepEqual(errors({ set: [1, 1] }, { set: [2, 2] }), []);
});

test('embedded resources say what they are', () => {
  const schema: Schema = {
    type: 'object',
    properties: {
      list: {
        type: 'array',
        items: {
          type: 'object',
          'x-kubernetes-embedded-resource': true,
          'x-kubernetes-preserve-unknown-fields': true,
        },
      },
    },
  };
  const object = {
    list: [
      { apiVersion: 'v1', kind: 'Pod' },
      { apiVersion: '', kind: 1 },
      { apiVersion: 'a/b/c', kind: '-' },
    ],
  };
  const errors = validate(schema, object).map(({ field, message }) => `${field}: ${message}`);
  assert.deepEqual(errors.slice(0, 3), [
    'list[1].apiVersion: Required value',
    'list[1].kind: Invalid value: 1: must be a string',
    'list[2].apiVersion: Invalid value: "a/b/c": unexpected GroupVersion string: a/b/c',
  ]);
  assert.equal(errors.length, 4);
});

test('of very many errors a part is told, soon', () => {
  const tags: Schema = {
    type: 'array',
    items: { type: 'string', pattern: '^a$' },
    'x-kubernetes-list-type': 'set',
  };
  const started = performance.now();
  const object = { v: Array.from({ length: 300_000 }, (_, index) => index % 150_000) };
  assert.equal(validate({ type: 'object', properties: { v: tags } }, object).length, 2_000);
  assert.ok(performance.now() - started < 60_000);
});
