import assert from 'node:assert/strict';
import { test } from 'node:test';
import { node } from './test-nodes.ts';
import { GO, granted, minutesAgo, NOW, plan, type Facts, type PoolFacts } from './test-rollout.ts';
import type { RolloutSnapshot } from './snapshot.ts';

const OLD = { config: 'a', image: 'x' };
const NEW = { config: 'b', image: 'y' };
const GOING = { config: 'a→b', image: 'x→y', toldBefore: 1 };

function olds(...names: readonly string[]): readonly Facts[] {
  return names.map((name) => old(name));
}

function old(name: string, annotations: Readonly<Record<string, string>> = {}): Facts {
  return { ...OLD, name, annotations };
}

type Row = readonly [
  nodes: readonly Facts[],
  pool: PoolFacts,
  granted: readonly string[],
  more?: Partial<RolloutSnapshot>,
];

// Contract §3.2 to §3.5, and where Varve goes on from there.
const ROWS: Readonly<Record<string, Row>> = {
  'one node at a time by default': [olds('n1', 'n2', 'n3'), {}, ['n1']],
  'as many as may': [olds('n1', 'n2', 'n3'), { maxUnavailable: 2 }, ['n1', 'n2']],
  'a share of the nodes, rounded down': [
    olds('n1', 'n2', 'n3', 'n4'),
    { maxUnavailable: '60%' },
    ['n1', 'n2'],
  ],
  'zero is one': [olds('n1', 'n2'), { maxUnavailable: 0 }, ['n1']],
  'nothing where nothing is to be done': [[{ ...NEW, name: 'n1' }], {}, []],
  'another image of the same configuration is something': [[{ config: 'b', image: 'x' }], {}, ['n1']],
  'nobody of a paused pool': [olds('n1'), { paused: true }, []],
  'nobody while the build is not done': [
    olds('n1'),
    {},
    [],
    { gate: { kind: 'wait', message: 'b is not finished' } },
  ],
  'nobody after a build that failed': [olds('n1'), {}, [], { gate: { kind: 'failed', message: 'b failed' } }],
  'nobody to an image that is gone': [olds('n1'), {}, [], { imageProblem: 'The registry does not have y.' }],
  'nobody of a pool whose policy cannot be read': [olds('n1'), { maxUnavailable: '60' }, []],
  'nobody of a pool whose annotations cannot be read': [
    olds('n1'),
    { annotations: { 'varve.dev/soak': 'long' } },
    [],
  ],
  'nobody of a pool without image mode': [[{ config: 'a' }], {}, [], { gate: { kind: 'not-layered' } }],
  'who runs an image, of a pool that left image mode': [
    [
      { config: 'b', name: 'n0' },
      { ...OLD, name: 'n1' },
    ],
    {},
    ['n1'],
    { gate: { kind: 'not-layered' } },
  ],
  // Who takes a place.
  'a node on its way takes a place': [[{ ...GOING, name: 'n1' }, ...olds('n2')], {}, []],
  'a node that is not Ready takes a place': [[{ ...NEW, name: 'n1', notReadyFor: 3 }, ...olds('n2')], {}, []],
  'a node that a person cordoned takes a place': [
    [{ ...NEW, name: 'n1', unschedulable: true }, ...olds('n2')],
    {},
    [],
  ],
  'an old node that is not Ready takes a place': [
    [{ ...OLD, name: 'n1', notReadyFor: 3 }, ...olds('n2')],
    {},
    [],
  ],
  'a node that failed at the target takes a place': [
    [{ ...GOING, name: 'n1', toldBefore: 5, state: 'Degraded' }, ...olds('n2')],
    {},
    [],
  ],
  'one that failed at the target and one more': [
    [{ ...GOING, name: 'n1', toldBefore: 5, state: 'Degraded' }, ...olds('n2', 'n3')],
    { maxUnavailable: 2 },
    ['n2'],
  ],
  'a node that only waits takes none': [[{ ...OLD, name: 'n1' }, ...olds('n2')], {}, ['n1']],
  'a new cluster: nobody was told anything yet': [
    [
      { name: 'n1', state: '', agentSaid: [{ type: 'Updated', status: 'False' }] },
      { name: 'n2', state: '', agentSaid: [{ type: 'Updated', status: 'False' }] },
    ],
    {},
    ['n1'],
  ],
  'a permit takes a place before its node has heard of it': [
    olds('n1', 'n2'),
    { permits: { n1: { id: 'worker.8', since: NOW } } },
    [],
  ],
  // Who is passed over.
  'a node that is not Ready is passed over': [
    [{ ...OLD, name: 'n1', notReadyFor: 3 }, ...olds('n2')],
    { maxUnavailable: 2 },
    ['n2'],
  ],
  'a node that a person cordoned is passed over': [
    [{ ...OLD, name: 'n1', unschedulable: true }, ...olds('n2')],
    { maxUnavailable: 2 },
    ['n2'],
  ],
  'one that a person cordoned and lets be updated is not, and takes no further place': [
    [
      { ...NEW, name: 'n0', notReadyFor: 1 },
      { ...OLD, name: 'n1', unschedulable: true, annotations: { 'varve.dev/cordon': 'Kept' } },
      old('n2'),
    ],
    {},
    ['n1'],
  ],
  'a node that is drained, and runs what is wanted now, has its turn to come back': [
    [
      {
        name: 'n1',
        config: 'b→c',
        image: 'y→z',
        state: 'Working',
        unschedulable: true,
        annotations: { 'varve.dev/cordon': 'Own' },
      },
    ],
    {},
    ['n1'],
  ],
  'a node whose agent was never heard of is passed over': [
    [{ name: 'n1', state: '' }, ...olds('n2')],
    {},
    ['n2'],
  ],
  'a node that somebody else holds is passed over': [
    [
      { ...OLD, name: 'n1', annotations: { 'varve.dev/disruption-lease': '{"holder":"kured"}' } },
      ...olds('n2'),
    ],
    {},
    ['n2'],
  ],
  'unless their time is over': [
    [
      {
        ...OLD,
        name: 'n1',
        annotations: {
          'varve.dev/disruption-lease': JSON.stringify({ holder: 'kured', until: minutesAgo(1) }),
        },
      },
      ...olds('n2'),
    ],
    {},
    ['n1'],
  ],
  'a lease that cannot be read holds': [
    [{ ...OLD, name: 'n1', annotations: { 'varve.dev/disruption-lease': 'mine' } }],
    {},
    [],
  ],
  // The order.
  'zones by name, nodes without one last, the oldest of a zone first': [
    [
      { ...OLD, name: 'n1' },
      { ...OLD, name: 'n2', zone: 'b' },
      { ...OLD, name: 'n3', zone: 'a', age: 1 },
      { ...OLD, name: 'n4', zone: 'a', age: 2 },
    ],
    { maxUnavailable: 3 },
    ['n4', 'n3', 'n2'],
  ],
  'the order holds where all may go': [
    [
      { ...OLD, name: 'n1', age: 1 },
      { ...OLD, name: 'n2', age: 2 },
    ],
    { maxUnavailable: 2 },
    ['n2', 'n1'],
  ],
  'a degraded node goes first: another image may mend it': [
    [...olds('n1'), { name: 'n2', config: 'a→c', image: 'x→z', state: 'Degraded' }],
    {},
    ['n2'],
  ],
  'one that failed at an image alone as well': [
    [...olds('n1'), { name: 'n2', config: 'a', image: 'x→z', state: 'Degraded' }],
    {},
    ['n2'],
  ],
  'a node that is out of service for an update goes before all, and takes no further place': [
    [
      { ...NEW, name: 'n0', notReadyFor: 1 },
      ...olds('n1'),
      {
        name: 'n2',
        config: 'a→c',
        image: 'x→z',
        state: 'Working',
        unschedulable: true,
        annotations: { 'varve.dev/cordon': 'Own' },
      },
    ],
    {},
    ['n2'],
  ],
  'the node of the controller is the last': [olds('n1', 'n2'), {}, ['n2'], { controllerNode: 'n1' }],
  // How many may fail.
  'no further one when as many failed as may': [
    [{ ...GOING, name: 'n1', toldBefore: 5, state: 'Degraded' }, ...olds('n2', 'n3')],
    { maxUnavailable: 3, annotations: { 'varve.dev/failure-budget': '1' } },
    [],
  ],
  'a share of the nodes may fail': [
    [{ ...GOING, name: 'n1', toldBefore: 5, state: 'Degraded' }, ...olds('n2', 'n3', 'n4')],
    { maxUnavailable: 3, annotations: { 'varve.dev/failure-budget': '50%' } },
    ['n2', 'n3'],
  ],
  'a node that is not back for long has failed': [
    [
      {
        ...GOING,
        name: 'n1',
        toldBefore: 50,
        notReadyFor: 40,
        state: 'Working',
        annotations: { 'machineconfiguration.openshift.io/post-config-action': 'Rebooting' },
      },
      ...olds('n2'),
    ],
    { maxUnavailable: 2, annotations: { 'varve.dev/failure-budget': '1' } },
    [],
  ],
  // How many may pull.
  'no more than may pull at once': [
    olds('n1', 'n2', 'n3'),
    { maxUnavailable: 3, annotations: { 'varve.dev/max-pulls': '2' } },
    ['n1', 'n2'],
  ],
  'who cannot pull ahead of its turn does not pull now': [
    [
      old('n1', { 'varve.dev/prefetch-image': 'y', 'varve.dev/prefetched-image': 'none' }),
      old('n2', { 'varve.dev/prefetch-image': 'y', 'varve.dev/prefetched-image': 'none' }),
      { ...OLD, name: 'n0', state: 'Degraded' },
    ],
    { maxUnavailable: 1, annotations: { 'varve.dev/max-pulls': '1', 'varve.dev/failure-budget': '3' } },
    ['n0'],
  ],
  'those that have the image need not pull': [
    ['n1', 'n2', 'n3'].map((name) => old(name, { 'varve.dev/prefetched-image': 'y' })),
    { maxUnavailable: 3, annotations: { 'varve.dev/max-pulls': '1' } },
    ['n1', 'n2', 'n3'],
  ],
  // The control plane.
  'nodes of the control plane one at a time': [
    olds('n1', 'n2', 'n3'),
    { name: 'master', maxUnavailable: 3 },
    ['n1'],
  ],
  'none while another one is not well': [
    [...olds('n1', 'n2'), { ...NEW, name: 'n3', notReadyFor: 1 }],
    { name: 'master' },
    [],
  ],
  'none without the quorum of etcd': [
    olds('n1', 'n2'),
    { name: 'master' },
    [],
    {
      controlPlane: [
        { node: 'n1', isHealthy: true },
        { node: 'n2', isHealthy: true },
        { node: 'm3', isHealthy: false, problem: 'etcd is not ready' },
      ],
    },
  ],
  'five keep their quorum without two': [
    olds('n1', 'n2'),
    { name: 'worker' },
    ['n1'],
    {
      controlPlane: ['n1', 'n2', 'n3', 'n4', 'n5'].map((name) => ({ node: name, isHealthy: name !== 'n5' })),
    },
  ],
  'none while one that got its turn is in no pool': [
    olds('n1', 'n2'),
    { name: 'master', permits: { gone: { id: 'master.1', since: NOW - 1000 } } },
    [],
  ],
  'the only node of the control plane': [olds('n1'), { name: 'master' }, ['n1']],
  'of workers that etcd runs on as well one at a time': [
    olds('n1', 'n2', 'n3'),
    { maxUnavailable: 3 },
    ['n1', 'n3'],
    { controlPlane: ['n1', 'n2', 'm3'].map((name) => ({ node: name, isHealthy: true })) },
  ],
  'a node that is done at what nobody wants any more gives its permit back first': [
    [{ name: 'n1', config: 'c', image: 'z', toldBefore: 5 }],
    {},
    [],
  ],
  'a worker that etcd runs on as well': [
    olds('n1', 'n2'),
    { maxUnavailable: 2 },
    ['n2'],
    {
      controlPlane: [
        { node: 'n1', isHealthy: true },
        { node: 'm2', isHealthy: true },
        { node: 'm3', isHealthy: false },
      ],
    },
  ],
  'arbiters after masters': [
    olds('a1'),
    { name: 'arbiter' },
    [],
    { peer: peer('master', { ...OLD, name: 'm1' }) },
  ],
  'arbiters when masters are done': [
    olds('a1'),
    { name: 'arbiter' },
    ['a1'],
    { peer: peer('master', { ...NEW, name: 'm1' }) },
  ],
  'arbiters while masters are paused': [
    olds('a1'),
    { name: 'arbiter' },
    ['a1'],
    { peer: { ...peer('master', { ...OLD, name: 'm1' }, { ...OLD, name: 'm2' }), isPaused: true } },
  ],
  'no arbiter while masters are paused and one is out of service': [
    olds('a1'),
    { name: 'arbiter' },
    [],
    { peer: { ...peer('master', { ...OLD, name: 'm1', unschedulable: true }), isPaused: true } },
  ],
  'no master while an arbiter is out of service, though there would be a quorum': [
    olds('m1', 'm2', 'm3', 'm4'),
    { name: 'master' },
    [],
    { peer: peer('arbiter', { ...OLD, name: 'a1', unschedulable: true }) },
  ],
  'no master while an arbiter has its turn, though nothing has begun': [
    olds('m1'),
    { name: 'master', permits: { a1: { id: 'master.1', since: NOW - 60_000 } } },
    [],
    { peer: peer('arbiter', { ...OLD, name: 'a1' }) },
  ],
  'no master while an arbiter is out of service': [
    olds('m1'),
    { name: 'master' },
    [],
    { peer: peer('arbiter', { ...OLD, name: 'a1', unschedulable: true }) },
  ],
  'masters before arbiters that nobody told anything yet': [
    olds('m1', 'm2'),
    { name: 'master' },
    ['m1'],
    { peer: peer('arbiter', { name: 'a1', state: '' }) },
  ],
};

function peer(name: string, ...nodes: readonly Facts[]): NonNullable<RolloutSnapshot['peer']> {
  return { name, isPaused: false, gate: GO, nodes: nodes.map(node) };
}

for (const [rule, [nodes, facts, expected, more]] of Object.entries(ROWS)) {
  test(`planRollout(): ${rule}`, () => assert.deepEqual(granted(plan(nodes, facts, more)), expected));
}

test('decideTurns() says of a node that has just got its turn that it has, and not how it was before', () => {
  const { nodes } = plan(olds('n1', 'n2'));
  assert.deepEqual(
    nodes.map(({ message }) => message),
    [
      'Node n1 gets its turn to run b',
      'Node n2 waits for its turn: 1 node may be out of service (spec.maxUnavailable), and n1 (gets its turn) is',
    ],
  );
});
