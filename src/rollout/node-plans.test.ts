import assert from 'node:assert/strict';
import { test } from 'node:test';
import { minutesAgo, nodePlan, plan, type Facts, type PoolFacts } from './test-rollout.ts';
import type { NodePlan, RolloutPlan } from './rollout-plan.ts';
import type { RolloutSnapshot } from './snapshot.ts';

const OLD = { config: 'a', image: 'x' };
const NEW = { config: 'b', image: 'y' };
const GOING = { config: 'a→b', image: 'x→y', state: 'Working', toldBefore: 1 };
const DRAIN = 'machineconfiguration.openshift.io/desiredDrain';
const APPLIED = 'machineconfiguration.openshift.io/lastAppliedDrain';
const ACTION = 'machineconfiguration.openshift.io/post-config-action';
const OWN = { 'varve.dev/cordon': 'Own' };

type Said = readonly [NodePlan['progress'], NodePlan['reason'], message: string, drain?: NodePlan['drain']];
type Row = readonly [facts: Facts, said: Said, pool?: PoolFacts, more?: Partial<RolloutSnapshot>];

/** What is said of node n1, beside which n0 is out of service. */
const BESIDE: Facts = { ...NEW, name: 'n0', notReadyFor: 3 };

const ALONE: Readonly<Record<string, Row>> = {
  'it runs the target': [NEW, ['updated', 'Updated', 'Node n1 runs b', 'none']],
  'it runs the target and is cordoned by a person': [
    { ...NEW, unschedulable: true },
    ['updated', 'CordonedByPerson', 'Node n1 runs b, and is cordoned by a person'],
  ],
  'it runs the target and is not Ready': [
    { ...NEW, notReadyFor: 3 },
    ['waiting', 'NotReady', 'Node n1 is not well: Ready is Unknown since 2026-11-21T11:57:00Z; it runs b'],
  ],
  'and has not been for long': [
    { ...NEW, notReadyFor: 30 },
    ['stuck', 'NotReady', 'Node n1 is not well: Ready is Unknown since 2026-11-21T11:30:00Z; it runs b'],
  ],
  'it gets its turn': [OLD, ['updating', 'Assigned', 'Node n1 gets its turn to run b', 'none']],
  'it was told just now': [
    { ...GOING, state: 'Done' },
    [
      'updating',
      'Assigned',
      'Node n1 was told at 2026-11-21T11:59:00Z to run b, and its agent has not answered yet',
      'permitted',
    ],
  ],
  'its agent does not answer': [
    { ...GOING, state: 'Done', toldBefore: 6 },
    [
      'stuck',
      'AgentSilent',
      'Node n1: its agent has not answered since 2026-11-21T11:54:00Z, when it was told to run b: see whether varve agent runs on the node',
    ],
  ],
  'it pulls': [
    { ...GOING, agentSaid: [{ type: 'UpdatePrepared', status: 'Unknown', message: 'The image is pulled.' }] },
    [
      'updating',
      'Preparing',
      'Node n1 is on its way to b: it is pulling and staging its image: The image is pulled',
    ],
  ],
  'it has pulled for too long': [
    { ...GOING, toldBefore: 40 },
    [
      'stuck',
      'Stuck',
      'Node n1 has not got on since 2026-11-21T11:20:00Z, and is pulling and staging its image: look at it, at its console if need be',
    ],
  ],
  'it is to be drained': [
    { ...GOING, annotations: { [DRAIN]: 'drain-b' } },
    ['updating', 'Draining', 'Node n1 is to be drained', 'permitted'],
  ],
  'it is drained, and a budget is in the way': [
    {
      ...GOING,
      unschedulable: true,
      annotations: { ...OWN, [DRAIN]: 'drain-b' },
      agentSaid: [
        {
          type: 'Drained',
          status: 'Unknown',
          message: 'Pod default/web-0 waits for PodDisruptionBudget web.',
        },
      ],
    },
    [
      'updating',
      'Draining',
      'Node n1 is being drained: Pod default/web-0 waits for PodDisruptionBudget web',
      'permitted',
    ],
  ],
  'it has been drained for too long': [
    {
      ...GOING,
      toldBefore: 40,
      unschedulable: true,
      annotations: { ...OWN, [DRAIN]: 'drain-b' },
      agentSaid: [{ type: 'Drained', status: 'Unknown', message: 'Pod default/web-0 waits.', ago: 35 }],
    },
    ['stuck', 'Draining', 'Node n1 is being drained: Pod default/web-0 waits', 'permitted'],
  ],
  'it is told something else, and only its drain for what it was told before is asked for': [
    {
      ...GOING,
      state: 'Working',
      toldBefore: 40,
      notReadyFor: 39,
      annotations: { [DRAIN]: 'drain-a9' },
    },
    [
      'stuck',
      'Stuck',
      'Node n1 is not Ready, and was seen to get on last at 2026-11-21T11:21:00Z, when it was pulling and staging its image: look at it, at its console if need be',
    ],
  ],
  'it is drained': [
    { ...GOING, unschedulable: true, annotations: { ...OWN, [DRAIN]: 'drain-b', [APPLIED]: 'drain-b' } },
    ['updating', 'Applying', 'Node n1 is on its way to b: it is drained and being updated'],
  ],
  'it reboots': [
    { ...GOING, notReadyFor: 1, annotations: { [ACTION]: 'Rebooting' } },
    ['updating', 'Rebooting', 'Node n1 is on its way to b: it is rebooting'],
  ],
  'it does not come back': [
    { ...GOING, toldBefore: 50, notReadyFor: 40, annotations: { [ACTION]: 'Rebooting' } },
    [
      'stuck',
      'Stuck',
      'Node n1 is not Ready, and was seen to get on last at 2026-11-21T11:20:00Z, when it was rebooting: look at it, at its console if need be',
    ],
  ],
  'it is back and not Ready': [
    { ...NEW, toldBefore: 10, notReadyFor: 9 },
    [
      'updating',
      'ReturningToService',
      'Node n1 runs b and is not back in service: Node n1 is not well: Ready is Unknown since 2026-11-21T11:51:00Z',
    ],
  ],
  'it comes back, and never is Ready': [
    { ...NEW, toldBefore: 50, notReadyFor: 40 },
    [
      'stuck',
      'Stuck',
      'Node n1 is not Ready, and was seen to get on last at 2026-11-21T11:20:00Z, when it was updated, but not back in service: look at it, at its console if need be',
    ],
  ],
  'its agent gave up': [
    { ...GOING, toldBefore: 5, state: 'Degraded', reason: 'no space left' },
    ['stuck', 'Degraded', 'Node n1 failed at b: no space left'],
  ],
  'its agent had given up on something else': [
    { ...GOING, toldBefore: 0.5, state: 'Degraded', reason: 'no space left' },
    ['updating', 'Preparing', 'Node n1 is on its way to b: it is pulling and staging its image'],
  ],
  'nobody has heard of its agent yet': [
    { state: '', age: 1 },
    ['waiting', 'AwaitingAgent', 'Node n1 waits for its agent, which has not reported yet'],
  ],
  'nobody has ever heard of its agent': [
    { state: '' },
    [
      'stuck',
      'NoAgent',
      'Node n1 has no agent: none has reported since 2026-11-21T11:00:00Z; see whether varve agent runs on the node',
    ],
  ],
  'nobody has, and it is tainted': [
    {
      state: '',
      taints: [
        { key: 'gpu', value: 'yes', effect: 'NoSchedule' },
        { key: 'UpdateInProgress', effect: 'PreferNoSchedule' },
      ],
    },
    [
      'stuck',
      'NoAgent',
      "Node n1 has no agent: none has reported since 2026-11-21T11:00:00Z; see whether the DaemonSet of varve agent tolerates the node's taints (gpu=yes:NoSchedule)",
    ],
  ],
  'a person cordoned it': [
    { ...OLD, unschedulable: true },
    [
      'stuck',
      'CordonedByPerson',
      'Node n1 is cordoned by a person and stays as it is: uncordon it, or let it be updated as it is, and stay cordoned, with kubectl annotate node n1 varve.dev/cordon=Kept',
    ],
  ],
  'it is not Ready': [
    { ...OLD, notReadyFor: 3 },
    [
      'waiting',
      'NotReady',
      'Node n1 is not well: Ready is Unknown since 2026-11-21T11:57:00Z; it gets its turn when it is',
    ],
  ],
  'somebody holds it': [
    { ...OLD, annotations: { 'varve.dev/disruption-lease': '{"holder":"kured"}' } },
    [
      'stuck',
      'LeaseHeld',
      'Node n1 is held by "kured" until it removes the annotation (annotation varve.dev/disruption-lease)',
    ],
  ],
  'somebody holds it for a while': [
    {
      ...OLD,
      annotations: {
        'varve.dev/disruption-lease': JSON.stringify({ holder: 'kured', until: minutesAgo(-5) }),
      },
    },
    [
      'waiting',
      'LeaseHeld',
      'Node n1 is held by "kured" until 2026-11-21T12:05:00Z (annotation varve.dev/disruption-lease)',
    ],
  ],
  'its pool is paused': [
    OLD,
    ['stuck', 'PoolPaused', 'MachineConfigPool worker is paused: set spec.paused to false to go on'],
    { paused: true },
  ],
  'its pool is paused before its drain': [
    { ...GOING, annotations: { [DRAIN]: 'drain-b' } },
    ['stuck', 'PoolPaused', 'MachineConfigPool worker is paused: set spec.paused to false to go on', 'held'],
    { paused: true },
  ],
  'its pool is paused in the midst of its drain': [
    { ...GOING, unschedulable: true, annotations: { ...OWN, [DRAIN]: 'drain-b' } },
    ['updating', 'Draining', 'Node n1 is being drained', 'permitted'],
    { paused: true },
  ],
  'another image is built before its drain': [
    { ...GOING, annotations: { [DRAIN]: 'drain-b' } },
    [
      'waiting',
      'BuildPending',
      'MachineConfigPool worker waits for its image: MachineOSBuild c is not finished',
      'held',
    ],
    {},
    { gate: { kind: 'wait', message: 'MachineOSBuild c is not finished' } },
  ],
  'the build failed': [
    OLD,
    [
      'stuck',
      'BuildFailed',
      "MachineConfigPool worker has no image to go to: MachineOSBuild b failed, and the pool's condition ImageBuildDegraded says why",
    ],
    {},
    { gate: { kind: 'failed', message: 'MachineOSBuild b failed' } },
  ],
  'the image is gone': [
    OLD,
    ['stuck', 'ImageGone', 'The registry does not have y.'],
    {},
    { imageProblem: 'The registry does not have y.' },
  ],
  'the image is gone, and the node has it': [
    { ...GOING, annotations: { [DRAIN]: 'drain-b' } },
    ['updating', 'Draining', 'Node n1 is to be drained', 'permitted'],
    {},
    { imageProblem: 'The registry does not have y.' },
  ],
  'its pool says what cannot be read': [
    OLD,
    [
      'stuck',
      'PolicyInvalid',
      'Annotation varve.dev/soak of MachineConfigPool worker must be a duration such as "10m", and is "long"',
    ],
    { annotations: { 'varve.dev/soak': 'long' } },
  ],
};

