import assert from 'node:assert/strict';
import test from 'node:test';
import { applyDefaults, prune } from './index.ts';
import type { Json, JsonObject, Schema } from './index.ts';

const leaf: Schema = { type: 'string' };

function pruned(schema: Schema, object: JsonObject): { removed: string[]; object: JsonObject } {
  const removed = prune(schema, object);
  return { removed, object };
}

test('prune() removes what the schema does not name and tells where it was, sorted', () => {
  const schema: Schema = {
    type: 'object',
    properties: {
      spec: {
        type: 'object',
        properties: {
          a: leaf,
          list: { type: 'array', items: { type: 'object', properties: { x: leaf } } },
          map: { type: 'object', additionalProperties: { type: 'object', properties: { x: leaf } } },
        },
      },
    },
  };
  const object: JsonObject = {
    top: 1,
    apiVersion: 'v1',
    kind: 'K',
    metadata: { anything: 1 },
    spec: { z: 1, a: 'x', list: [{ x: 1, y: 2 }, 'odd', [{ z: 1 }]], map: { 'k.1': { x: 1, y: 2 } } },
  };
  assert.deepEqual(pruned(schema, object), {
    removed: ['spec.list[0].y', 'spec.list[2][0].z', 'spec.map.k.1.y', 'spec.z', 'top'],
    object: {
      apiVersion: 'v1',
      kind: 'K',
      metadata: { anything: 1 },
      spec: { a: 'x', list: [{ x: 1 }, 'odd', [{}]], map: { 'k.1': { x: 1 } } },
    },
  });
});

test('prune() keeps all below preserve-unknown-fields, but prunes again what that part names', () => {
  const schema: Schema = {
    type: 'object',
    properties: {
      free: {
        type: 'object',
        'x-kubernetes-preserve-unknown-fields': true,
        properties: { known: { type: 'object', properties: { a: leaf } } },
      },
      list: {
        type: 'array',
        'x-kubernetes-preserve-unknown-fields': true,
        items: { type: 'object', properties: { known: { type: 'object', properties: { a: leaf } } } },
      },
      any: { 'x-kubernetes-preserve-unknown-fields': true },
    },
  };
  const object: JsonObject = {
    free: { x: { y: null }, known: { a: 'a', b: 1 } },
    list: [{ x: 1, known: { b: 1 } }],
    any: [{ x: [1] }],
  };
  assert.deepEqual(pruned(schema, object), {
    removed: ['free.known.b', 'list[0].known.b'],
    object: { free: { x: { y: null }, known: { a: 'a' } }, list: [{ x: 1, known: {} }], any: [{ x: [1] }] },
  });
});

test('prune() knows the implied members of embedded resources, and the keys __proto__ and constructor', () => {
  const schema: Schema = {
    type: 'object',
    properties: {
      embedded: {
        type: 'object',
        'x-kubernetes-embedded-resource': true,
        properties: { spec: { type: 'object' } },
      },
      plain: { type: 'object', properties: { a: leaf } },
      open: { type: 'object', additionalProperties: true },
    },
  };
  const object = JSON.parse(`{
    "embedded": {"apiVersion": "v1", "kind": "K", "metadata": {"x": 1}, "status": {}, "spec": {"a": 1}},
    "plain": {"apiVersion": 1, "__proto__": {"a": 1}, "constructor": 1},
    "open": {"a": {"b": 1}, "c": 1}
  }`) as JsonObject;
  assert.deepEqual(prune(schema, object), [
    'embedded.spec.a',
    'embedded.status',
    'open.a.b',
    'plain.__proto__',
    'plain.apiVersion',
    'plain.constructor',
  ]);
  assert.equal(JSON.stringify(object['plain']), '{}');
});

test('applyDefaults() sets what is missing, also inside what it set, and shares nothing with the schema', () => {
  const schema: Schema = {
    type: 'object',
    properties: {
      spec: {
        type: 'object',
        default: { list: [{}] },
        properties: {
          list: { type: 'array', items: { type: 'object', properties: { a: { ...leaf, default: 'A' } } } },
          n: { type: 'integer', default: 0 },
          map: {
            type: 'object',
            additionalProperties: { type: 'object', properties: { b: { ...leaf, default: 'B' } } },
          },
        },
      },
      status: { type: 'object', properties: { never: { ...leaf, default: 'x' } } },
    },
  };
  const one: JsonObject = {};
  applyDefaults(schema, one);
  assert.deepEqual(one, { spec: { list: [{ a: 'A' }], n: 0 } });
  (one['spec'] as JsonObject)['list'] = [];
  const two: JsonObject = { spec: { n: 7, map: { k: {} } } };
  applyDefaults(schema, two);
  assert.deepEqual(two, { spec: { n: 7, map: { k: { b: 'B' } } } });
  const three: JsonObject = {};
  applyDefaults(schema, three);
  assert.deepEqual(three, { spec: { list: [{ a: 'A' }], n: 0 } });
});

test('applyDefaults() keeps a null where it may be, and else replaces or drops it', () => {
  const property = (rest: Schema): Schema => ({ type: 'string', ...rest });
  const schema: Schema = {
    type: 'object',
    properties: {
      nullable: property({ nullable: true }),
      nullableDefault: property({ nullable: true, default: 'x' }),
      plain: property({}),
      defaulted: property({ default: 'x' }),
      map: { type: 'object', additionalProperties: property({}) },
      list: { type: 'array', items: property({}) },
      free: { 'x-kubernetes-preserve-unknown-fields': true },
    },
  };
  const object: JsonObject = {
    nullable: null,
    nullableDefault: null,
    plain: null,
    defaulted: null,
    map: { a: null, b: 'b' },
    list: [null],
    free: { a: null },
    unknown: null,
  };
  applyDefaults(schema, object);
  const expected: Json = {
    nullable: null,
    nullableDefault: null,
    defaulted: 'x',
    map: { b: 'b' },
    list: [null],
    free: { a: null },
    unknown: null,
  };
  assert.deepEqual(object, expected);
});
