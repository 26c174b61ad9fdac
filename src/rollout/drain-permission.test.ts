import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Permits } from './permits.ts';
import { type Facts, GO, nodePlan, nodeSnapshot, NOW, plan } from './test-rollout.ts';

const DRAIN = { 'machineconfiguration.openshift.io/desiredDrain': 'drain-b' };
const REBOOTING = { 'machineconfiguration.openshift.io/post-config-action': 'Rebooting' };

function asking(name: string): Facts {
  return { name, config: 'a→b', image: 'x→y', state: 'Working', toldBefore: 1, annotations: DRAIN };
}

test('planRollout() permits no more drains than nodes may be out of service, however many have a turn', () => {
  const nodes = [asking('n1'), asking('n2'), asking('n3')];
  const drains = (maxUnavailable: number): readonly string[] =>
    plan(nodes, { maxUnavailable }).nodes.map(({ drain }) => drain);
  assert.deepEqual(drains(1), ['permitted', 'held', 'held']);
  assert.deepEqual(drains(2), ['permitted', 'permitted', 'held']);
});

test('planRollout() says of a node that is told what to run and waits for its turn that its drain is held', () => {
  const elsewhere: Facts = { name: 'n2', config: 'a→c', image: 'x→z', state: 'Working', annotations: DRAIN };
  const found = nodePlan(plan([asking('n1'), elsewhere]), 'n2');
  assert.deepEqual([found.drain, found.reason], ['held', 'MaxUnavailable']);
});

test('planRollout() holds the drain of a node of the control plane while its quorum needs the node', () => {
  const controlPlane = [
    { node: 'n1', isHealthy: true },
    { node: 'm2', isHealthy: true },
    { node: 'm3', isHealthy: false, problem: 'etcd is not ready' },
  ];
  const found = nodePlan(plan([asking('n1')], { name: 'master' }, { controlPlane }), 'n1');
  assert.deepEqual([found.drain, found.reason, found.progress], ['held', 'Quorum', 'waiting']);
  assert.equal(
    found.message,
    'Node n1 has to stay: 2 other nodes of the control plane must be well to keep its quorum and 1 are; node m3 is not counted on: etcd is not ready',
  );
});

test('planRollout() holds the drain of a node of the control plane while one of the other pool is being updated', () => {
  const controlPlane = ['n1', 'm2', 'm3', 'a1', 'a2', 'a3'].map((name) => ({ node: name, isHealthy: true }));
  const verdict = (cordon: string, permits: Permits): readonly unknown[] => {
    const arbiter: Facts = {
      name: 'a1',
      config: 'a→b',
      image: 'x→y',
      state: 'Working',
      unschedulable: cordon !== '',
      annotations: cordon === '' ? {} : { 'varve.dev/cordon': cordon },
    };
    const peer = { name: 'arbiter', isPaused: false, gate: GO, nodes: [nodeSnapshot(arbiter).node] };
    const found = plan([asking('n1')], { name: 'master', permits }, { controlPlane, peer });
    const { drain, message } = nodePlan(found, 'n1');
    return drain === 'permitted' ? [drain] : [drain, message];
  };
  const held = ['held', 'Node n1 waits for node a1: nodes of the control plane are updated one at a time'];
  const before = { a1: { id: 'master.1', since: NOW - 120_000 } };
  const after = { a1: { id: 'master.1', since: NOW } };
  assert.deepEqual(verdict('Own', {}), held, 'its drain has begun');
  assert.deepEqual(verdict('', before), held, 'it had its turn before');
  assert.deepEqual(verdict('', after), ['permitted'], 'its turn comes after');
  // Whoever is out of service already goes first, and does not wait for who waits for it.
  assert.deepEqual(verdict('Kept', after), held, 'it is out of service');
  assert.deepEqual(verdict('Kept', {}), ['permitted'], 'it has no turn');
});

test('planRollout() does not hold a drain for the failure of its own node, and does for those of others', () => {
  const failed: Facts = { ...asking('n0'), toldBefore: 5, state: 'Degraded', annotations: {} };
  const others = plan([failed, asking('n1')], {
    maxUnavailable: 2,
    annotations: { 'varve.dev/failure-budget': '1' },
  });
  assert.deepEqual(
    [nodePlan(others, 'n1').drain, nodePlan(others, 'n1').reason],
    ['held', 'FailureBudgetSpent'],
  );
  const own = plan([{ ...asking('n1'), toldBefore: 5, state: 'Degraded' }]);
  assert.equal(nodePlan(own, 'n1').drain, 'permitted');
});

test('planRollout() never holds what has begun', () => {
  const rebooting = plan([{ ...asking('n1'), annotations: REBOOTING }], { paused: true });
  assert.equal(nodePlan(rebooting, 'n1').drain, 'permitted');
});

test('planRollout() permits no drain of a node without a turn', () => {
  const { toldBefore: _, ...facts } = asking('n1');
  assert.equal(nodePlan(plan([facts]), 'n1').drain, 'held');
  assert.equal(nodePlan(plan([{ ...facts, image: 'y' }]), 'n1').drain, 'held');
});
