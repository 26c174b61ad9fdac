import assert from 'node:assert/strict';
import test from 'node:test';

import type { Schema } from '../../schema/index.ts';
import { DEDUCED, fieldTypeOf } from './field-type.ts';

const text: Schema = { type: 'string' };

test('fieldTypeOf() reads lists by their list type, then by their patch strategy', () => {
  const items: Schema = { type: 'object', properties: { a: text, b: { type: 'string', default: 'x' } } };
  const keysOf = (schema: Schema): unknown => {
    const list = fieldTypeOf({ type: 'array', items, ...schema }).list;
    return list?.atomic === true ? 'atomic' : list?.keys.map(({ name, fallback }) => [name, fallback]);
  };
  assert.equal(keysOf({}), 'atomic');
  assert.equal(
    keysOf({ 'x-kubernetes-list-type': 'atomic', 'x-kubernetes-patch-strategy': 'merge' }),
    'atomic',
  );
  assert.deepEqual(keysOf({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['b', 'a'] }), [
    ['a', undefined],
    ['b', '"x"'],
  ]);
  assert.equal(keysOf({ 'x-kubernetes-list-type': 'map' }), 'atomic');
  assert.deepEqual(keysOf({ 'x-kubernetes-list-type': 'set', items: text }), []);
  assert.equal(keysOf({ 'x-kubernetes-list-type': 'set' }), 'atomic');
  const merged: Schema = {
    'x-kubernetes-patch-strategy': 'merge,retainKeys',
    'x-kubernetes-patch-merge-key': 'a',
  };
  assert.deepEqual(keysOf(merged), [['a', undefined]]);
  assert.deepEqual(keysOf({ 'x-kubernetes-patch-strategy': 'merge', items: text }), []);
  assert.equal(keysOf({ 'x-kubernetes-patch-strategy': 'replace' }), 'atomic');
});

test('fieldTypeOf() lets objects have undeclared members where the schema does', () => {
  const othersOf = (schema: Schema): unknown => fieldTypeOf({ type: 'object', ...schema }).map?.others;
  assert.equal(othersOf({ properties: { a: text } }), undefined);
  assert.equal(othersOf({}), DEDUCED);
  assert.equal(othersOf({ additionalProperties: false, properties: { a: text } }), undefined);
  assert.equal(othersOf({ additionalProperties: true }), DEDUCED);
  assert.deepEqual(othersOf({ additionalProperties: text }), { scalar: 'string' });
  const preserving: Schema = { properties: { a: text }, 'x-kubernetes-preserve-unknown-fields': true };
  assert.equal(othersOf(preserving), DEDUCED);
});

test('fieldTypeOf() hands preserved unknown fields down, also where the same schema stands elsewhere', () => {
  const inner: Schema = { type: 'object', properties: { a: text } };
  const outer: Schema = {
    type: 'object',
    properties: {
      strict: { type: 'object', properties: { inner } },
      free: { type: 'object', properties: { inner }, 'x-kubernetes-preserve-unknown-fields': true },
    },
  };
  const fields = fieldTypeOf(outer).map?.fields;
  assert.equal(fields?.get('strict')?.map?.fields.get('inner')?.map?.others, undefined);
  assert.equal(fields?.get('free')?.map?.fields.get('inner')?.map?.others, DEDUCED);
});

test('fieldTypeOf() reads schemas that contain themselves', () => {
  const properties: Record<string, Schema> = { name: text };
  const schema: Schema = { type: 'object', properties };
  properties['not'] = schema;
  const type = fieldTypeOf(schema);
  assert.equal(type.map?.fields.get('not'), type);
});

test('fieldTypeOf() takes formatted texts and what has no type as any value', () => {
  assert.deepEqual(fieldTypeOf({ type: 'string', format: 'date-time' }), { scalar: 'untyped' });
  assert.deepEqual(fieldTypeOf({ type: 'string', format: 'byte' }), { scalar: 'string' });
  assert.equal(fieldTypeOf({ 'x-kubernetes-int-or-string': true }).scalar, 'untyped');
});
