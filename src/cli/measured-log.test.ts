import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeClock } from '../kube/index.ts';
import type { Log, LogFields } from '../controllers/index.ts';
import { measuredLog } from './measured-log.ts';

/** Notes every line as `level message {fields}`. */
function notedLog(lines: string[]): Log {
  const note =
    (level: string) =>
    (message: string, fields: LogFields = {}): void => {
      const said = Object.keys(fields).length === 0 ? '' : ` ${JSON.stringify(fields)}`;
      lines.push(`${level} ${message}${said}`);
    };
  return { info: note('info'), warn: note('warn'), error: note('error') };
}

const LIMITS = { again: 60_000, burst: 3, refill: 1000 };

test('the same warning is said once in a while, with how often it came', async () => {
  const clock = new FakeClock();
  const lines: string[] = [];
  const log = measuredLog(notedLog(lines), clock, LIMITS);
  for (let second = 0; second < 130; second += 1) {
    log.warn('away', { reason: 'x' });
    await clock.advance(1000);
  }
  assert.deepEqual(lines, [
    'warn away {"reason":"x"}',
    'warn away {"reason":"x","times":60}',
    'warn away {"reason":"x","times":60}',
  ]);
});

test('other words or fields are another warning; an error is none of them', () => {
  const lines: string[] = [];
  const log = measuredLog(notedLog(lines), new FakeClock(), LIMITS);
  for (let round = 0; round < 3; round += 1) {
    log.warn('away', { pool: 'a' });
    log.warn('away', { pool: 'b' });
    log.error('gone', { pool: 'a' });
  }
  assert.deepEqual(lines, ['warn away {"pool":"a"}', 'warn away {"pool":"b"}', 'error gone {"pool":"a"}']);
});

test('of very many different ones the first are said, and how many were not', async () => {
  const clock = new FakeClock();
  const lines: string[] = [];
  const log = measuredLog(notedLog(lines), clock, LIMITS);
  for (let key = 0; key < 100; key += 1) log.warn('away', { key });
  assert.equal(lines.length, 3);
  await clock.advance(1000);
  log.warn('away', { key: 1000 });
  assert.deepEqual(lines.slice(3), [
    'warn more was said than a person can read, and left out {"lines":97}',
    'warn away {"key":1000}',
  ]);
});

test('what goes well passes, however often', () => {
  const lines: string[] = [];
  const log = measuredLog(notedLog(lines), new FakeClock(), LIMITS);
  for (let round = 0; round < 10; round += 1) log.info('rendered', { pool: 'a' });
  assert.equal(lines.length, 10);
});
