import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { FakeClock } from './fake-clock.ts';
import { WorkQueue } from './work-queue.ts';

const BACKOFF = { first: 10, factor: 2, longest: 100, jitter: 0 };

function queue(): { clock: FakeClock; queue: WorkQueue } {
  const clock = new FakeClock();
  return { clock, queue: new WorkQueue({ clock, backoff: BACKOFF }) };
}

test('WorkQueue gives a key once, however often it was added', async () => {
  const { queue: work } = queue();
  work.add('a');
  work.add('b');
  work.add('a');
  assert.equal(await work.take(), 'a');
  assert.equal(await work.take(), 'b');
  assert.equal(work.numbers.depth, 0);
});

test('WorkQueue keeps a key back while it is worked on, and gives it again afterwards', async () => {
  const { queue: work } = queue();
  work.add('a');
  await work.take();
  work.add('a');
  work.add('a');
  const next = work.take();
  work.add('b');
  assert.equal(await next, 'b');
  work.done('a');
  assert.equal(await work.take(), 'a');
  work.done('a');
  work.done('b');
  assert.deepEqual(
    { ...work.numbers, latencyMax: 0 },
    {
      depth: 0,
      processing: 0,
      waiting: 0,
      adds: 4,
      retries: 0,
      latencySum: 0,
      latencyMax: 0,
      taken: 3,
      oldest: 0,
    },
  );
});

test('WorkQueue takes higher priorities first, and the longest waiting among equals', async () => {
  const { queue: work } = queue();
  work.add('low', -1);
  work.add('first');
  work.add('second');
  work.add('high', 5);
  work.add('low', 6);
  const order = [];
  for (let count = 0; count < 4; count += 1) order.push(await work.take());
  assert.deepEqual(order, ['low', 'high', 'first', 'second']);
});

test('WorkQueue.addAfter() waits, the earliest of several times counts', async () => {
  const { clock, queue: work } = queue();
  work.addAfter('a', 100);
  work.addAfter('a', 50);
  work.addAfter('a', 70);
  assert.equal(work.numbers.waiting, 1);
  await clock.advance(49);
  assert.equal(work.numbers.depth, 0);
  await clock.advance(1);
  assert.equal(work.numbers.depth, 1);
  assert.equal(await work.take(), 'a');
  work.done('a');
  await clock.advance(1000);
  assert.equal(work.numbers.depth, 0);
  assert.equal(clock.pending, 0);
});

test('WorkQueue.retry() waits longer each time up to a limit, and from the start after forget()', () => {
  const { queue: work } = queue();
  assert.deepEqual(
    Array.from({ length: 6 }, () => work.retry('a')),
    [10, 20, 40, 80, 100, 100],
  );
  assert.equal(work.failures('a'), 6);
  assert.equal(work.retry('a', 5000), 5000, 'not before the server says');
  work.forget('a');
  assert.equal(work.retry('a'), 10);
  assert.equal(work.numbers.retries, 8);
});

test('WorkQueue tells how long keys have been ready', async () => {
  const { clock, queue: work } = queue();
  work.add('a');
  await clock.advance(30);
  work.add('b');
  await clock.advance(10);
  assert.equal(work.numbers.oldest, 40);
  await work.take();
  await work.take();
  assert.equal(work.numbers.latencyMax, 40);
  assert.equal(work.numbers.latencySum, 50);
});

test('WorkQueue.close() gives nothing more, to nobody', async () => {
  const { clock, queue: work } = queue();
  const waiting = work.take();
  work.addAfter('a', 10);
  work.close();
  assert.equal(await waiting, undefined);
  work.add('b');
  assert.equal(await work.take(), undefined);
  assert.equal(clock.pending, 0);
});

type Step =
  | { readonly do: 'add' | 'retry' | 'forget'; readonly key: string; readonly priority: number }
  | { readonly do: 'after'; readonly key: string; readonly delay: number }
  | { readonly do: 'take' }
  | { readonly do: 'done'; readonly which: number }
  | { readonly do: 'advance'; readonly by: number };

const key = fc.constantFrom('a', 'b', 'c', 'd', 'e');
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    do: fc.constantFrom('add' as const, 'add' as const, 'retry' as const, 'forget' as const),
    key,
    priority: fc.integer({ min: -1, max: 1 }),
  }),
  fc.record({ do: fc.constant('after' as const), key, delay: fc.integer({ min: 0, max: 60 }) }),
  fc.record({ do: fc.constant('take' as const) }),
  fc.record({ do: fc.constant('done' as const), which: fc.nat(4) }),
  fc.record({ do: fc.constant('advance' as const), by: fc.integer({ min: 1, max: 40 }) }),
);

/** What the queue promises, with no thought of how: which keys are owed work, and from when on. */
class Model {
  now = 0;
  readonly owed = new Set<string>();
  readonly due = new Map<string, number>();
  readonly working = new Set<string>();

  after(name: string, delay: number): void {
    if (delay <= 0) this.owed.add(name);
    else this.due.set(name, Math.min(this.now + delay, this.due.get(name) ?? Number.POSITIVE_INFINITY));
  }

  advance(by: number): void {
    this.now += by;
    for (const [name, at] of this.due) {
      if (at > this.now) continue;
      this.due.delete(name);
      this.owed.add(name);
    }
  }

  get ready(): string[] {
    return [...this.owed].filter((name) => !this.working.has(name));
  }
}

test('WorkQueue loses no key and gives none twice at once, whatever happens', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 80 }), async (steps) => {
      const { clock, queue: work } = queue();
      const model = new Model();
      const take = async (): Promise<void> => {
        const expected = model.ready;
        if (expected.length === 0) return;
        const name = await work.take();
        assert.ok(name !== undefined && expected.includes(name), `${name} is not one of ${expected.join()}`);
        model.owed.delete(name);
        model.working.add(name);
      };
      for (const next of steps) {
        switch (next.do) {
          case 'add':
            work.add(next.key, next.priority);
            model.owed.add(next.key);
            break;
          case 'retry':
            model.after(next.key, work.retry(next.key, 0, next.priority));
            break;
          case 'forget':
            work.forget(next.key);
            break;
          case 'after':
            work.addAfter(next.key, next.delay);
            model.after(next.key, next.delay);
            break;
          case 'take':
            await take();
            break;
          case 'done': {
            const name = [...model.working][next.which];
            if (name === undefined) break;
            work.done(name);
            model.working.delete(name);
            break;
          }
          case 'advance':
            await clock.advance(next.by);
            model.advance(next.by);
            break;
        }
        const { depth, processing, waiting } = work.numbers;
        assert.deepEqual(
          [depth, processing, waiting],
          [model.ready.length, model.working.size, model.due.size],
        );
      }
      await clock.advance(10_000);
      model.advance(10_000);
      for (const name of model.working) {
        work.done(name);
        model.working.delete(name);
      }
      while (model.ready.length > 0) await take();
      assert.equal(work.numbers.depth, 0);
      work.close();
      assert.equal(clock.pending, 0);
    }),
    { numRuns: 200 },
  );
});
