import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { test } from 'node:test';
import { readInputFiles } from './input-files.ts';

async function directoryWith(t: TestContext, files: Readonly<Record<string, string>>): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'varve-input-'));
  t.after(() => rm(directory, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(files)) await writeFile(join(directory, name), text);
  return directory;
}

test('readInputFiles() reads the objects of a directory in byte order, without its subdirectories', async (t) => {
  const directory = await directoryWith(t, {
    'b.yml': 'b',
    'a.yaml': 'a',
    'Z.json': 'z',
    'notes.txt': 'n',
    'c.yaml~': 'c',
  });
  await mkdir(join(directory, 'deeper.yaml'));
  await writeFile(join(directory, 'deeper.yaml/d.yaml'), 'd');
  await symlink('a.yaml', join(directory, 'link.yaml'));
  const files = await readInputFiles([directory]);
  assert.deepEqual(
    files.map(({ name, text }) => [name.slice(directory.length + 1), text]),
    [
      ['Z.json', 'z'],
      ['a.yaml', 'a'],
      ['b.yml', 'b'],
      ['link.yaml', 'a'],
    ],
  );
});

test('readInputFiles() keeps the order of its paths, whatever a file is called', async (t) => {
  const directory = await directoryWith(t, { 'b.txt': 'b', a: 'a' });
  const files = await readInputFiles([join(directory, 'b.txt'), join(directory, 'a')]);
  assert.deepEqual(
    files.map(({ text }) => text),
    ['b', 'a'],
  );
});

test('readInputFiles() passes over a byte order mark', async (t) => {
  const directory = await directoryWith(t, { 'a.yaml': '\uFEFFa: 1\n' });
  const [file] = await readInputFiles([directory]);
  assert.equal(file?.text, 'a: 1\n');
});
