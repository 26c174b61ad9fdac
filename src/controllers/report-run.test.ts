import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KubeError, outcomes, type Outcome } from '../kube/index.ts';
import { notedLog } from './test-log.ts';
import { reportRun } from './report-run.ts';

function lines(outcome: Outcome, next?: number): string[] {
  const said: string[] = [];
  const key = { namespace: '', name: 'worker' };
  reportRun(notedLog(said), { controller: 'build', id: 'build-1', key, outcome, duration: 1, next });
  return said;
}

const CASES: Readonly<Record<string, readonly [outcome: Outcome, line: string | undefined]>> = {
  'what went well is nobody’s concern': [outcomes.done, undefined],
  'nor what comes again': [outcomes.requeueAfter(5), undefined],
  'nor what waits': [outcomes.waiting('for a build'), undefined],
  'what a person has to change': [
    outcomes.stalled('spec.x is wrong'),
    'info a person has to change something {"reason":"spec.x is wrong","controller":"build","key":"worker"}',
  ],
  'another writer was faster': [outcomes.failed(new KubeError('conflict', 'cannot patch')), undefined],
  'what was to be written is gone': [outcomes.failed(new KubeError('not-found', 'cannot patch')), undefined],
  'the API server is away, which is said elsewhere': [
    outcomes.failed(new KubeError('unavailable', 'cannot get')),
    undefined,
  ],
  'a failure that was thought of': [
    outcomes.failed(new KubeError('forbidden', 'cannot patch Pool "a": no')),
    'warn cannot reconcile {"reason":"cannot patch Pool \\"a\\": no","controller":"build","key":"worker","again":"in 2 s"}',
  ],
  'a failure that nobody thought of': [
    outcomes.failed(new TypeError('x is undefined')),
    'error a defect of varve, please report it {"controller":"build","key":"worker"}',
  ],
};

for (const [name, [outcome, line]] of Object.entries(CASES)) {
  test(`reportRun(): ${name}`, () => {
    assert.deepEqual(lines(outcome, 1500), line === undefined ? [] : [line]);
  });
}