const WITH_ANOTHER: Readonly<Record<string, Row>> = {
  'another one is out of service': [
    OLD,
    [
      'waiting',
      'MaxUnavailable',
      'Node n1 waits for its turn: 1 node may be out of service (spec.maxUnavailable), and n0 (not Ready) is',
      'none',
    ],
  ],
  'another one went down before its drain': [
    { ...GOING, annotations: { [DRAIN]: 'drain-b' } },
    [
      'waiting',
      'MaxUnavailable',
      'Node n1 is not drained yet: 1 node may be out of service (spec.maxUnavailable), and n0 (not Ready) is',
      'held',
    ],
  ],
  'somebody took the lease before its drain': [
    { ...GOING, annotations: { [DRAIN]: 'drain-b', 'varve.dev/disruption-lease': '{"holder":"kured"}' } },
    [
      'stuck',
      'LeaseHeld',
      'Node n1 is held by "kured" until it removes the annotation (annotation varve.dev/disruption-lease)',
      'held',
    ],
    { maxUnavailable: 2 },
  ],
};

for (const [rows, beside] of [
  [ALONE, []],
  [WITH_ANOTHER, [BESIDE]],
] as const) {
  for (const [when, [facts, [progress, reason, message, drain], pool, more]] of Object.entries(rows)) {
    test(`planRollout() says of a node: ${when}`, () => {
      const found: NodePlan = nodePlan(plan([facts, ...beside], pool, more), 'n1');
      assert.deepEqual([found.progress, found.reason, found.message], [progress, reason, message]);
      if (drain !== undefined) assert.equal(found.drain, drain);
    });
  }
}

