import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeClock, outcomes } from '../kube/index.ts';
import { Rests } from './rests.ts';

test('Rests lets a subject rest as long as a look took, and others not', async () => {
  const clock = new FakeClock();
  const rests = new Rests(clock);
  let looks = 0;
  const look = (milliseconds: number) => async (spent: (time: number) => void) => {
    looks += 1;
    spent(milliseconds / 2);
    spent(milliseconds / 2);
    await clock.advance(0);
    return outcomes.done;
  };
  assert.deepEqual(await rests.take('a', look(10)), outcomes.done);
  assert.deepEqual(await rests.take('a', look(10)), outcomes.requeueAfter(40));
  assert.deepEqual(await rests.take('b', look(0)), outcomes.done);
  await clock.advance(40);
  assert.deepEqual(await rests.take('a', look(10_000)), outcomes.done);
  assert.deepEqual(await rests.take('a', look(0)), outcomes.requeueAfter(250));
  rests.forget('a');
  assert.deepEqual(await rests.take('a', look(0)), outcomes.done);
  assert.equal(looks, 4);
});
