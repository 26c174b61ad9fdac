import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nodePatch } from './node-patch.ts';
import { releasedNode } from './released-node.ts';
import { type Facts, nodeSnapshot, NOW } from './test-rollout.ts';

const LEASE = { 'varve.dev/disruption-lease': '{"holder":"varve/worker"}' };
const SETTINGS = { 'varve.dev/drift-policy': 'Heal', 'varve.dev/reboot': 'Soft' };
const TOLD = { 'varve.dev/permit': '{"id":"","told":"2026-11-21T10:00:00Z"}' };
const OWN = { 'varve.dev/cordon': 'Own' };

/** The kinds of the intents, and whether it is to be uncordoned. */
function released(facts: Facts): readonly [readonly string[], boolean] {
  const { intents, uncordon } = releasedNode(nodeSnapshot(facts).node, NOW);
  return [intents.map(({ kind }) => kind), uncordon];
}

const ROWS: Readonly<Record<string, readonly [Facts, readonly string[], boolean]>> = {
  'nothing was ever asked of it': [{ state: '' }, [], false],
  'a person asked something of it': [{ config: 'a→b', image: 'x→y' }, [], false],
  'it was told, and has not begun': [{ config: 'a→b', image: 'x→y', annotations: LEASE }, ['assign'], false],
  'it was told for the first time': [
    { config: '→b', image: '→y', state: '', annotations: LEASE },
    ['unassign'],
    false,
  ],
  'it is drained, and stays at what it runs': [
    { config: 'a→b', image: 'x→y', unschedulable: true, annotations: { ...LEASE, ...OWN } },
    ['assign'],
    false,
  ],
  'it runs what it is to run, and is cordoned': [
    { config: 'a', image: 'x', state: 'Working', unschedulable: true, annotations: { ...LEASE, ...OWN } },
    [],
    true,
  ],
  'it serves': [{ config: 'a', image: 'x', annotations: LEASE }, ['end-lease'], false],
  'it reboots': [
    {
      config: 'a→b',
      image: 'x→y',
      annotations: { ...LEASE, 'machineconfiguration.openshift.io/post-config-action': 'Rebooting' },
    },
    [],
    false,
  ],
  'it was only to pull': [
    { config: 'a', image: 'x', annotations: { 'varve.dev/prefetch-image': 'y' } },
    ['prefetch'],
    false,
  ],
  'it is tainted': [
    { config: 'a', image: 'x', taints: [{ key: 'UpdateInProgress', effect: 'PreferNoSchedule' }] },
    ['untaint'],
    false,
  ],
  'it has the settings of the pool that it was in': [
    { config: 'a', image: 'x', annotations: { ...SETTINGS, ...TOLD } },
    ['settings'],
    false,
  ],
  'it has them, and is on its way back': [
    { config: 'a→b', image: 'x→y', annotations: { ...LEASE, ...SETTINGS, ...TOLD } },
    ['assign'],
    false,
  ],
  'it has settings, and no rollout ever told it anything': [
    { config: 'a', image: 'x', annotations: SETTINGS },
    [],
    false,
  ],
};

for (const [when, [facts, kinds, uncordon]] of Object.entries(ROWS)) {
  test(`releasedNode(): ${when}`, () => assert.deepEqual(released(facts), [kinds, uncordon]));
}

test('releasedNode() has a node stay at what it runs', () => {
  const { node } = nodeSnapshot({ config: 'a→b', image: 'x→y', annotations: LEASE });
  const [intent] = releasedNode(node, NOW).intents;
  assert.deepEqual(intent?.kind === 'assign' && intent.target, { machineConfig: 'a', image: 'x' });
});

test('releasedNode() takes the settings of its pool from a node', () => {
  const { node } = nodeSnapshot({ config: 'a', image: 'x', annotations: { ...SETTINGS, ...TOLD } });
  const { intents } = releasedNode(node, NOW);
  assert.deepEqual(nodePatch(node, intents, '', NOW).metadata.annotations, {
    'varve.dev/drift-policy': null,
    'varve.dev/reboot': null,
  });
});
