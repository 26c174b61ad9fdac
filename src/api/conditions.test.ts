import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { findCondition, isConditionTrue, mergeConditions } from './conditions.ts';
import type { Condition, StoredCondition } from './conditions.ts';

const EARLY = '2026-01-02T03:04:05Z';
const NOW = new Date('2026-01-02T04:00:00.987Z');
const LATE = '2026-01-02T04:00:00Z';

function stored(type: string, more: Partial<StoredCondition> = {}): StoredCondition {
  return { type, status: 'False', lastTransitionTime: EARLY, reason: 'Because', message: 'it is', ...more };
}

function news(type: string, more: Partial<Condition> = {}): Condition {
  return { type, status: 'False', reason: 'Because', message: 'it is', ...more };
}

const MERGES: Readonly<Record<string, [StoredCondition[], Condition[], StoredCondition[]]>> = {
  'a new type goes to the end, dated now': [
    [stored('A')],
    [news('B')],
    [stored('A'), stored('B', { lastTransitionTime: LATE })],
  ],
  'a new status is dated now and stays in its place': [
    [stored('A'), stored('B')],
    [news('A', { status: 'True' })],
    [stored('A', { status: 'True', lastTransitionTime: LATE }), stored('B')],
  ],
  'a new message keeps the date': [
    [stored('A')],
    [news('A', { message: 'it still is' })],
    [stored('A', { message: 'it still is' })],
  ],
  'a new reason keeps the date': [
    [stored('A')],
    [news('A', { reason: 'Why' })],
    [stored('A', { reason: 'Why' })],
  ],
  'the last of two news counts': [
    [],
    [news('A', { status: 'True' }), news('A')],
    [stored('A', { lastTransitionTime: LATE })],
  ],
  'the first of two conditions of one type stays': [
    [stored('A'), stored('A', { status: 'True' })],
    [],
    [stored('A')],
  ],
};

for (const [sentence, [found, fresh, expected]] of Object.entries(MERGES)) {
  test(`mergeConditions(): ${sentence}`, () => {
    assert.deepEqual(mergeConditions(found, fresh, NOW), expected);
  });
}

test('mergeConditions() dates a condition that has no date', () => {
  const found = [
    { type: 'A', status: 'False', lastTransitionTime: null, reason: 'Because', message: 'it is' },
  ];
  assert.deepEqual(mergeConditions(found, [news('A')], NOW), [stored('A', { lastTransitionTime: LATE })]);
});

test('mergeConditions() gives back the list itself if nothing is new, whenever it is asked again', () => {
  const conditions = fc.array(
    fc.record({
      type: fc.constantFrom('A', 'B', 'C'),
      status: fc.constantFrom('True', 'False', 'Unknown'),
      reason: fc.constantFrom('X', 'Y'),
      message: fc.constantFrom('', 'm'),
    }),
    { maxLength: 5 },
  );
  fc.assert(
    fc.property(conditions, conditions, (before, fresh) => {
      const found = mergeConditions<StoredCondition>([], before, new Date(EARLY));
      const once = mergeConditions(found, fresh, NOW);
      assert.equal(mergeConditions(once, fresh, new Date('2027-01-01T00:00:00Z')), once);
      assert.equal(new Set(once.map(({ type }) => type)).size, once.length);
      for (const { type, status, lastTransitionTime } of once) {
        const old = findCondition(found, type);
        assert.equal(lastTransitionTime, old?.status === status ? EARLY : LATE);
      }
    }),
  );
});

test('isConditionTrue() takes only True', () => {
  const found = [stored('A', { status: 'Unknown' }), stored('B', { status: 'True' })];
  assert.deepEqual(
    ['A', 'B', 'C'].map((type) => isConditionTrue(found, type)),
    [false, true, false],
  );
  assert.equal(isConditionTrue(undefined, 'A'), false);
});
