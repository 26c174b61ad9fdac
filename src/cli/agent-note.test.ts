import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { type AgentNote, planNote, readNote, writeNote } from './agent-note.ts';

async function folderOf(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'varve-note-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

const NOTE: AgentNote = {
  node: 'n',
  pid: 42,
  startedAt: '2026-01-02T03:04:05.000Z',
  health: 'http://127.0.0.1:1',
  tool: 'bootc',
  wishes: { desiredConfig: 'c', desiredImage: 'i' },
  plan: planNote({ phase: 'draining', step: { kind: 'rest', reason: 'Waits.' } }, new Date(0)),
};

test('what an agent leaves of itself is read as it was written, and for its owner alone', async (t) => {
  const folder = await folderOf(t);
  writeNote(folder, NOTE);
  assert.deepEqual(readNote(folder), JSON.parse(JSON.stringify(NOTE)));
  assert.equal((await stat(join(folder, 'agent.json'))).mode & 0o777, 0o600);
  assert.deepEqual(await readdir(folder), ['agent.json']);
});

test('no note, and one that is damaged, are none', async (t) => {
  const folder = await folderOf(t);
  assert.equal(readNote(folder), undefined);
  for (const text of ['', '{"node":', '[]', '{"node":1}', '{"node":"n","pid":1}']) {
    await writeFile(join(folder, 'agent.json'), text);
    assert.equal(readNote(folder), undefined, text);
  }
});

test('a note that cannot be written is no failure', () => {
  writeNote('/proc/nowhere', NOTE);
});
