import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { readLease } from './lease.ts';
import { countPlaces, permitsPool, readPermits, readTold, writePermits, writeTold } from './permits.ts';

test('permits are what was written', () => {
  const time = fc.integer({ min: 0, max: 4e12 });
  const permit = fc.record(
    { id: fc.string({ minLength: 1 }), since: time, done: time, after: fc.string() },
    { requiredKeys: ['id', 'since'], noNullPrototype: true },
  );
  fc.assert(
    fc.property(fc.dictionary(fc.stringMatching(/^[a-z][a-z0-9-]{0,9}$/), permit), (permits) => {
      const value = writePermits(permits);
      const read = readPermits(value === undefined ? {} : { 'varve.dev/permits': value });
      assert.deepEqual({ ...read }, { ...permits });
    }),
  );
});

test('countPlaces() counts nodes that take each other’s place once', () => {
  const permit = { id: 'worker.1', since: 0 };
  const next = { ...permit, after: 'n1' };
  assert.equal(countPlaces({}), 0);
  assert.equal(countPlaces({ n1: permit, n2: next, n3: { ...permit, after: 'n2' }, n4: permit }), 2);
  assert.equal(countPlaces({ n2: next }), 1, 'whose predecessor is gone');
});

test('what is no permit is none, and keeps no other from being one', () => {
  const of = (value: string): object => readPermits({ 'varve.dev/permits': value });
  for (const value of [
    '',
    'x',
    '[]',
    'null',
    '{"n":1}',
    '{"n":{"id":"a"}}',
    '{"n":{"id":"a","since":"soon"}}',
  ])
    assert.deepEqual(of(value), {}, value);
  assert.deepEqual(of('{"n":{"id":"a","since":"2026-11-21T00:00:00Z"},"m":{}}'), {
    n: { id: 'a', since: Date.parse('2026-11-21T00:00:00Z') },
  });
});

test('readTold() reads what writeTold() wrote, and nothing else', () => {
  const told = { permit: 'worker.1', at: Date.parse('2026-11-21T00:00:00Z') };
  assert.deepEqual(readTold({ 'varve.dev/permit': writeTold(told) }), told);
  assert.equal(readTold({ 'varve.dev/permit': 'worker.1' }), undefined);
  assert.equal(readTold(undefined), undefined);
});

test('permitsPool(): arbiters share the permits of masters, where there are any', () => {
  assert.equal(
    permitsPool('arbiter', (pool) => pool === 'master'),
    'master',
  );
  assert.equal(
    permitsPool('arbiter', () => false),
    'arbiter',
  );
  assert.equal(
    permitsPool('worker', () => true),
    'worker',
  );
});

const NOW = Date.parse('2026-11-21T12:00:00Z');
const LEASES: Readonly<Record<string, readonly [value: string | undefined, kind: string]>> = {
  'nobody’s': [undefined, 'free'],
  empty: ['', 'free'],
  'of a rollout': ['{"holder":"varve/worker"}', 'ours'],
  'of one whose name begins so': ['{"holder":"varvel"}', 'foreign'],
  'of another': ['{"holder":"kured"}', 'foreign'],
  'of another, until later': ['{"holder":"kured","until":"2026-11-21T12:00:01Z"}', 'foreign'],
  'of another, until now': ['{"holder":"kured","until":"2026-11-21T12:00:00Z"}', 'free'],
  'of another, until some time': ['{"holder":"kured","until":"soon"}', 'foreign'],
  'without a holder': ['{}', 'foreign'],
  'no JSON': ['kured', 'foreign'],
};

for (const [what, [value, kind]] of Object.entries(LEASES)) {
  test(`readLease(): ${what}`, () => {
    const annotations = value === undefined ? {} : { 'varve.dev/disruption-lease': value };
    assert.equal(readLease(annotations, NOW).kind, kind);
  });
}
