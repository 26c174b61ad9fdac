import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import { StoreError } from '../store/index.ts';
import { WorkQueue } from './work-queue.ts';

let reports: string[];
let seen: string[];
let queue: WorkQueue;

function see(key: string): undefined {
  seen.push(key);
}

function fail(key: string): undefined {
  seen.push(key);
  throw new Error('no');
}

describe('the work queue', () => {
  beforeEach(() => {
    reports = [];
    seen = [];
    queue = new WorkQueue('test', (message) => reports.push(message));
  });

  describe('WorkQueue', () => {
    test('has each thing looked at once, in the order in which they came', () => {
      for (const key of ['b', 'a', 'b']) queue.add(key);
      assert.equal(queue.work(0, see), undefined);
      assert.deepEqual(seen, ['b', 'a']);
      assert.equal(queue.work(0, see), undefined);
      assert.equal(seen.length, 2);
    });

    test('what is added while it works is looked at with the next pass', () => {
      queue.add('a');
      assert.equal(
        queue.work(0, (key) => {
          see(key);
          queue.add('a');
          return undefined;
        }),
        0,
      );
      assert.deepEqual(seen, ['a']);
    });

    test('looks again when it is told, or when something changes before', () => {
      queue.add('a');
      assert.equal(
        queue.work(100, () => 50),
        50,
      );
      assert.equal(queue.work(149, see), 1);
      queue.add('a');
      assert.equal(queue.work(149, see), undefined);
      assert.deepEqual(seen, ['a']);
    });

    test('waits for what has its time', () => {
      queue.addAt('a', 1000);
      queue.addAt('b', 500);
      assert.equal(queue.work(0, see), 500);
      assert.equal(queue.work(600, see), 400);
      queue.delete('a');
      assert.equal(queue.work(2000, see), undefined);
      assert.deepEqual(seen, ['b']);
    });

    test('what fails waits twice as long each time, and keeps nothing else', () => {
      queue.add('a');
      assert.equal(queue.work(0, fail), 1000);
      queue.add('b');
      assert.equal(queue.work(0, see), 1000);
      assert.equal(queue.work(1000, fail), 2000);
      assert.equal(queue.work(3000, fail), 4000);
      queue.add('a');
      assert.equal(queue.work(3001, fail), 8000, 'a change has it looked at at once');
      for (let now = 11_001; now < 10_000_000;) now += queue.work(now, fail) ?? 0;
      assert.equal(queue.work(20_000_000, fail), 300_000, 'but never longer than this');
      assert.equal(queue.work(30_000_000, see), undefined);
      queue.add('a');
      assert.equal(queue.work(30_000_000, fail), 1000, 'success is a new beginning');
      assert.deepEqual(seen.slice(0, 3), ['a', 'b', 'a']);
    });

    test('what fails for ever is told of less and less', () => {
      queue.add('a\u0000b');
      let now = 0;
      for (let attempt = 0; attempt < 64; attempt++) now += queue.work(now, fail) ?? 0;
      assert.equal(reports.length, 7);
      assert.equal(reports[0], 'controller test cannot do its work on a b (attempt 1): no');
      assert.equal(reports.at(-1), 'controller test cannot do its work on a b (attempt 64): no');
    });

    test('a store that fails ends the pass, and nothing is forgotten', () => {
      for (const key of ['a', 'b']) queue.add(key);
      assert.throws(() =>
        queue.work(0, () => {
          throw new StoreError('io', 'no disk');
        }),
      );
      queue.work(0, see);
      assert.deepEqual(seen.sort(), ['a', 'b']);
      assert.deepEqual(reports, []);
    });

    test('many things are looked at in portions', () => {
      for (let index = 0; index < 1200; index++) queue.add(String(index));
      const passes: (number | undefined)[] = [];
      do passes.push(queue.work(0, see));
      while (passes.at(-1) === 0);
      assert.deepEqual(passes, [0, 0, undefined]);
      assert.equal(new Set(seen).size, 1200);
    });
  });
});
