import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { lockState } from './state-lock.ts';

test('one agent has a state directory, which is made; the next has it when that one lets go', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'varve-lock-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const state = join(folder, 'var/lib/varve');
  const lock = await lockState(state);
  await assert.rejects(lockState(state), {
    code: 'input',
    message: `cannot use the state directory ${state}: another agent works with it; one host has one agent: stop that one, or name another directory with --state`,
  });
  lock.release();
  (await lockState(state)).release();
});

test('a state directory that cannot be made is said, with what it is for', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'varve-lock-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  await writeFile(join(folder, 'file'), '');
  await assert.rejects(lockState(join(folder, 'file/state')), {
    code: 'input',
    message: /an agent keeps its journal there/,
  });
});
