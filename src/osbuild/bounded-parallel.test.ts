import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inParallel } from './bounded-parallel.ts';

test('inParallel() keeps the order of the items and never works on more than the limit', async () => {
  let running = 0;
  let most = 0;
  const results = await inParallel([5, 1, 4, 2, 3], 2, async (item) => {
    running += 1;
    most = Math.max(most, running);
    for (let turn = 0; turn < item; turn += 1) await Promise.resolve();
    running -= 1;
    return item * 10;
  });
  assert.deepEqual(results, [50, 10, 40, 20, 30]);
  assert.equal(most, 2);
});

test('inParallel() begins nothing after a failure, stops what is under way and waits for its end', async () => {
  const begun: number[] = [];
  const ended: number[] = [];
  const work = async (item: number, signal: AbortSignal): Promise<void> => {
    begun.push(item);
    if (item === 1) throw new Error('the first failure');
    await new Promise<void>((done) => {
      signal.addEventListener('abort', () => done());
    });
    await Promise.resolve();
    ended.push(item);
    throw new Error('told to stop');
  };
  await assert.rejects(inParallel([0, 1, 2, 3], 2, work), /the first failure/u);
  assert.deepEqual([begun, ended], [[0, 1], [0]]);
});
