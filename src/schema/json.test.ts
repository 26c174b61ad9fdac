import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';

import { copyJson, equalJson, memberOf, sameJson, setMember, type Json, type JsonObject } from './json.ts';

test('memberOf() and setMember() treat __proto__ as a key like any other', () => {
  const object: JsonObject = {};
  assert.equal(memberOf(object, '__proto__'), undefined);
  assert.equal(memberOf(object, 'toString'), undefined);
  setMember(object, '__proto__', { polluted: true });
  assert.equal(JSON.stringify(object), '{"__proto__":{"polluted":true}}');
  assert.equal((object as { polluted?: unknown }).polluted, undefined);
  assert.deepEqual(memberOf(object, '__proto__'), { polluted: true });
});

test('copyJson() gives an equal value that shares nothing', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const copy = copyJson(value as Json);
      assert.equal(JSON.stringify(copy), JSON.stringify(value));
      assert.ok(equalJson(copy, value as Json));
      if (typeof value === 'object' && value !== null) assert.notEqual(copy, value);
    }),
  );
});

test('equalJson() tells lists, objects, null and missing members apart', () => {
  assert.ok(equalJson({ a: 1, b: [2] }, { b: [2], a: 1 }));
  for (const [one, other] of [
    [[], {}],
    [{}, []],
    [null, {}],
    [{ a: null }, {}],
    [{ a: null }, { b: null }],
    [[1], [1, null]],
    [1, '1'],
  ] as const) {
    assert.ok(!equalJson(one as unknown as Json, other as unknown as Json));
  }
});

test('sameJson() takes null for absent, as a member too, but not as an item', () => {
  assert.ok(sameJson(undefined, null));
  assert.ok(sameJson({ a: null, b: { c: null } }, { b: {} }));
  assert.ok(sameJson({ a: null }, { b: null }));
  for (const [one, other] of [
    [{ a: {} }, {}],
    [{ a: '' }, {}],
    [[null], []],
    [undefined, {}],
    [
      { a: 1, b: null },
      { a: null, b: 1 },
    ],
  ] as const) {
    assert.ok(!sameJson(one as unknown as Json, other as unknown as Json));
  }
});

test('what equalJson() takes for equal, sameJson() does', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.jsonValue(), (one, other) => {
      assert.ok(sameJson(one as Json, copyJson(one as Json)));
      if (equalJson(one as Json, other as Json)) assert.ok(sameJson(one as Json, other as Json));
    }),
  );
});
