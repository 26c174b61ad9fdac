import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isStorable, keyRange, objectKey, parseObjectKey } from './object-name.ts';

const part = fc.string({ unit: 'grapheme', maxLength: 6 });

test('parseObjectKey() gives back the parts of what can be stored', () => {
  fc.assert(
    fc.property(part, part, (namespace, name) => {
      fc.pre(isStorable(namespace, name));
      assert.deepEqual(parseObjectKey(objectKey(namespace, name)), { namespace, name });
    }),
  );
});

test('isStorable() refuses what could be taken for another object', () => {
  for (const [namespace, name] of [
    ['', ''],
    ['a/b', 'c'],
    ['a', 'b/c'],
    ['\ud800', 'a'],
    ['a', '\udc00'],
  ] as const)
    assert.equal(isStorable(namespace, name), false);
  assert.ok(isStorable('', 'system:node'));
});

test('keyRange() has the keys of its namespace that come after the given one, and no others', () => {
  const bytes = (key: string): Buffer => Buffer.from(key);
  fc.assert(
    fc.property(
      part,
      part,
      part,
      fc.record({ namespace: part, name: part }),
      (namespace, other, name, after) => {
        fc.pre(isStorable(namespace, name) && isStorable(other, name));
        const { above, below } = keyRange({ namespace, after });
        for (const candidate of [namespace, other]) {
          const key = objectKey(candidate, name);
          const isWithin =
            Buffer.compare(bytes(key), bytes(above)) > 0 &&
            Buffer.compare(bytes(key), bytes(String(below))) < 0;
          const isAfter = Buffer.compare(bytes(key), bytes(objectKey(after.namespace, after.name))) > 0;
          assert.equal(isWithin, candidate === namespace && isAfter);
        }
      },
    ),
  );
});
