import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { EtcConflict, mergeEtc } from './etc-merge.ts';
import { Repository } from './repository.ts';

/** A folder of this computer's that no machine has to do with, with a file in it, and one for a machine. */
async function scene(t: TestContext): Promise<{ folder: string; outside: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'varve-links-out-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const outside = join(folder, 'outside');
  mkdirSync(join(outside, 'b'), { recursive: true });
  writeFileSync(join(outside, 'b/c'), 'mine');
  return { folder, outside };
}

test('Repository.checkout() writes nothing through a link that a tree has', async (t) => {
  const { folder, outside } = await scene(t);
  const repository = new Repository(join(folder, 'repo'));
  const tree = new Map([
    ['a', { kind: 'symlink', uid: 0, gid: 0, target: outside } as const],
    ['a/evil', repository.addFile(Buffer.from('x'), { mode: 0o644, uid: 0, gid: 0 })],
  ]);
  assert.throws(() => repository.checkout(tree, join(folder, 'tree')), {
    message: "Can't make a/evil: a is not a directory",
  });
  assert.deepEqual(readdirSync(outside), ['b']);
});

test('mergeEtc() changes nothing through a link that the new default has', async (t) => {
  const { folder, outside } = await scene(t);
  const trees = (name: string): string => join(folder, name, 'etc');
  const write = (tree: string, path: string, text: string): void => {
    mkdirSync(join(trees(tree), 'a/b'), { recursive: true });
    writeFileSync(join(trees(tree), path), text);
  };
  write('original', 'a/b/c', 'default');
  for (const [live, path] of [
    ['removes', 'a/b/other'],
    ['changes', 'a/b/c'],
  ] as const) {
    write(live, path, 'of the host');
    const next = `next-${live}`;
    mkdirSync(trees(next), { recursive: true });
    symlinkSync(outside, join(trees(next), 'a'));
    assert.throws(() => mergeEtc(trees('original'), trees(live), trees(next)), EtcConflict);
    assert.equal(readFileSync(join(outside, 'b/c'), 'utf8'), 'mine');
    assert.ok(!existsSync(join(outside, 'b/other')));
  }
});
