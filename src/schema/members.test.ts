import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { JsonObject } from './json.ts';
import { isTrueAt, listAt, numberAt, objectAt, objectsAt, textAt, textsAt, valueAt } from './members.ts';

const pod: JsonObject = {
  metadata: { name: 'web', finalizers: ['a', 1, 'b'] },
  spec: { hostNetwork: true, priority: 7, containers: [{ name: 'c' }, null, 'd'] },
};

test('what is there is read as what it is', () => {
  assert.equal(valueAt(pod, 'spec', 'priority'), 7);
  assert.deepEqual(objectAt(pod, 'metadata'), pod['metadata']);
  assert.deepEqual(listAt(pod, 'spec', 'containers'), [{ name: 'c' }, null, 'd']);
  assert.deepEqual(objectsAt(pod, 'spec', 'containers'), [{ name: 'c' }]);
  assert.equal(textAt(pod, 'metadata', 'name'), 'web');
  assert.deepEqual(textsAt(pod, 'metadata', 'finalizers'), ['a', 'b']);
  assert.equal(numberAt(pod, 'spec', 'priority'), 7);
  assert.equal(isTrueAt(pod, 'spec', 'hostNetwork'), true);
});

test('what is absent, or of another type on the way or at the end, reads as nothing', () => {
  const paths = [
    ['none'],
    ['spec', 'none'],
    ['metadata', 'name', 'length'],
    ['spec', 'containers', '0', 'x'],
  ];
  for (const path of paths) {
    assert.equal(valueAt(pod, ...path), undefined);
    assert.equal(objectAt(pod, ...path), undefined);
    assert.deepEqual(listAt(pod, ...path), []);
    assert.equal(textAt(pod, ...path), '');
    assert.equal(numberAt(pod, ...path), undefined);
    assert.equal(isTrueAt(pod, ...path), false);
  }
  assert.equal(textAt(pod, 'spec', 'priority'), '');
  assert.deepEqual(listAt(pod, 'spec'), []);
  assert.equal(objectAt(pod, 'spec', 'containers'), undefined);
});

test('no path leads to what an object inherits', () => {
  const inherited = fc.constantFrom('__proto__', 'constructor', 'toString', 'hasOwnProperty');
  fc.assert(
    fc.property(fc.array(inherited, { minLength: 1, maxLength: 3 }), (path) => {
      assert.equal(valueAt(pod, ...path), undefined);
      assert.equal(valueAt(pod, 'spec', ...path), undefined);
    }),
  );
});
