import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';

import { copyJson, equalJson, memberOf, setMember, type Json, type JsonObject } from './json.ts';

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
