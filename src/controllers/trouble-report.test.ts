import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeClock } from '../kube/index.ts';
import { notedLog } from './test-log.ts';
import { TroubleReport } from './trouble-report.ts';

function report(): {
  readonly clock: FakeClock;
  readonly lines: string[];
  readonly troubles: string[];
  readonly report: TroubleReport;
} {
  const clock = new FakeClock();
  const lines: string[] = [];
  const troubles: string[] = [];
  const made = new TroubleReport({ clock, log: notedLog(lines), look: () => [...troubles] });
  return { clock, lines, troubles, report: made };
}

test('a trouble is said once, once more each minute, and when it is over', async () => {
  const { clock, lines, troubles, report: said } = report();
  troubles.push('away');
  for (let second = 0; second < 150; second += 1) {
    said.poke();
    await clock.advance(1000);
  }
  assert.deepEqual(lines, [
    'warn cannot follow the cluster {"reason":"away"}',
    'warn cannot follow the cluster {"reason":"away"}',
    'warn cannot follow the cluster {"reason":"away"}',
  ]);
  troubles.length = 0;
  await clock.advance(3000);
  assert.deepEqual(lines.slice(3), ['info the cluster is followed again']);
  assert.equal(clock.pending, 0, 'nothing is looked at while nothing is wrong');
});

test('what fails at the same time is looked at once; what passes at once is not said', async () => {
  const { clock, lines, troubles, report: said } = report();
  said.poke();
  said.poke();
  await clock.advance(10_000);
  assert.deepEqual(lines, []);
  troubles.push('one', 'other');
  said.poke();
  await clock.advance(300);
  assert.equal(lines.length, 2);
});

test('a new trouble beside an old one is said when it is seen', async () => {
  const { clock, lines, troubles, report: said } = report();
  troubles.push('old');
  said.poke();
  await clock.advance(5000);
  troubles.push('new');
  said.poke();
  await clock.advance(2000);
  assert.deepEqual(lines, [
    'warn cannot follow the cluster {"reason":"old"}',
    'warn cannot follow the cluster {"reason":"new"}',
  ]);
  said.close();
  assert.equal(clock.pending, 0);
  said.poke();
  assert.equal(clock.pending, 0);
});
