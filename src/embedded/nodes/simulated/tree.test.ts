import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Tree, type TreeNode, withLayer, withParents } from './tree.ts';

const FOLDER: TreeNode = { kind: 'directory', mode: 0o755, uid: 0, gid: 0 };

function file(object: string): TreeNode {
  return { kind: 'file', mode: 0o644, uid: 0, gid: 0, object, size: 1 };
}

function tree(nodes: Readonly<Record<string, TreeNode>>): Tree {
  return new Map(Object.entries(nodes));
}

test('withLayer() replaces files, and keeps the owners and modes of folders that are there', () => {
  const below = tree({ usr: FOLDER, 'usr/a': file('1'), 'usr/b': file('1') });
  const merged = withLayer(below, tree({ usr: { ...FOLDER, mode: 0o700 }, 'usr/b': file('2') }));
  assert.deepEqual(merged, tree({ usr: FOLDER, 'usr/a': file('1'), 'usr/b': file('2') }));
});

test('withLayer() honours whiteouts of files, of folders with all that is in them, and of what a folder holds', () => {
  const below = tree({
    usr: FOLDER,
    'usr/a': file('1'),
    'usr/b': FOLDER,
    'usr/b/c': file('1'),
    'usr/d': FOLDER,
    'usr/d/e': file('1'),
  });
  const layer = tree({
    usr: FOLDER,
    'usr/.wh.a': file('0'),
    'usr/.wh.b': file('0'),
    'usr/.wh.none': file('0'),
    'usr/d': FOLDER,
    'usr/d/.wh..wh..opq': file('0'),
    'usr/d/f': file('2'),
  });
  assert.deepEqual([...withLayer(below, layer).keys()], ['usr', 'usr/d', 'usr/d/f']);
});

test('withLayer() puts a file in the place of a folder, and a folder in that of a file or link', () => {
  const below = tree({
    a: FOLDER,
    'a/b': file('1'),
    c: file('1'),
    d: { kind: 'symlink', uid: 0, gid: 0, target: 'a' },
  });
  const layer = tree({ a: file('2'), c: FOLDER, 'c/x': file('2'), d: FOLDER });
  assert.deepEqual(withLayer(below, layer), tree({ a: file('2'), c: FOLDER, 'c/x': file('2'), d: FOLDER }));
});

test('withParents() makes folders that are missing as ostree makes them', () => {
  const owned: TreeNode = { ...file('1'), uid: 5, gid: 6 };
  const made = { ...FOLDER, uid: 5, gid: 6 };
  assert.deepEqual(withParents(tree({ 'a/b/c': owned })), tree({ a: made, 'a/b': made, 'a/b/c': owned }));
});
