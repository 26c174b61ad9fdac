import assert from 'node:assert/strict';
import { test } from 'node:test';
import { countNodes } from './node-counts.ts';
import { node } from './test-nodes.ts';

const NODES = [
  node({ name: 'n5', config: 'b' }),
  node({ name: 'n4', config: 'b', unschedulable: true }),
  node({ name: 'n3', config: 'a→b', state: 'Working' }),
  node({ name: 'n2', config: 'a→b', state: 'Degraded', reason: 'disk full' }),
  node({ name: 'n1', config: 'a→b', state: 'Unreconcilable' }),
  node({ name: 'n0', config: 'a' }),
];

test('countNodes() counts how far nodes are, and names the degraded ones in order', () => {
  assert.deepEqual(countNodes(NODES, { machineConfig: 'b' }), {
    total: 6,
    updated: 2,
    ready: 1,
    unavailable: 2,
    degraded: [
      { name: 'n1', reason: '' },
      { name: 'n2', reason: 'disk full' },
    ],
  });
});

test('countNodes() has no node updated while there is nothing to run', () => {
  const { total, updated, ready } = countNodes(NODES, undefined);
  assert.deepEqual({ total, updated, ready }, { total: 6, updated: 0, ready: 0 });
});

test('countNodes() counts nodes with their image only', () => {
  const nodes = [
    node({ config: 'b' }),
    node({ config: 'b', image: 'x' }),
    node({ config: 'b', image: 'x→y' }),
  ];
  assert.equal(countNodes(nodes, { machineConfig: 'b', image: 'x' }).updated, 1);
  assert.equal(countNodes(nodes, { machineConfig: 'b' }).updated, 1);
});
