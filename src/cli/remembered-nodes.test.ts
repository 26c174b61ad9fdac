import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { readNodes, writeNodes } from './remembered-nodes.ts';

test('the nodes of the last start are those of the next, and none at first', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'varve-nodes-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const none = { count: 0, engine: 'simulated', tool: 'bootc' } as const;
  assert.deepEqual(await readNodes(folder), none);
  const three = { count: 3, engine: 'nspawn', tool: 'ostree' } as const;
  await writeNodes(folder, three);
  assert.deepEqual(await readNodes(folder), three);
  for (const text of ['', '{', 'null', '{"count":-1,"engine":"x","tool":7}']) {
    await writeFile(join(folder, 'nodes.json'), text);
    assert.deepEqual(await readNodes(folder), none, text);
  }
});