type PoolRow = readonly [
  nodes: readonly Facts[],
  said: RolloutPlan['pool'],
  pool?: PoolFacts,
  more?: Partial<RolloutSnapshot>,
];

const POOLS: Readonly<Record<string, PoolRow>> = {
  'all is done': [
    [NEW],
    { progress: 'updated', reason: 'Updated', message: 'MachineConfigPool worker: all nodes run b' },
  ],
  'nodes are on their way': [
    [
      { ...GOING, name: 'n1' },
      { ...OLD, name: 'n2' },
      { ...NEW, name: 'n3' },
    ],
    {
      progress: 'updating',
      reason: 'Preparing',
      message:
        'MachineConfigPool worker: 1 of 3 nodes are updated; node n1 is on its way to b: it is pulling and staging its image',
    },
  ],
  'it is paused': [
    [OLD],
    {
      progress: 'paused',
      reason: 'PoolPaused',
      message:
        'MachineConfigPool worker is paused: set spec.paused to false to go on (0 of 1 nodes are updated)',
    },
    { paused: true },
  ],
  'a node failed, and none may': [
    [
      { ...GOING, name: 'n1', toldBefore: 5, state: 'Degraded', reason: 'no space left' },
      { ...OLD, name: 'n2' },
    ],
    {
      progress: 'halted',
      reason: 'FailureBudgetSpent',
      message:
        'MachineConfigPool worker goes no further: 1 node has failed, and 1 may (varve.dev/failure-budget): Node n1 failed at b: no space left',
    },
  ],
  'the last node failed': [
    [
      { ...GOING, name: 'n1', toldBefore: 5, state: 'Degraded', reason: 'no space left' },
      { ...NEW, name: 'n2' },
    ],
    { progress: 'halted', reason: 'Degraded', message: 'Node n1 failed at b: no space left' },
  ],
  'a node that came back is not Ready': [
    [
      { ...NEW, name: 'n1', toldBefore: 50, notReadyFor: 40 },
      { ...OLD, name: 'n2' },
    ],
    {
      progress: 'halted',
      reason: 'FailureBudgetSpent',
      message:
        'MachineConfigPool worker goes no further: 1 node has failed, and 1 may (varve.dev/failure-budget): Node n1 is not Ready, and was seen to get on last at 2026-11-21T11:20:00Z, when it was updated, but not back in service: look at it, at its console if need be',
    },
  ],
  'a person cordoned what has the only place': [
    [
      { ...NEW, name: 'n1', unschedulable: true },
      { ...OLD, name: 'n2' },
    ],
    {
      progress: 'halted',
      reason: 'MaxUnavailable',
      message:
        'MachineConfigPool worker: 1 of 2 nodes are updated; node n2 waits for its turn: 1 node may be out of service (spec.maxUnavailable), and n1 (cordoned by a person) is',
    },
  ],
  'one node has no agent': [
    [
      { name: 'n1', state: '' },
      { ...NEW, name: 'n2' },
    ],
    {
      progress: 'halted',
      reason: 'NoAgent',
      message:
        'MachineConfigPool worker: 1 of 2 nodes are updated; node n1 has no agent: none has reported since 2026-11-21T11:00:00Z; see whether varve agent runs on the node',
    },
  ],
  'the build is not done': [
    [OLD],
    {
      progress: 'waiting',
      reason: 'BuildPending',
      message: 'MachineConfigPool worker waits for its image: MachineOSBuild b is not finished',
    },
    {},
    { gate: { kind: 'wait', message: 'MachineOSBuild b is not finished' } },
  ],
};

