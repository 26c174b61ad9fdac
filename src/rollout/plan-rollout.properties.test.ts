import { test } from 'node:test';
import fc from 'fast-check';
import { checkSchedule } from './test-rest.ts';
import { EVENTS, SETUP } from './test-schedule.ts';

/**
 * Schedules that are tried: `npm run test:rollout` tries 100 000 new ones each time. `npm test` tries the same ones each time, since
 * a merge is no place to search. Those that were found are in plan-rollout.found.test.ts.
 */
const { VARVE_ROLLOUT_SCHEDULES: SCHEDULES, SEED = SCHEDULES === undefined ? '20261121' : undefined } =
  process.env;
const RUNS = Number(SCHEDULES ?? 3000);

test('planRollout() keeps every invariant in any schedule, and comes to rest with the truth', () => {
  fc.assert(
    fc.property(SETUP, EVENTS, (setup, events) => checkSchedule(setup, events)),
    { numRuns: RUNS, ...(SEED === undefined ? {} : { seed: Number(SEED) }) },
  );
});
