import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';

import {
  equalJson,
  isJsonObject,
  memberOf,
  setMember,
  type Json,
  type JsonObject,
} from '../../schema/index.ts';
import { applyMergePatch } from './merge-patch.ts';

test('applyMergePatch() gives what the examples of RFC 7386 give, where both sides are objects', () => {
  const examples: [string, string, string][] = [
    ['{"a":"b"}', '{"a":"c"}', '{"a":"c"}'],
    ['{"a":"b"}', '{"b":"c"}', '{"a":"b","b":"c"}'],
    ['{"a":"b"}', '{"a":null}', '{}'],
    ['{"a":"b","b":"c"}', '{"a":null}', '{"b":"c"}'],
    ['{"a":["b"]}', '{"a":"c"}', '{"a":"c"}'],
    ['{"a":"c"}', '{"a":["b"]}', '{"a":["b"]}'],
    ['{"a":{"b":"c"}}', '{"a":{"b":"d","c":null}}', '{"a":{"b":"d"}}'],
    ['{"a":[{"b":"c"}]}', '{"a":[1]}', '{"a":[1]}'],
    ['{"e":null}', '{"a":1}', '{"e":null,"a":1}'],
    ['{}', '{"a":{"bb":{"ccc":null}}}', '{"a":{"bb":{}}}'],
    ['{"__proto__":{"a":1}}', '{"__proto__":{"a":null,"b":2}}', '{"__proto__":{"b":2}}'],
  ];
  for (const [document, patch, result] of examples) {
    const merged = applyMergePatch(JSON.parse(document) as JsonObject, JSON.parse(patch) as Json);
    assert.equal(JSON.stringify(merged), result);
  }
});

test('applyMergePatch() drops null members inside new lists, but not null items, as kube-apiserver does', () => {
  const merged = applyMergePatch({ a: [1] }, { a: [{ b: null, c: 1 }, null], d: [{ e: null }] });
  assert.deepEqual(merged, { a: [{ c: 1 }, null], d: [{}] });
});

test("applyMergePatch() refuses what is no object in Kubernetes' words", () => {
  assert.throws(() => applyMergePatch({}, []), {
    code: 'malformed',
    message:
      'error decoding patch: json: cannot unmarshal array into Go value of type map[string]interface {}',
  });
});

test('applyMergePatch() of the difference gives the other object', () => {
  const value = fc.letrec((tie) => ({
    value: fc.oneof({ maxDepth: 4 }, fc.string(), fc.integer(), fc.boolean(), tie('list'), tie('object')),
    list: fc.array(tie('value'), { maxLength: 3 }),
    object: fc.dictionary(fc.constantFrom('a', 'b', 'c', '__proto__', ''), tie('value')),
  })).object;
  fc.assert(
    fc.property(value, value, (one, other) => {
      const from = JSON.parse(JSON.stringify(one)) as JsonObject;
      const to = JSON.parse(JSON.stringify(other)) as JsonObject;
      const merged = applyMergePatch(from, mergePatchBetween(from, to));
      assert.ok(equalJson(merged, to), JSON.stringify(merged));
    }),
  );
});

function mergePatchBetween(from: JsonObject, to: JsonObject): JsonObject {
  const patch: JsonObject = {};
  for (const key of new Set([...Object.keys(from), ...Object.keys(to)])) {
    const old = memberOf(from, key);
    const next = memberOf(to, key);
    if (next === undefined) setMember(patch, key, null);
    else if (isJsonObject(old) && isJsonObject(next)) setMember(patch, key, mergePatchBetween(old, next));
    else if (old === undefined || !equalJson(old, next)) setMember(patch, key, next);
  }
  return patch;
}