for (const [when, [nodes, said, pool, more]] of Object.entries(POOLS)) {
  test(`planRollout() says of a pool: ${when}`, () => assert.deepEqual(plan(nodes, pool, more).pool, said));
}

test('planRollout() counts a node that runs what the pool wants as updated, though it is not well', () => {
  const unwell = plan([
    { config: 'b', image: 'y', name: 'n1', notReadyFor: 1 },
    { config: 'b', image: 'y', name: 'n2' },
  ]);
  assert.match(
    unwell.pool.message,
    /^MachineConfigPool worker: 2 of 2 nodes are updated; node n1 is not well/u,
  );
});

test('planRollout() does not say of a node whose drain has not begun that it is being drained', () => {
  const asking = { 'machineconfiguration.openshift.io/desiredDrain': 'drain-b' };
  const waits = (cordon: Readonly<Record<string, string>>): string => {
    const first: Facts = {
      name: 'n1',
      config: 'a→b',
      image: 'x→y',
      state: 'Working',
      toldBefore: 1,
      annotations: { ...asking, ...cordon },
    };
    return nodePlan(plan([first, { config: 'a', image: 'x', name: 'n2' }]), 'n2').message;
  };
  assert.match(waits({}), /n1 \(to be drained\) is$/u);
  assert.match(waits({ 'varve.dev/cordon': 'Own' }), /n1 \(being drained\) is$/u);
});
