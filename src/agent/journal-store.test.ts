import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { JournalFile } from './journal-store.ts';
import { EMPTY_JOURNAL, withAttempt } from './journal.ts';

async function folderOf(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'varve-journal-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

const JOURNAL = withAttempt(EMPTY_JOURNAL, 'sha256:1', { halted: 'no' });

test('JournalFile reads what it wrote, for nobody else to see, in a folder that it makes', async (t) => {
  const path = join(await folderOf(t), 'lib', 'varve', 'journal.json');
  const store = new JournalFile(path);
  assert.deepEqual(await store.read(), { state: 'absent' });
  await store.write(EMPTY_JOURNAL);
  await store.write(JOURNAL);
  assert.deepEqual(await new JournalFile(path).read(), { state: 'read', journal: JOURNAL });
  assert.equal((await stat(path)).mode & 0o777, 0o600);
  assert.deepEqual(await readdir(join(path, '..')), ['journal.json']);
});

test('JournalFile keeps the journal that is there when the next one cannot be written', async (t) => {
  const folder = await folderOf(t);
  const path = join(folder, 'journal.json');
  const store = new JournalFile(path);
  await store.write(JOURNAL);
  const before = await readFile(path, 'utf8');
  const circular: Record<string, unknown> = {};
  circular['self'] = circular;
  await assert.rejects(store.write({ ...EMPTY_JOURNAL, unknown: circular }));
  assert.equal(await readFile(path, 'utf8'), before);
  assert.deepEqual(await readdir(folder), ['journal.json']);
});

test('JournalFile removes what an agent left that was killed while it wrote', async (t) => {
  const folder = await folderOf(t);
  const path = join(folder, 'journal.json');
  await writeFile(`${path}.4711.new`, '{"vers');
  await writeFile(join(folder, 'other.new'), '');
  const store = new JournalFile(path);
  assert.deepEqual(await store.read(), { state: 'absent' });
  await store.write(JOURNAL);
  assert.deepEqual(await readdir(folder), ['journal.json', 'other.new']);
});

test('JournalFile keeps a damaged journal beside the one that takes its place', async (t) => {
  const folder = await folderOf(t);
  const path = join(folder, 'journal.json');
  await writeFile(path, '{"version":1,');
  const store = new JournalFile(path);
  assert.deepEqual(await store.read(), { state: 'damaged', reason: 'it is not JSON, or was cut off' });
  await store.write(JOURNAL);
  assert.equal(await readFile(`${path}.damaged`, 'utf8'), '{"version":1,');
  assert.equal((await store.read()).state, 'read');
});

test('JournalFile takes a file of gigabytes for no journal, unread, and a folder for an error', async (t) => {
  const folder = await folderOf(t);
  const path = join(folder, 'journal.json');
  await writeFile(path, '');
  await truncate(path, 3e9);
  assert.deepEqual(await new JournalFile(path).read(), {
    state: 'damaged',
    reason: 'it has 3000000000 bytes',
  });
  await mkdir(join(folder, 'folder'));
  await assert.rejects(new JournalFile(join(folder, 'folder')).read(), { code: 'EISDIR' });
});

test('JournalFile says so where no directory can be made', async () => {
  const store = new JournalFile('/proc/varve/agent/journal.json');
  assert.deepEqual(await store.read(), { state: 'absent' });
  await assert.rejects(store.write(JOURNAL), { message: /^cannot make the directory \/proc\/varve: / });
});
