import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nodePatch } from './node-patch.ts';
import { planRollout } from './plan-rollout.ts';
import type { NodeIntent } from './rollout-plan.ts';
import type { RolloutSnapshot } from './snapshot.ts';
import {
  GO,
  granted,
  intentsOf,
  type Facts,
  nodePlan,
  nodeSnapshot,
  NOW,
  PERMIT,
  plan,
  snapshot,
} from './test-rollout.ts';

const OLD = { config: 'a', image: 'x' };
const NEW = { config: 'b', image: 'y' };
const PERMITTED = { id: PERMIT, since: NOW - 60_000 };

test('planRollout() gives a permit first, in a write that names the version of the pool', () => {
  const [intent, ...others] = intentsOf(plan([{ ...OLD, name: 'n1' }]), 'permit');
  assert.deepEqual(others, []);
  assert.deepEqual(intent, {
    kind: 'permit',
    pool: 'worker',
    resourceVersion: '9',
    permits: { n1: { id: 'worker.9', since: NOW } },
    granted: ['n1'],
    reason: 'It is the turn of node n1.',
  });
  assert.deepEqual(intentsOf(plan([{ ...OLD, name: 'n1' }]), 'assign'), []);
});

test('planRollout() tells a node that has a permit, with what it costs, and takes the lease', () => {
  const change = {
    from: { machineConfig: 'a', image: 'x' },
    to: { machineConfig: 'b', image: 'y' },
    note: '{}',
    isLive: true,
  };
  const given = snapshot(
    [{ ...OLD, name: 'n1', annotations: { 'varve.dev/prefetch-image': 'y' } }],
    { permits: { n1: PERMITTED } },
    { changes: [change] },
  );
  const found = planRollout(given);
  assert.deepEqual(intentsOf(found, 'assign'), [
    {
      kind: 'assign',
      node: 'n1',
      target: { machineConfig: 'b', image: 'y' },
      permit: PERMIT,
      note: '{}',
      drain: false,
      reason: 'Node n1 is to run b from y, as varve.dev/disruption says.',
    },
  ]);
  const { node } = given.nodes[0]!;
  const patch = nodePatch(
    node,
    found.intents.filter((intent) => intent.kind !== 'permit'),
    'worker',
    NOW,
  );
  assert.deepEqual(patch, {
    metadata: {
      resourceVersion: '7',
      annotations: {
        'machineconfiguration.openshift.io/desiredConfig': 'b',
        'machineconfiguration.openshift.io/desiredImage': 'y',
        'varve.dev/disruption': '{}',
        'varve.dev/prefetch-image': null,
        'varve.dev/permit': '{"id":"worker.1","told":"2026-11-21T12:00:00.000Z"}',
        'varve.dev/disruption-lease': '{"holder":"varve/worker"}',
      },
    },
    spec: { taints: [{ key: 'UpdateInProgress', effect: 'PreferNoSchedule' }] },
  });
});

test('planRollout() cordons a node that has the image staged when it tells it, and asks for its drain', () => {
  const given = snapshot(
    [
      {
        ...OLD,
        name: 'n1',
        annotations: {
          'varve.dev/staged-image': 'y',
          'machineconfiguration.openshift.io/lastAppliedDrain': 'uncordon-a',
        },
      },
    ],
    { permits: { n1: PERMITTED } },
  );
  const found = planRollout(given);
  assert.deepEqual(
    intentsOf(found, 'assign').map(({ drain }) => drain),
    [true],
  );
  const { metadata, spec } = nodePatch(given.nodes[0]!.node, intentsOf(found, 'assign'), 'worker', NOW);
  assert.deepEqual(metadata.annotations, {
    'machineconfiguration.openshift.io/desiredConfig': 'b',
    'machineconfiguration.openshift.io/desiredImage': 'y',
    'varve.dev/permit': '{"id":"worker.1","told":"2026-11-21T12:00:00.000Z"}',
    'varve.dev/disruption-lease': '{"holder":"varve/worker"}',
    'machineconfiguration.openshift.io/desiredDrain': 'drain-b',
    'machineconfiguration.openshift.io/lastAppliedDrain': null,
    'varve.dev/cordon': 'Own',
  });
  assert.deepEqual(spec, { unschedulable: true });
});

