import assert from 'node:assert/strict';
import test from 'node:test';

import { compareElements, printPath } from './path-element.ts';

test('printPath() names a path as conflicts do', () => {
  const printed: [string[], string][] = [
    [['f:data', 'f:a'], '.data.a'],
    [['f:spec', 'f:entries', 'k:{"key":"k1"}', 'f:value'], '.spec.entries[key="k1"].value'],
    [['f:ports', 'k:{"port":80,"protocol":"TCP"}'], '.ports[port=80,protocol="TCP"]'],
    [['f:tags', 'v:"t1"'], '.tags[="t1"]'],
    [['f:numbers', 'v:1.5'], '.numbers[=1.5]'],
    [['f:args', 'i:0'], '.args[0]'],
    [['f:kubernetes.io/hostname'], '.kubernetes.io/hostname'],
  ];
  for (const [path, text] of printed) assert.equal(printPath(path), text);
});

test('compareElements() orders kinds of steps, then texts, then numbers by size', () => {
  const ordered = [
    'f:',
    'f:a',
    'f:b',
    'k:{"name":"a"}',
    'k:{"name":"ab"}',
    'k:{"port":9,"protocol":"UDP"}',
    'k:{"port":80,"protocol":"TCP"}',
    'k:{"port":80,"protocol":"UDP"}',
    'k:{"port":443}',
    'v:-1',
    'v:2',
    'v:10',
    'i:2',
    'i:10',
  ];
  assert.deepEqual([...ordered].reverse().sort(compareElements), ordered);
});
