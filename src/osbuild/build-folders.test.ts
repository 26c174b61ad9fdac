import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { test } from 'node:test';
import { folderPrefix, removeDead, untilUndisturbed, whileAlone } from './build-folders.ts';

interface Builds {
  readonly all: string;
  readonly make: () => Promise<string>;
}

async function makeBuilds(t: TestContext): Promise<Builds> {
  const all = await mkdtemp(join(tmpdir(), 'varve-folders-'));
  t.after(() => rm(all, { recursive: true, force: true }));
  return { all, make: () => mkdtemp(join(all, folderPrefix())) };
}

const { signal } = new AbortController();

test('what a process that is gone has left is removed, with its credentials', async (t) => {
  const { all, make } = await makeBuilds(t);
  const living = await make();
  // Linux has no process of such a number.
  const dead = join(all, '999999999-x');
  await mkdir(dead);
  await writeFile(join(dead, 'auth.json'), '{}');
  await removeDead(all);
  assert.deepEqual([existsSync(living), existsSync(dead)], [true, false]);
});

test('nothing is done to the store of two builds, but it is to that of one', async (t) => {
  const { all, make } = await makeBuilds(t);
  const one = await make();
  let done = 0;
  const work = (): Promise<number> => Promise.resolve((done += 1));
  await whileAlone(all, one, work);
  assert.equal(done, 1);
  const other = await make();
  await Promise.all([whileAlone(all, one, work), whileAlone(all, other, work)]);
  assert.equal(done, 1);
  await untilUndisturbed(all, one, signal);
});

test('a build that begins meanwhile waits for the end of it', async (t) => {
  const { all, make } = await makeBuilds(t);
  const first = await make();
  const events: string[] = [];
  const over = Promise.withResolvers<void>();
  const began = Promise.withResolvers<void>();
  const alone = whileAlone(all, first, async () => {
    began.resolve();
    await over.promise;
    events.push('done');
  });
  await began.promise;
  const second = await make();
  await whileAlone(all, second, () => Promise.resolve(events.push('disturbed')));
  const waiting = untilUndisturbed(all, second, signal).then(() => events.push('begins'));
  over.resolve();
  await Promise.all([alone, waiting]);
  assert.deepEqual(events, ['done', 'begins']);
});