test('planRollout() only tells a node what to run where its agent may have more to do, or its drain has to wait', () => {
  const staged = { 'varve.dev/staged-image': 'y' };
  const tells = (
    facts: Partial<Facts>,
    more: Partial<RolloutSnapshot> = {},
    others: readonly Facts[] = [],
  ): readonly boolean[] => {
    const nodes = [{ ...OLD, name: 'n1', annotations: staged, ...facts }, ...others];
    const found = plan(nodes, { permits: { n1: PERMITTED } }, more);
    return intentsOf(found, 'assign').flatMap(({ node, drain }) => (node === 'n1' ? [drain] : []));
  };
  assert.deepEqual(tells({}), [true]);
  assert.deepEqual(tells({ annotations: {} }), [false], 'nothing is staged');
  assert.deepEqual(tells({ annotations: { 'varve.dev/staged-image': 'z' } }), [false], 'something else is');
  const alone = { ...staged, 'machineconfiguration.openshift.io/controlPlaneTopology': 'SingleReplica' };
  assert.deepEqual(tells({ annotations: alone }), [false], 'nobody drains it');
  const kept = { ...staged, 'varve.dev/cordon': 'Kept' };
  assert.deepEqual(tells({ annotations: kept, unschedulable: true }), [false], 'a person cordoned it');
  const change = {
    from: { machineConfig: 'a', image: 'x' },
    to: { machineConfig: 'b', image: 'y' },
    note: '{}',
    isLive: false,
  };
  assert.deepEqual(tells({}, { changes: [change] }), [false], 'it may need no reboot');
  assert.deepEqual(tells({}, {}, [{ ...OLD, name: 'n2', notReadyFor: 1 }]), [], 'another is down since');
});

test('planRollout() says within minutes that an agent does not answer, whose node it cordoned when it was told', () => {
  const annotations = {
    'varve.dev/staged-image': 'y',
    'varve.dev/cordon': 'Own',
    'machineconfiguration.openshift.io/desiredDrain': 'drain-b',
  };
  const silent: Facts = { name: 'n1', config: 'a→b', image: 'x→y', annotations, unschedulable: true };
  const reason = (toldBefore: number, state: string): string =>
    nodePlan(plan([{ ...silent, toldBefore, state }]), 'n1').reason;
  assert.equal(reason(4, 'Done'), 'Draining');
  assert.equal(reason(6, 'Done'), 'AgentSilent');
  assert.equal(reason(6, 'Working'), 'Draining');
});

test('planRollout() leaves the taint of a node that is done to whoever uncordons it', () => {
  const taints = [{ key: 'UpdateInProgress', effect: 'PreferNoSchedule' }];
  const untainted = (cordon: Readonly<Record<string, string>>): number =>
    intentsOf(plan([{ ...NEW, name: 'n1', toldBefore: 1, taints, annotations: cordon }]), 'untaint').length;
  assert.equal(untainted({ 'varve.dev/cordon': 'Own' }), 0);
  assert.equal(untainted({}), 1);
});

test('planRollout() tells a node that runs the image already without a permit: it costs nothing', () => {
  const found = plan([
    { config: 'a', image: 'y', name: 'n1' },
    { ...NEW, name: 'n2', notReadyFor: 1 },
  ]);
  assert.deepEqual(granted(found), []);
  assert.equal(intentsOf(found, 'assign')[0]?.permit, undefined);
  assert.equal(intentsOf(found, 'assign')[0]?.node, 'n1');
});

