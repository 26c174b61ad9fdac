import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { FakeClock } from '../kube/index.ts';
import { QuietPeriod } from './quiet-period.ts';

const PERIOD = 100;
const LONGEST = 1000;

function started(): { readonly clock: FakeClock; readonly quiet: QuietPeriod } {
  const clock = new FakeClock();
  const quiet = new QuietPeriod({ clock, period: PERIOD, longest: LONGEST });
  quiet.start();
  return { clock, quiet };
}

test('QuietPeriod lets a single change wait for the period and no longer', async () => {
  const { clock, quiet } = started();
  quiet.changed('infra');
  assert.equal(quiet.remaining('infra'), PERIOD);
  await clock.advance(PERIOD - 1);
  assert.equal(quiet.remaining('infra'), 1);
  await clock.advance(1);
  assert.equal(quiet.remaining('infra'), 0);
});

test('QuietPeriod begins anew with each change, of another key too', async () => {
  const { clock, quiet } = started();
  quiet.changed('infra');
  await clock.advance(40);
  quiet.changed('worker');
  assert.equal(quiet.remaining('infra'), PERIOD);
  assert.equal(quiet.remaining('worker'), PERIOD);
});

test('QuietPeriod waits for the pauses of a slow command, and forgets them after it', async () => {
  const { clock, quiet } = started();
  quiet.changed('infra');
  await clock.advance(150);
  assert.equal(quiet.remaining('infra'), 0);
  quiet.changed('infra');
  assert.equal(quiet.remaining('infra'), 300);
  await clock.advance(10);
  quiet.changed('infra');
  assert.equal(quiet.remaining('infra'), 300);
  await clock.advance(199);
  quiet.changed('infra');
  assert.equal(quiet.remaining('infra'), 398);
  await clock.advance(2 * PERIOD + 1);
  quiet.changed('infra');
  assert.equal(quiet.remaining('infra'), PERIOD);
});

test('QuietPeriod gives way after the longest time, for each key on its own', async () => {
  const { clock, quiet } = started();
  quiet.changed('infra');
  for (let passed = 0; passed < LONGEST; passed += 50) {
    await clock.advance(50);
    quiet.changed(passed < 500 ? 'infra' : 'worker');
  }
  assert.equal(quiet.remaining('infra'), 0);
  assert.equal(quiet.remaining('worker'), PERIOD);
});

test('QuietPeriod lets a key without changes through while others change', () => {
  const { quiet } = started();
  quiet.changed('infra');
  assert.equal(quiet.remaining('worker'), 0);
});

test('QuietPeriod waits again for what changes after a key was settled', async () => {
  const { clock, quiet } = started();
  quiet.changed('infra');
  await clock.advance(3 * PERIOD);
  quiet.settle('infra');
  assert.equal(quiet.remaining('infra'), 0);
  quiet.changed('infra');
  assert.equal(quiet.remaining('infra'), PERIOD);
});

test('QuietPeriod waits for nothing that was there before it started', () => {
  const quiet = new QuietPeriod({ clock: new FakeClock(), period: PERIOD, longest: LONGEST });
  quiet.changed('infra');
  quiet.start();
  assert.equal(quiet.remaining('infra'), 0);
});

test('QuietPeriod is over one to four periods after the last change, and at the latest after the longest time', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(150), { minLength: 1, maxLength: 30 }), async (gaps) => {
      const { clock, quiet } = started();
      let first = clock.now();
      for (const [at, gap] of gaps.entries()) {
        await clock.advance(gap);
        if (at === 0) first = clock.now();
        quiet.changed('infra');
      }
      const due = clock.now() + quiet.remaining('infra');
      const limit = Math.max(clock.now(), first + LONGEST);
      assert.ok(due >= Math.min(clock.now() + PERIOD, limit));
      assert.ok(due <= Math.min(clock.now() + 4 * PERIOD, limit));
    }),
    { numRuns: 20 },
  );
});
