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

for (const text of [
  '',
  '{',
  'null',
  '[]',
  '7',
  '{"name":"a","uid":"b"}',
  '{"name":"a","uid":"b","attempt":0}',
]) {
  test(`readReplacement() does not take ${JSON.stringify(text)}`, () => {
    assert.equal(readReplacement(osConfigOf({}, { [KEY]: text })), 'unreadable');
  });
}