test('planRollout() turns a node round that is on its way to what nobody wants any more, under the same permit', () => {
  const draining = { 'machineconfiguration.openshift.io/desiredDrain': 'drain-c', 'varve.dev/cordon': 'Own' };
  const found = plan([
    {
      name: 'n1',
      config: 'a→c',
      image: 'x→z',
      state: 'Working',
      toldBefore: 2,
      unschedulable: true,
      annotations: draining,
    },
  ]);
  assert.deepEqual(granted(found), []);
  assert.deepEqual(
    intentsOf(found, 'assign').map(({ node, permit }) => [node, permit]),
    [['n1', PERMIT]],
  );
});

test('planRollout() lets a node that reboots come back before it is told anything else', () => {
  const rebooting = { 'machineconfiguration.openshift.io/post-config-action': 'Rebooting' };
  const found = plan([
    { name: 'n1', config: 'a→c', image: 'x→z', state: 'Working', toldBefore: 2, annotations: rebooting },
  ]);
  assert.deepEqual(intentsOf(found, 'assign'), []);
  assert.equal(nodePlan(found, 'n1').reason, 'Rebooting');
});

test('planRollout() ends a permit when its node serves again, and takes back lease and taint', () => {
  const taints = [
    { key: 'UpdateInProgress', effect: 'PreferNoSchedule' },
    { key: 'gpu', effect: 'NoSchedule' },
  ];
  const given = snapshot([
    {
      ...NEW,
      name: 'n1',
      toldBefore: 5,
      taints,
      annotations: { 'varve.dev/disruption-lease': '{"holder":"varve/worker"}' },
    },
    { ...OLD, name: 'n2' },
  ]);
  const found = planRollout(given);
  const [permit] = intentsOf(found, 'permit');
  // One write ends one turn and begins the next.
  assert.deepEqual(Object.keys(permit?.permits ?? {}), ['n2']);
  const { node } = given.nodes[0]!;
  const patch = nodePatch(
    node,
    found.intents.filter((intent): intent is NodeIntent => intent.kind !== 'permit' && intent.node === 'n1'),
    'worker',
    NOW,
  );
  assert.deepEqual(patch.metadata.annotations, { 'varve.dev/disruption-lease': null });
  assert.deepEqual(patch.spec, { taints: [{ key: 'gpu', effect: 'NoSchedule' }] });
});

test('planRollout() keeps the permit of a node that is done and does not serve yet', () => {
  const back = { ...NEW, name: 'n1', toldBefore: 5 };
  const cordoned = { unschedulable: true, annotations: { 'varve.dev/cordon': 'Own' } };
  for (const facts of [
    { ...back, notReadyFor: 1 },
    { ...back, ...cordoned },
  ]) {
    const found = plan([facts, { ...OLD, name: 'n2' }]);
    assert.deepEqual(granted(found), []);
    assert.equal(intentsOf(found, 'permit')[0]?.permits['n1']?.id, PERMIT);
  }
});

test('planRollout() does not take a node that has not heard of its permit for one that is done', () => {
  const found = plan(
    [
      { ...NEW, name: 'n1' },
      { ...OLD, name: 'n2' },
    ],
    { permits: { n1: PERMITTED } },
  );
  assert.deepEqual(granted(found), []);
  assert.equal(intentsOf(found, 'permit')[0]?.permits['n1']?.id, PERMIT);
  assert.equal(intentsOf(found, 'assign')[0]?.node, 'n1');
});

test('planRollout() keeps the permit of a node that no cache knows yet for two minutes', () => {
  const unknown = { permits: { n9: PERMITTED } };
  const found = plan([{ ...OLD, name: 'n1' }], unknown, { now: NOW });
  assert.equal(found.wakeAt, PERMITTED.since + 120_000);
  assert.deepEqual(granted(found), ['n1']);
  const later = plan([{ ...NEW, name: 'n1' }], unknown, { now: NOW + 120_000 });
  assert.deepEqual(intentsOf(later, 'permit')[0]?.permits, {});
});

