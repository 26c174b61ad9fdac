import assert from 'node:assert/strict';
import { test } from 'node:test';
import { k } from './index.ts';
import type { Schema, Static } from './index.ts';

/** True where each of two types is assignable to the other. */
type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : false) : false;

function sameType<A, B>(_same: Same<A, B>): void {}

test('each maker returns the JSON of a structural schema', async (t) => {
  const rules = [{ rule: 'self == oldSelf', message: 'immutable' }];
  const cases: Record<string, [Schema, Schema]> = {
    'a text': [
      k.string({ minLength: 1, maxLength: 2, pattern: 'a', format: 'uri', description: 'd', rules }),
      {
        description: 'd',
        type: 'string',
        minLength: 1,
        maxLength: 2,
        pattern: 'a',
        format: 'uri',
        'x-kubernetes-validations': rules,
      },
    ],
    'a word': [k.enum(['A', 'B']), { type: 'string', enum: ['A', 'B'] }],
    'a time': [k.dateTime(), { type: 'string', format: 'date-time' }],
    octets: [k.bytes(), { type: 'string', format: 'byte' }],
    'yes or no': [k.boolean(), { type: 'boolean' }],
    'a small number': [
      k.int32({ minimum: 0, maximum: 9 }),
      { type: 'integer', format: 'int32', minimum: 0, maximum: 9 },
    ],
    'a large number': [k.int64(), { type: 'integer', format: 'int64' }],
    'a number or text': [
      k.intOrString(),
      { anyOf: [{ type: 'integer' }, { type: 'string' }], 'x-kubernetes-int-or-string': true },
    ],
    'an object': [
      k.object({ a: k.boolean(), b: k.boolean() }, { required: ['b'], atomic: true, minProperties: 1 }),
      {
        type: 'object',
        required: ['b'],
        properties: { a: { type: 'boolean' }, b: { type: 'boolean' } },
        'x-kubernetes-map-type': 'atomic',
        minProperties: 1,
      },
    ],
    'an object without members': [k.object({}), { type: 'object' }],
    'a whole Kubernetes object': [
      k.object({ spec: k.object({}) }, { embeddedResource: true }),
      {
        type: 'object',
        properties: { spec: { type: 'object' } },
        'x-kubernetes-embedded-resource': true,
      },
    ],
    'anything in an object': [
      k.preserveUnknown(),
      { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
    ],
    'a map': [k.map(k.boolean()), { type: 'object', additionalProperties: { type: 'boolean' } }],
    'a list': [
      k.list(k.boolean(), { minItems: 1, maxItems: 2 }),
      {
        type: 'array',
        items: { type: 'boolean' },
        'x-kubernetes-list-type': 'atomic',
        minItems: 1,
        maxItems: 2,
      },
    ],
    'a set': [
      k.set(k.string()),
      { type: 'array', items: { type: 'string' }, 'x-kubernetes-list-type': 'set' },
    ],
    'a list with keys': [
      k.listMap(k.object({ a: k.string() }, { required: ['a'] }), ['a']),
      {
        type: 'array',
        items: { type: 'object', required: ['a'], properties: { a: { type: 'string' } } },
        'x-kubernetes-list-type': 'map',
        'x-kubernetes-list-map-keys': ['a'],
      },
    ],
    'a value that may be null': [k.nullable(k.boolean()), { type: 'boolean', nullable: true }],
    'a value with a default': [k.withDefault(k.boolean(), true), { type: 'boolean', default: true }],
    'a shared schema with its own words': [
      k.describe(k.boolean({ description: 'a' }), 'b'),
      { type: 'boolean', description: 'b' },
    ],
  };
  for (const [sentence, [schema, expected]] of Object.entries(cases)) {
    await t.test(sentence, () => assert.deepEqual(schema, expected));
  }
});

test('k.quantity() accepts what Kubernetes reads as an amount', () => {
  const { pattern } = k.quantity();
  const accepts = (text: string): boolean => new RegExp(pattern!).test(text);
  for (const text of ['1', '-1', '+1.5', '.5', '10Gi', '100m', '1e3', '1E-2', '5k'])
    assert.ok(accepts(text), text);
  for (const text of ['', '1 Gi', 'Gi', '1KB', '1e', '0x1', '1,5']) assert.ok(!accepts(text), text);
});

test('Static is the type of what a schema accepts', () => {
  const words = k.enum(['A', 'B']);
  const object = k.object(
    {
      required: k.string(),
      optional: k.int32(),
      word: words,
      defaulted: k.withDefault(words, 'A'),
      none: k.nullable(k.boolean()),
      amount: k.quantity(),
      labels: k.map(k.string()),
      anything: k.preserveUnknown(),
    },
    { required: ['required'] },
  );
  sameType<
    Static<typeof object>,
    {
      readonly required: string;
      readonly defaulted: 'A' | 'B';
      readonly optional?: number;
      readonly word?: 'A' | 'B';
      readonly none?: boolean | null;
      readonly amount?: number | string;
      readonly labels?: Readonly<Record<string, string>>;
      readonly anything?: Static<ReturnType<typeof k.preserveUnknown>>;
    }
  >(true);
  const list = k.list(object);
  sameType<Static<typeof list>, readonly Static<typeof object>[]>(true);
});

test('schemas that are not structural do not compile', () => {
  const item = k.object(
    { key: k.string(), other: k.string(), deep: k.object({}) },
    { required: ['key', 'deep'] },
  );
  // @ts-expect-error a key that an item may lack
  k.listMap(item, ['other']);
  // @ts-expect-error a key that is no scalar
  k.listMap(item, ['deep']);
  // @ts-expect-error a list with keys has at least one
  k.listMap(item, []);
  // @ts-expect-error a set of objects
  k.set(item);
  // @ts-expect-error a required member that is not there
  k.object({ a: k.string() }, { required: ['b'] });
  // @ts-expect-error a default that the schema does not accept
  k.withDefault(k.enum(['A']), 'B');
  // @ts-expect-error a bound of another type
  k.boolean({ minLength: 1 });
  // @ts-expect-error no words
  k.enum([]);
  // A member with a default is always there, so it can be a key.
  k.listMap(k.object({ key: k.withDefault(k.string(), '') }), ['key']);
});
