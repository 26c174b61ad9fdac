import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { atEnd } from '../lab/at-end.ts';
import { run } from '../lab/run.ts';
import { CHECKOUT } from '../lab/varve.ts';

// npm run demo: what a person sees first, and a rollout of the examples from kubectl apply to the last node's boot.

test('varve demo rolls out the examples and a change, and back without a build, and leaves nothing', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'varve-demo-test-'));
  atEnd(t, () => rm(folder, { recursive: true, force: true }));
  const { stdout, stderr } = await run('timeout', ['600', join(CHECKOUT, 'bin/varve'), 'demo'], {
    env: { HOME: folder, TMPDIR: folder },
  });
  assert.equal(stderr, '');
  const row = (what: RegExp): RegExpExecArray => {
    const found = what.exec(stdout);
    assert.ok(found !== null, `${what.source} in:\n${stdout}`);
    return found;
  };
  row(/^a control plane with 3 nodes +[\d.]+ m?s$/mu);
  // On a busy machine kubectl takes longer for all of them than the controllers wait for more.
  const [, first] = row(/^the examples, on all nodes +[\d.]+ m?s +\d +[\d.]+ k?B +(sha256:[0-9a-f]{12})$/mu);
  const [, second] = row(
    /^one file changed, \/etc\/motd +[\d.]+ m?s +1 +[\d.]+ k?B +(sha256:[0-9a-f]{12})$/mu,
  );
  const [, last] = row(/^rolled back by deletion +[\d.]+ m?s +0 +0 B +(sha256:[0-9a-f]{12})$/mu);
  assert.notEqual(second, first);
  assert.equal(last, first);
  for (const node of ['node-1', 'node-2', 'node-3'])
    assert.match(stdout, new RegExp(`^\\S+ node ${node} rebooting: `, 'mu'));
  const left = await readdir(folder);
  assert.deepEqual(
    left.filter((name) => name.startsWith('varve-demo-')),
    [],
  );
});