test('planRollout() watches a node for as long as the pool says before the next one goes', () => {
  const soak = { annotations: { 'varve.dev/soak': '10m' } };
  const nodes = [
    { ...NEW, name: 'n1', toldBefore: 20 },
    { ...OLD, name: 'n2' },
  ];
  const first = plan(nodes, soak);
  assert.deepEqual(intentsOf(first, 'permit')[0]?.permits['n1']?.done, NOW);
  assert.deepEqual(granted(first), []);
  const watched = { ...soak, permits: { n1: { ...PERMITTED, done: NOW - 60_000 } } };
  const second = plan(nodes, watched);
  assert.deepEqual(
    second.intents.filter(({ kind }) => kind === 'permit'),
    [],
  );
  assert.equal(second.wakeAt, NOW + 9 * 60_000);
  assert.equal(
    nodePlan(second, 'n1').message,
    'Node n1 runs b, and is watched until 2026-11-21T12:09:00Z before another follows (varve.dev/soak)',
  );
  const third = plan(nodes, { ...soak, permits: { n1: { ...PERMITTED, done: NOW - 600_000 } } });
  assert.deepEqual(Object.keys(intentsOf(third, 'permit')[0]?.permits ?? {}), ['n2']);
  const unwell = plan(
    [
      { ...NEW, name: 'n1', toldBefore: 20, notReadyFor: 1 },
      { ...OLD, name: 'n2' },
    ],
    watched,
  );
  assert.equal(intentsOf(unwell, 'permit')[0]?.permits['n1']?.done, undefined, 'the time begins anew');
});

test('planRollout() has nodes pull the image before their turn, and no more at once than may', () => {
  const old = (name: string): Facts => ({ ...OLD, name });
  const olds = ['n1', 'n2', 'n3', 'n4', 'n5'].map(old);
  const names = (annotations?: Record<string, string>): readonly string[] =>
    intentsOf(
      plan(olds, { maxUnavailable: 2, ...(annotations === undefined ? {} : { annotations }) }),
      'prefetch',
    ).map(({ node }) => node);
  assert.deepEqual(names(), ['n3', 'n4', 'n5']);
  assert.deepEqual(
    intentsOf(plan(olds), 'prefetch').map(({ node }) => node),
    ['n2', 'n3', 'n4', 'n5'],
  );
  assert.deepEqual(names({ 'varve.dev/max-pulls': '3' }), ['n3']);
  assert.deepEqual(intentsOf(plan(olds, { paused: true }), 'prefetch'), []);
  const stale = plan([
    { ...OLD, name: 'n1', annotations: { 'varve.dev/prefetch-image': 'z' } },
    { ...OLD, name: 'n0' },
    { ...OLD, name: 'n2' },
    { ...NEW, name: 'n3', annotations: { 'varve.dev/prefetch-image': 'y' } },
  ]);
  assert.deepEqual(
    intentsOf(stale, 'prefetch').map(({ node, image }) => [node, image]),
    [
      ['n1', 'y'],
      ['n2', 'y'],
      ['n3', undefined],
    ],
  );
});

test('planRollout() does not have a node pull what it would go back to: a rollback downloads nothing', () => {
  const back = { 'varve.dev/rollback-image': 'y' };
  const found = plan([
    { ...OLD, name: 'n1' },
    { ...OLD, name: 'n2', annotations: back },
  ]);
  assert.deepEqual(intentsOf(found, 'prefetch'), []);
});

test('planRollout() taints nodes that wait with what they are told next, as long as none runs what the pool wants', () => {
  const has = { 'varve.dev/prefetched-image': 'y' };
  const nodes: readonly Facts[] = [
    { ...OLD, name: 'n1' },
    { ...OLD, name: 'n2' },
    { ...OLD, name: 'n3', annotations: has },
  ];
  const tainted = (more: readonly Facts[]): readonly string[] =>
    intentsOf(plan([...nodes, ...more]), 'taint').map(({ node }) => node);
  assert.deepEqual(tainted([]), ['n2'], 'it is asked to pull the image');
  assert.deepEqual(tainted([{ ...NEW, name: 'n4' }]), ['n1', 'n2', 'n3']);
});

