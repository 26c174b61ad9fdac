import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatReport, parseReport, shortReport } from './job-report.ts';
import { OsBuildError } from './osbuild-error.ts';

const DIGEST = `sha256:${'a'.repeat(64)}` as const;

test('a report says the same when it is read', () => {
  assert.deepEqual(parseReport(formatReport({ pod: 'p', digest: DIGEST })), { pod: 'p', digest: DIGEST });
  const failure = new OsBuildError('package-not-found', 'no such\npackage', { field: 'spec.containerFile' });
  const read = parseReport(formatReport({ pod: 'p', failure }));
  assert.ok(read !== undefined && 'failure' in read);
  const { code, message, retryable, field } = read.failure;
  assert.deepEqual(
    { code, message, retryable, field },
    { code: 'package-not-found', message: 'no such\npackage', retryable: false, field: 'spec.containerFile' },
  );
});

test('shortReport() is no longer than a kubelet keeps, and can be read, whatever the message is', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 12_000, unit: 'binary' }), fc.boolean(), (message, retryable) => {
      const short = shortReport({
        pod: 'p',
        failure: new OsBuildError('command-failed', message, { retryable }),
      });
      assert.ok(Buffer.byteLength(short) <= 4096);
      const read = parseReport(short);
      assert.ok(read !== undefined && 'failure' in read && read.failure.retryable === retryable);
    }),
    { numRuns: 50 },
  );
});

for (const text of [
  '',
  'null',
  '[]',
  '{}',
  '{"pod":"p"}',
  '{"pod":"p","digest":"sha256:x"}',
  '{"pod":"p","code":"no","message":"m"}',
  'killed',
]) {
  test(`parseReport() finds none in ${JSON.stringify(text)}`, () => {
    assert.equal(parseReport(text), undefined);
  });
}
