import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseChallenges } from './registry-challenge.ts';

function read(...headers: readonly string[]): readonly object[] {
  return parseChallenges(headers).map(({ scheme, parameters }) =>
    Object.fromEntries([['scheme', scheme], ...parameters]),
  );
}

test('parseChallenges() reads one, several, and several in one header', () => {
  assert.deepEqual(read('Bearer realm="https://a/b",service="s",scope="repository:x:pull,push"'), [
    { scheme: 'bearer', realm: 'https://a/b', service: 's', scope: 'repository:x:pull,push' },
  ]);
  assert.deepEqual(read('Basic', 'bearer Realm=a'), [{ scheme: 'basic' }, { scheme: 'bearer', realm: 'a' }]);
  assert.deepEqual(read('Negotiate abc==, , Basic realm="a \\"b\\", c" , Bearer realm = "d"'), [
    { scheme: 'negotiate' },
    { scheme: 'basic', realm: 'a "b", c' },
    { scheme: 'bearer', realm: 'd' },
  ]);
});

test('parseChallenges() ignores what follows a syntax error', () => {
  assert.deepEqual(read('Basic realm="a", "x"'), [{ scheme: 'basic', realm: 'a' }]);
  assert.deepEqual(read('="x"', ''), []);
  assert.deepEqual(read('realm="x"'), []);
});

test('parseChallenges() ends on any text', () => {
  fc.assert(fc.property(fc.string({ maxLength: 500 }), (text) => void parseChallenges([text])));
});
