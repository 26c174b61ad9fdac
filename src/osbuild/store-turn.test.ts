import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { takeTurn } from './store-turn.ts';

test('of two builds with one store the second waits for the end of the first', async (t) => {
  const storage = await mkdtemp(join(tmpdir(), 'varve-turn-'));
  t.after(() => rm(storage, { recursive: true, force: true }));
  const { signal } = new AbortController();
  const events: string[] = [];
  const first = await takeTurn(storage, signal, () => void events.push('first waits'));
  const told = Promise.withResolvers<void>();
  const second = takeTurn(storage, signal, () => {
    events.push('second waits');
    told.resolve();
  });
  await told.promise;
  events.push('first ends');
  first?.();
  const release = await second;
  events.push('second has it');
  assert.deepEqual(events, ['second waits', 'first ends', 'second has it']);

  const stopped = new AbortController();
  const third = takeTurn(storage, stopped.signal, () => stopped.abort());
  assert.equal(await third, undefined);
  release?.();
});
