import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DRAIN_POLICY_ANNOTATION, DRAIN_TIMEOUT_ANNOTATION } from '../api/index.ts';
import { drainPolicy } from './drain-policy.ts';

const HOUR = 3_600_000;

const ROWS: Readonly<
  Record<string, readonly [timeout: string | undefined, policy: string | undefined, expected: unknown]>
> = {
  'nothing is said': [undefined, undefined, [HOUR, 'Wait', 0]],
  'a quarter of an hour': ['15m', undefined, [15 * 60_000, 'Wait', 0]],
  'with spaces around it': [' 90s ', 'Force', [90_000, 'Force', 0]],
  'as Go writes it': ['1h30m', 'Wait', [1.5 * HOUR, 'Wait', 0]],
  'no duration': ['soon', undefined, [HOUR, 'Wait', 1]],
  'too short for any pod': ['10ms', undefined, [HOUR, 'Wait', 1]],
  'nothing at all': ['0', undefined, [HOUR, 'Wait', 1]],
  'longer than anybody waits': ['100000h', undefined, [HOUR, 'Wait', 1]],
  'in the past': ['-1h', undefined, [HOUR, 'Wait', 1]],
  'a policy of another case forces nothing': [undefined, 'force', [HOUR, 'Wait', 1]],
  'two mistakes': ['', 'Delete', [HOUR, 'Wait', 2]],
};

for (const [row, [timeout, policy, expected]] of Object.entries(ROWS)) {
  test(`drainPolicy(): ${row}`, () => {
    const annotations = {
      ...(timeout === undefined ? {} : { [DRAIN_TIMEOUT_ANNOTATION]: timeout }),
      ...(policy === undefined ? {} : { [DRAIN_POLICY_ANNOTATION]: policy }),
    };
    const found = drainPolicy('worker', annotations);
    assert.deepEqual([found.timeout, found.whenLate, found.problems.length], expected);
    for (const problem of found.problems)
      assert.match(problem, /^The annotation varve\.dev\/drain-.*worker/u);
  });
}
