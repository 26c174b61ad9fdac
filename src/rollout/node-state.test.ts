import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  isNodeAtTarget,
  isNodeDegraded,
  isNodeDone,
  isNodeFailing,
  isNodeReady,
  isNodeUnavailable,
  type RolloutNode,
} from './node-state.ts';
import { node, type NodeFacts } from './test-nodes.ts';

type Predicate = (node: RolloutNode) => boolean;
type Row = readonly [predicate: Predicate, facts: NodeFacts, expected: boolean];

const healthy = { Ready: 'True', DiskPressure: 'False', NetworkUnavailable: 'False' };
const bare: NodeFacts = { state: '' };

// Contract §3.4.
const ROWS: Readonly<Record<string, Row>> = {
  'healthy is ready': [isNodeReady, { conditions: healthy }, true],
  'without conditions is ready': [isNodeReady, { conditions: {} }, true],
  'Ready unknown is not': [isNodeReady, { conditions: { ...healthy, Ready: 'Unknown' } }, false],
  'Ready false is not': [isNodeReady, { conditions: { ...healthy, Ready: 'False' } }, false],
  'DiskPressure is not': [isNodeReady, { conditions: { ...healthy, DiskPressure: 'True' } }, false],
  'DiskPressure unknown is not': [isNodeReady, { conditions: { DiskPressure: 'Unknown' } }, false],
  'NetworkUnavailable is not': [isNodeReady, { conditions: { NetworkUnavailable: 'True' } }, false],
  'NetworkUnavailable unknown is not': [
    isNodeReady,
    { conditions: { NetworkUnavailable: 'Unknown' } },
    false,
  ],
  'MemoryPressure does not count': [isNodeReady, { conditions: { MemoryPressure: 'True' } }, true],
  'unschedulable is not': [isNodeReady, { unschedulable: true }, false],
  'schedulable is': [isNodeReady, { unschedulable: false }, true],

  'what was asked for is done': [isNodeDone, { config: 'a' }, true],
  'with its image too': [isNodeDone, { config: 'a', image: 'x' }, true],
  'another configuration is not': [isNodeDone, { config: 'a→b' }, false],
  'another image is not': [isNodeDone, { config: 'a', image: 'x→y' }, false],
  'an image to come is not': [isNodeDone, { config: 'a', image: '→y' }, false],
  'an image to leave is not': [isNodeDone, { config: 'a', image: 'x→' }, false],
  'a node that works is not': [isNodeDone, { config: 'a', state: 'Working' }, false],
  'a node without agent is not': [isNodeDone, bare, false],

  'giving up on another configuration is failing': [
    isNodeFailing,
    { config: 'a→b', state: 'Degraded' },
    true,
  ],
  'one that cannot be reached is failing': [isNodeFailing, { config: 'a→b', state: 'Unreconcilable' }, true],
  'working is not failing': [isNodeFailing, { config: 'a→b', state: 'Working' }, false],
  // Other than in the reference (contract §7.2 row 21).
  'giving up on an image alone is failing': [
    isNodeFailing,
    { config: 'a', image: 'x→y', state: 'Degraded' },
    true,
  ],
  'degraded where it should be is not failing': [isNodeFailing, { config: 'a', state: 'Degraded' }, false],

  'done and ready is available': [isNodeUnavailable, { config: 'a' }, false],
  'done and not ready is unavailable': [isNodeUnavailable, { config: 'a', unschedulable: true }, true],
  'asked, but not begun is unavailable': [isNodeUnavailable, { config: 'a→b' }, true],
  'failing is available': [isNodeUnavailable, { config: 'a→b', state: 'Degraded' }, false],
  'failing and not ready is unavailable': [
    isNodeUnavailable,
    { config: 'a→b', state: 'Degraded', unschedulable: true },
    true,
  ],
  'degraded where it should be is unavailable': [isNodeUnavailable, { config: 'a', state: 'Degraded' }, true],
  'giving up on an image alone is available': [
    isNodeUnavailable,
    { config: 'a', image: 'x→y', state: 'Degraded' },
    false,
  ],
  'without agent is unavailable': [isNodeUnavailable, bare, true],

  'Degraded is degraded': [isNodeDegraded, { state: 'Degraded' }, true],
  'Unreconcilable is degraded': [isNodeDegraded, { state: 'Unreconcilable' }, true],
  'Rebooting is not': [isNodeDegraded, { state: 'Rebooting' }, false],
};

for (const [row, [predicate, facts, expected]] of Object.entries(ROWS)) {
  test(`${predicate.name}(): ${row}`, () => assert.equal(predicate(node(facts)), expected));
}

const TARGETS: Readonly<Record<string, [NodeFacts, { machineConfig: string; image?: string }, boolean]>> = {
  'the configuration': [{ config: 'a→b' }, { machineConfig: 'b' }, true],
  'another configuration': [{ config: 'b→a' }, { machineConfig: 'b' }, false],
  'the configuration, but with an image': [{ config: 'b', image: 'x' }, { machineConfig: 'b' }, false],
  both: [{ config: 'b', image: 'x→y' }, { machineConfig: 'b', image: 'y' }, true],
  'another image': [{ config: 'b', image: 'y→x' }, { machineConfig: 'b', image: 'y' }, false],
  'no image': [{ config: 'b' }, { machineConfig: 'b', image: 'y' }, false],
  nothing: [{}, { machineConfig: '' }, false],
};

for (const [row, [facts, target, expected]] of Object.entries(TARGETS)) {
  test(`isNodeAtTarget(): asked for ${row}`, () =>
    assert.equal(isNodeAtTarget(node(facts), target), expected));
}

test('no node is done and failing', () => {
  const name = fc.constantFrom('', 'a', 'b', 'a→b', '→b');
  const state = fc.constantFrom('', 'Done', 'Working', 'Degraded', 'Unreconcilable');
  fc.assert(
    fc.property(name, name, state, fc.boolean(), (config, image, is, unschedulable) => {
      const given = node({ config, image, state: is, unschedulable });
      assert.ok(!(isNodeDone(given) && isNodeFailing(given)));
      assert.ok(isNodeUnavailable(given) || isNodeDone(given) || isNodeFailing(given));
    }),
  );
});
