import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SharedStrings } from './shared-strings.ts';

const LONG = 'x'.repeat(100);

/** A string of the same characters that V8 does not know to be the same. */
function copy(text: string): string {
  return JSON.parse(JSON.stringify(text)) as string;
}

test('share() changes no value', () => {
  const value = { a: [LONG, { b: copy(LONG), c: null, d: 1, e: true, f: 'short' }], ['__proto__x']: LONG };
  const before = structuredClone(value);
  assert.equal(new SharedStrings().share(value), value);
  assert.deepEqual(value, before);
});

test('share() passes over what is no object', () => {
  const strings = new SharedStrings();
  assert.equal(strings.share(null), null);
  assert.equal(strings.share(LONG), LONG);
  assert.equal(strings.size, 0);
});

test('SharedStrings remembers what it sees again, and no more than it may', () => {
  const strings = new SharedStrings(1000);
  const text = (index: number): string => `${index}:${LONG}`;
  strings.share({ a: text(0), short: 'a' });
  assert.equal(strings.size, 1);
  for (let index = 1; index < 100; index += 1) {
    strings.share([text(index), copy(text(0))]);
    assert.ok(strings.size <= 20);
  }
});
