// What is so of a cluster of the model once nothing happens any more, whatever has happened to it.
import assert from 'node:assert/strict';
import type { NodePlan, RolloutPlan } from './rollout-plan.ts';
import { there } from './test-api.ts';
import type { Cluster } from './test-cluster.ts';
import { settle } from './test-rounds.ts';
import { type Event, happen, makeCluster, type Setup } from './test-schedule.ts';

/** Lets a schedule happen to a cluster, and what follows from it; fails where any invariant is broken. */
export function checkSchedule(setup: Setup, events: readonly Event[]): void {
  const cluster = makeCluster(setup);
  for (const event of events) happen(cluster, setup, event);
  assert.ok(settle(cluster, 300), 'never comes to rest');
  for (const pool of cluster.pools.objects.keys()) checkRest(cluster, pool, there(cluster.pass(0, pool)));
  for (const node of cluster.nodes.objects.values()) {
    if (cluster.poolOf(node) !== undefined) continue;
    const machine = there(cluster.machines.get(node.metadata.name));
    if (machine.isUp && machine.hasAgent) assert.deepEqual(cluster.traces(node), []);
  }
}

/** Nothing moves any more: what the pool and its nodes say of that is so. */
function checkRest(cluster: Cluster, pool: string, plan: RolloutPlan): void {
  assert.deepEqual(plan.intents, []);
  assert.notEqual(plan.pool.progress, 'updating', plan.pool.message);
  if (plan.pool.progress === 'updated') {
    for (const { name, reason } of plan.nodes) {
      if (reason === 'NotInImageMode') continue;
      checkUpdated(cluster, pool, name);
    }
    return;
  }
  const truths = plan.nodes.filter((node) => isTrue(cluster, node));
  assert.ok(
    truths.length > 0 || isPoolsOwn(cluster, pool, plan),
    `${plan.pool.reason}: ${plan.pool.message}`,
  );
}

function checkUpdated(cluster: Cluster, pool: string, name: string): void {
  const machine = there(cluster.machines.get(name));
  const node = there(cluster.nodes.objects.get(name));
  const gate = cluster.goals.objects.get(pool)?.gate ?? { kind: 'not-layered' };
  if (gate.kind === 'go') assert.equal(machine.image, gate.image);
  assert.deepEqual(cluster.traces(node), []);
  assert.equal(node.spec?.unschedulable === true, machine.isCordonedByPerson, `the cordon of ${name}`);
}

/** Whether what is said of a node that is behind is the cause, and is so. */
function isTrue(cluster: Cluster, { name, progress, reason }: NodePlan): boolean {
  const machine = there(cluster.machines.get(name));
  const node = there(cluster.nodes.objects.get(name));
  if (progress === 'updated') return false;
  assert.notEqual(progress, 'updating', `${name} moves, and nothing does`);
  switch (reason) {
    case 'CordonedByPerson':
      assert.ok(machine.isCordonedByPerson, name);
      return true;
    case 'NotReady':
      assert.ok(!machine.isUp || machine.isRebooting || machine.image.endsWith('unwell'), name);
      return true;
    case 'NoAgent':
      assert.ok(machine.agentTime === 0, name);
      return true;
    case 'AgentSilent':
      assert.ok(!machine.hasAgent || !machine.isUp, name);
      return true;
    case 'Degraded':
      assert.equal(node.metadata.annotations?.['machineconfiguration.openshift.io/state'], 'Degraded');
      return true;
    case 'Stuck':
      assert.ok(!machine.hasAgent || !machine.isUp || machine.image.endsWith('unwell'), name);
      return true;
    case 'Draining':
      assert.ok(machine.isBlocked && machine.pods > 0, name);
      return true;
    case 'LeaseHeld':
      return true;
    default:
      return false;
  }
}

/** Whether the pool, or the other one of the control plane, is what keeps its nodes. */
function isPoolsOwn(cluster: Cluster, pool: string, { pool: { reason } }: RolloutPlan): boolean {
  const goal = cluster.goals.objects.get(pool);
  switch (reason) {
    case 'PoolPaused':
      return cluster.pools.objects.get(pool)?.spec.paused === true;
    case 'BuildPending':
      return goal?.gate.kind === 'wait';
    case 'BuildFailed':
      return goal?.gate.kind === 'failed';
    case 'ImageGone':
      return goal?.imageProblem !== undefined;
    case 'OtherPoolFirst':
    case 'Quorum':
      return true;
    case 'MaxUnavailable': {
      const nodes = [...cluster.nodes.objects.values()].filter((node) => cluster.poolOf(node) === pool);
      const out = nodes.filter(({ metadata }) => {
        const { isCordonedByPerson, isUp } = there(cluster.machines.get(metadata.name));
        return isCordonedByPerson || !isUp;
      });
      return out.length > 0;
    }
    default:
      return false;
  }
}
