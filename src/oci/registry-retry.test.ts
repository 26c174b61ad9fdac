import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { OciError } from './oci-error.ts';
import { backoff, parseRetryAfter, retrying } from './registry-retry.ts';

test('backoff() doubles up to fifteen seconds and never falls below half of that', () => {
  assert.deepEqual(
    [1, 2, 3].map((failures) => backoff(failures, 0)),
    [125, 250, 500],
  );
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 1000 }),
      fc.double({ min: 0, max: 0.999, noNaN: true }),
      (failures, random) => {
        const pause = backoff(failures, random);
        assert.ok(pause >= 125 && pause <= 15_000);
      },
    ),
  );
});

test('parseRetryAfter() reads seconds and dates, never negative, at most a minute', () => {
  const now = Date.parse('2026-01-01T00:00:00Z');
  const table: readonly [string | undefined, number | undefined][] = [
    [undefined, undefined],
    ['0', 0],
    [' 3 ', 3000],
    ['99999999999', 60_000],
    ['-1', 0],
    ['Thu, 01 Jan 2026 00:00:05 GMT', 5000],
    ['Thu, 01 Jan 2015 00:00:05 GMT', 0],
    ['soon', undefined],
  ];
  for (const [value, expected] of table) assert.equal(parseRetryAfter(value, now), expected, value);
});

test('retrying() repeats retryable errors only, a refused connection once, and nothing after an abort', async () => {
  const settings = { attempts: 3, deadline: 1000, now: () => 0, random: () => 0, sleep: async () => {} };
  const run = async (error: Error, signal?: AbortSignal): Promise<number> => {
    let tries = 0;
    await assert.rejects(
      retrying(settings, signal, async () => {
        tries += 1;
        throw error;
      }),
      error,
    );
    return tries;
  };
  assert.equal(await run(new OciError('unreachable', 'x', { retryable: true })), 3);
  assert.equal(await run(new OciError('unreachable', 'x')), 1);
  const network = (code: string): OciError =>
    new OciError('unreachable', 'x', { retryable: true, cause: Object.assign(new Error('x'), { code }) });
  assert.equal(await run(network('ECONNRESET')), 3);
  assert.equal(await run(network('ECONNREFUSED')), 2);
  assert.equal(await run(network('EAI_AGAIN')), 1);
  assert.equal(await run(new Error('x')), 1);
  assert.equal(await run(new OciError('unreachable', 'x', { retryable: true }), AbortSignal.abort()), 1);
  assert.equal(await run(new OciError('rate-limited', 'x', { retryable: true, retryAfter: 2000 })), 1);
});
