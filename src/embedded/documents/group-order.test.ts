import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { compareVersions, servedGroups } from './group-order.ts';
import { TEST_KINDS } from './test-kinds.ts';

test('compareVersions() puts stable before beta before alpha, and higher before lower', () => {
  const sorted = [
    'v10',
    'v2',
    'v1',
    'v11beta2',
    'v10beta3',
    'v3beta1',
    'v12alpha1',
    'v11alpha2',
    'foo1',
    'foo10',
  ];
  assert.deepEqual(sorted.toReversed().toSorted(compareVersions), sorted);
});

test('compareVersions() is an order', () => {
  const version = fc.oneof(
    fc.stringMatching(/^v[1-3](?:(?:alpha|beta)[1-3])?$/),
    fc.stringMatching(/^[a-c]{1,2}$/),
  );
  fc.assert(
    fc.property(version, version, version, (a, b, c) => {
      assert.ok(Math.sign(compareVersions(a, b)) + Math.sign(compareVersions(b, a)) === 0);
      if (compareVersions(a, b) <= 0 && compareVersions(b, c) <= 0) assert.ok(compareVersions(a, c) <= 0);
    }),
  );
});

test('servedGroups() gives the same whatever the order of the kinds', () => {
  fc.assert(
    fc.property(fc.shuffledSubarray([...TEST_KINDS], { minLength: TEST_KINDS.length }), (kinds) => {
      assert.deepEqual(servedGroups(kinds), servedGroups(TEST_KINDS));
    }),
  );
});
