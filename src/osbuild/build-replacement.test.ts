import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatReplacement, readReplacement, replacementOf } from './build-replacement.ts';
import { osConfigOf, storedBuild } from './test-build-objects.ts';

const KEY = 'varve.dev/replaces-build';

test('readReplacement() reads what formatReplacement() wrote', () => {
  const replacement = replacementOf(storedBuild('failed'), 4);
  assert.match(replacement.name, /^worker-/);
  assert.equal(replacement.uid, `uid of ${replacement.name}`);
  assert.deepEqual(readReplacement(osConfigOf({}, { [KEY]: formatReplacement(replacement) })), replacement);
});

test('readReplacement() is undefined where nothing is remembered', () => {
  assert.equal(readReplacement(osConfigOf()), undefined);
});

const UNREADABLE = [
  '',
  '{',
  'null',
  '[]',
  '7',
  '{"name":"a","uid":"b"}',
  '{"name":7,"uid":"b","attempt":1}',
  '{"name":"a","uid":7,"attempt":1}',
  '{"name":"a","uid":"b","attempt":"1"}',
  '{"name":"a","uid":"b","attempt":1.5}',
  '{"name":"a","uid":"b","attempt":0}',
];

for (const text of UNREADABLE) {
  test(`readReplacement() does not take ${JSON.stringify(text)}`, () => {
    assert.equal(readReplacement(osConfigOf({}, { [KEY]: text })), 'unreadable');
  });
}
