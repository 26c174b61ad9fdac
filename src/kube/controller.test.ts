import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Controller, type Reconciliation } from './controller.ts';
import { FakeClock } from './fake-clock.ts';
import { KubeError } from './kube-error.ts';
import { outcomes, type Outcome } from './outcome.ts';

const BACKOFF = { first: 10, factor: 2, longest: 100, jitter: 0 };
const key = { namespace: 'n', name: 'a' };

test('Controller maps each outcome to what the queue does', async () => {
  const clock = new FakeClock();
  const cases: [outcome: Outcome | Error, next: number | undefined, failures: number][] = [
    [outcomes.failed(new Error('x')), 10, 0],
    [new Error('thrown'), 20, 1],
    [outcomes.failed(new KubeError('too-many-requests', 'x', { retryAfter: 5000 })), 5000, 2],
    [outcomes.waiting('ForBase', 70), 70, 3],
    [outcomes.failed(new Error('x')), 10, 0],
    [outcomes.requeueAfter(300), 300, 1],
    [outcomes.stalled('BadSpec'), undefined, 0],
    [outcomes.done, undefined, 0],
  ];
  const runs: Reconciliation[] = [];
  const seen: number[] = [];
  const controller = new Controller({
    name: 'c',
    clock,
    backoff: BACKOFF,
    reconcile: async (_, { failures }) => {
      const [outcome] = cases[seen.length]!;
      seen.push(failures);
      if (outcome instanceof Error) throw outcome;
      return outcome;
    },
    onReconciled: (run) => {
      runs.push(run);
      throw new Error('a listener has no say');
    },
  });
  const stop = new AbortController();
  const running = controller.run(stop.signal);
  controller.enqueue(key);
  await clock.advance(10_000);
  assert.equal(runs.length, 7, 'stalled: nothing to try');
  controller.enqueue(key);
  await clock.advance(10_000);
  assert.deepEqual(
    runs.map(({ next }) => next),
    cases.map(([, next]) => next),
  );
  assert.deepEqual(
    seen,
    cases.map(([, , failures]) => failures),
  );
  assert.deepEqual(controller.numbers.outcomes, {
    done: 1,
    'requeue-after': 1,
    waiting: 1,
    stalled: 1,
    failed: 4,
  });
  assert.equal(new Set(runs.map(({ id }) => id)).size, 8);
  stop.abort();
  assert.deepEqual(await running, []);
  assert.equal(clock.pending, 0);
});

test('Controller works on so many keys at once, and on none twice', async () => {
  const clock = new FakeClock();
  const active: string[] = [];
  let most = 0;
  let runs = 0;
  const controller = new Controller({
    name: 'c',
    clock,
    concurrency: 3,
    reconcile: async ({ name }) => {
      assert.ok(!active.includes(name));
      active.push(name);
      most = Math.max(most, active.length);
      runs += 1;
      const { promise, resolve } = Promise.withResolvers<void>();
      clock.schedule(10, resolve);
      await promise;
      active.splice(active.indexOf(name), 1);
      return outcomes.done;
    },
  });
  const stop = new AbortController();
  const running = controller.run(stop.signal);
  for (let round = 0; round < 5; round += 1) {
    for (const name of ['a', 'b', 'c', 'd', 'e']) controller.enqueue({ namespace: '', name });
    await clock.advance(7);
  }
  await clock.advance(1000);
  assert.equal(most, 3);
  assert.ok(runs >= 10 && runs <= 25);
  assert.deepEqual(active, []);
  stop.abort();
  await running;
});

test('Controller.run() finishes what it works on and begins nothing more', async () => {
  const clock = new FakeClock();
  const ended: string[] = [];
  const controller = new Controller({
    name: 'c',
    clock,
    reconcile: async ({ name }, { signal }) => {
      const { promise, resolve } = Promise.withResolvers<void>();
      clock.schedule(5000, resolve);
      await promise;
      assert.equal(signal.aborted, false);
      ended.push(name);
      return outcomes.done;
    },
  });
  const stop = new AbortController();
  const running = controller.run(stop.signal);
  controller.enqueue({ namespace: '', name: 'a' });
  controller.enqueue({ namespace: '', name: 'b' });
  await clock.advance(1000);
  stop.abort();
  await clock.advance(10_000);
  assert.deepEqual(await running, []);
  assert.deepEqual(ended, ['a']);
});

test('Controller.run() ends what does not end in time, and names what does not end at all', async () => {
  const clock = new FakeClock();
  const controller = new Controller({
    name: 'c',
    clock,
    concurrency: 2,
    reconcile: async ({ name }, { signal }) => {
      await new Promise<void>((resolve) => {
        if (name === 'polite') signal.addEventListener('abort', () => resolve());
      });
      throw signal.reason;
    },
  });
  const stop = new AbortController();
  const running = controller.run(stop.signal, 1000);
  controller.enqueue({ namespace: '', name: 'polite' });
  controller.enqueue({ namespace: '', name: 'deaf' });
  await clock.advance(1);
  stop.abort();
  await clock.advance(2001);
  assert.deepEqual(await running, [{ namespace: '', name: 'deaf' }]);
});

test('Controller gives each reconciliation a deadline', async () => {
  const clock = new FakeClock();
  const runs: Reconciliation[] = [];
  const controller = new Controller({
    name: 'c',
    clock,
    timeout: 1000,
    backoff: BACKOFF,
    reconcile: async (_, { signal }) => {
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
      throw signal.reason;
    },
    onReconciled: (run) => runs.push(run),
  });
  const stop = new AbortController();
  const running = controller.run(stop.signal);
  controller.enqueue(key);
  await clock.advance(1001);
  assert.equal(runs.length, 1);
  const { outcome } = runs[0]!;
  assert.ok(
    outcome.kind === 'failed' && outcome.error instanceof KubeError && outcome.error.code === 'timeout',
  );
  stop.abort();
  await clock.advance(60_000);
  await running;
});