test('planRollout() taints every node that is behind, until it is done', () => {
  const taints = [{ key: 'UpdateInProgress', effect: 'PreferNoSchedule' }];
  const found = plan([
    { ...OLD, name: 'n1' },
    { ...OLD, name: 'n2', taints },
    { name: 'n3', config: 'a→b', image: 'x→y', state: 'Working', toldBefore: 1, taints },
    { ...NEW, name: 'n4', taints },
    { ...NEW, name: 'n5' },
  ]);
  assert.deepEqual(
    intentsOf(found, 'taint').map(({ node }) => node),
    ['n1'],
  );
  assert.deepEqual(
    intentsOf(found, 'untaint').map(({ node }) => node),
    ['n4'],
  );
});

test('planRollout() gives a node the labels of the custom pool that it first booted with', () => {
  const nodeSelector = {
    matchLabels: { tier: 'one' },
    matchExpressions: [
      { key: 'role', operator: 'In' as const, values: ['infra'] },
      { key: 'tier', operator: 'In' as const, values: ['two'] },
      { key: 'gpu', operator: 'Exists' as const },
      { key: 'zone', operator: 'In' as const, values: ['a', 'b'] },
      { key: 'old', operator: 'DoesNotExist' as const },
    ],
  };
  const firstPool = { metadata: { name: 'infra' }, spec: { nodeSelector } };
  const nodes = [{ ...OLD, name: 'n1', firstPool }];
  const given = snapshot(nodes);
  const [intent] = intentsOf(planRollout(given), 'label');
  assert.deepEqual(intent?.labels, { tier: 'one', role: 'infra', gpu: '' });
  const patch = nodePatch(nodeSnapshot(nodes[0]!).node, [intent], 'worker', NOW);
  assert.equal(
    patch.metadata.annotations?.['machineconfiguration.openshift.io/customPoolLabelsApplied'],
    'true',
  );
  // A patch that failed is intended again, and one that was written is not.
  assert.deepEqual(planRollout(given), planRollout(given));
  const after = plan([
    {
      ...OLD,
      name: 'n1',
      firstPool,
      annotations: { 'machineconfiguration.openshift.io/customPoolLabelsApplied': 'true' },
    },
  ]);
  assert.deepEqual([intentsOf(after, 'label'), granted(after)], [[], ['n1']]);
});

test('planRollout() repeats what the pool says of its nodes, and takes it away again', () => {
  const found = plan([{ ...NEW, name: 'n1', annotations: { 'varve.dev/reboot': 'Soft' } }], {
    annotations: { 'varve.dev/drift-policy': 'Report' },
  });
  assert.deepEqual(intentsOf(found, 'settings')[0]?.annotations, {
    'varve.dev/drift-policy': 'Report',
    'varve.dev/reboot': null,
  });
});

test('planRollout() leaves alone what a pool without image mode never touched', () => {
  const found = plan([{ config: 'a', name: 'n1' }], { config: 'b' }, { gate: { kind: 'not-layered' } });
  assert.deepEqual(found.intents, []);
  assert.deepEqual(found.pool, {
    progress: 'updated',
    reason: 'NotInImageMode',
    message: 'MachineConfigPool worker is not in image mode: its nodes are left alone',
  });
});

test('planRollout() takes a node out of image mode, in one turn', () => {
  const told = plan(
    [{ ...OLD, name: 'n1' }],
    { permits: { n1: PERMITTED } },
    { gate: { kind: 'not-layered' } },
  );
  assert.deepEqual(intentsOf(told, 'assign')[0]?.target, { machineConfig: 'b' });
});

test('planRollout() is a function of the snapshot', () => {
  const given = snapshot(
    [
      { ...OLD, name: 'n1' },
      { ...NEW, name: 'n2' },
    ],
    {},
    { gate: GO },
  );
  assert.deepEqual(planRollout(given), planRollout(structuredClone(given)));
});
