import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TimeSlices } from './time-slices.ts';

async function turn(): Promise<void> {
  await new Promise((resolve) => {
    setImmediate(resolve);
  });
}

test('TimeSlices lets requests pass until a slice is spent, and then some of them a turn, in their order', async () => {
  const slices = new TimeSlices();
  for (let request = 0; request < 3; request++) {
    assert.ok(slices.hasTime);
    slices.leave(4);
  }
  assert.ok(!slices.hasTime);
  const order: number[] = [];
  const work = async (request: number, time: number): Promise<void> => {
    await slices.wait();
    order.push(request);
    slices.leave(time);
  };
  const all = [work(1, 3), work(2, 3), work(3, 30), work(4, 1), work(5, 1)];
  await turn();
  assert.deepEqual(order, [1, 2, 3]);
  assert.ok(!slices.hasTime);
  await turn();
  assert.deepEqual(order, [1, 2, 3, 4, 5]);
  await Promise.all(all);
  assert.ok(slices.hasTime);
});
