import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import test from 'node:test';
import fc from 'fast-check';
import { readBootcProgress } from './bootc-progress.ts';
import { RpmOstreeProgress } from './rpm-ostree-progress.ts';

const SAMPLE = new URL('../../../shared/fixtures/synthetic/bootc-progress.jsonl', import.meta.url);

test('readBootcProgress() reads the recorded stream', (t) => {
  if (!existsSync(SAMPLE)) {
    assert.ok(process.env['CI'] === undefined, 'CI must have the shared fixtures');
    t.skip('the shared fixtures are absent');
    return;
  }
  const lines = readFileSync(SAMPLE, 'utf8').trimEnd().split('\n');
  const events = lines.map(readBootcProgress);
  assert.equal(events[0], undefined, 'the start is no step');
  const phases = [...new Set(events.slice(1).map((event) => event?.phase))];
  assert.deepEqual(phases, ['pulling', 'importing', 'staging']);
  for (const event of events.slice(1)) assert.ok(event?.message, JSON.stringify(event));
  const pulled = events.findLast((event) => event?.phase === 'pulling');
  assert.ok(pulled?.bytes !== undefined && pulled.steps !== undefined);
});

test('readBootcProgress() leaves out what is no event, and ignores unknown members', () => {
  for (const line of [
    '',
    '{',
    'null',
    '[]',
    '"x"',
    '{"type":"Start","version":"0.1.0"}',
    '{"type":"Later"}',
  ]) {
    assert.equal(readBootcProgress(line), undefined, line);
  }
  const line =
    '{"type":"ProgressBytes","task":"pulling","bytes":5,"bytesTotal":0,"steps":-1,"new":{},"subtasks":[null,{"description":"a","completed":true},{"description":"layer b"}]}';
  assert.deepEqual(readBootcProgress(line), {
    phase: 'pulling',
    message: 'layer b',
    bytes: { done: 5, cached: 0, total: undefined },
    steps: undefined,
  });
  fc.assert(fc.property(fc.json(), (text) => void readBootcProgress(text)));
});

test('RpmOstreeProgress counts layers, with the counter of newer releases and without', () => {
  const old = new RpmOstreeProgress();
  assert.equal(old.read('Pulling manifest: ostree-unverified-image:docker://r/os')?.phase, 'pulling');
  old.read('ostree chunk layers stored: 50 needed: 1 (1.3 GB)');
  const needed = old.read('custom layers stored: 0 needed: 2 (17.8 MB)');
  assert.deepEqual(needed?.steps, { done: 0, cached: 50, total: 3 });
  assert.deepEqual(needed.bytes, { done: 0, cached: 0, total: 1_317_800_000 });
  old.read('Fetching layer sha256:5f250121caf9 (414 bytes)');
  assert.deepEqual(old.read('Fetched layer sha256:5f250121caf9')?.steps, { done: 1, cached: 50, total: 3 });
  assert.equal(old.read('Staging deployment... done')?.phase, 'staging');
  assert.equal(old.read('Checking out tree dde2395... done')?.phase, 'importing');
  assert.equal(old.read('Upgraded:'), undefined);

  const later = new RpmOstreeProgress();
  later.read('ostree chunk layers needed: 2 (2.0 GB)');
  assert.deepEqual(later.read('[1/2] Fetching ostree chunk sha256:0 (1 GB)... done')?.steps, {
    done: 1,
    cached: 0,
    total: 2,
  });
  fc.assert(fc.property(fc.string(), (text) => void new RpmOstreeProgress().read(text)));
});
