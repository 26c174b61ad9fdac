import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import {
  CORDON_ANNOTATION,
  CURRENT_IMAGE_ANNOTATION,
  DESIRED_DRAIN_ANNOTATION,
  DRAIN_POLICY_ANNOTATION,
  DRAIN_STARTED_ANNOTATION,
  DRAIN_TIMEOUT_ANNOTATION,
  findCondition,
  LAST_APPLIED_DRAIN_ANNOTATION,
  STAGED_IMAGE_ANNOTATION,
} from '../../src/api/index.ts';
import {
  DAEMON_SETS,
  DISRUPTION_BUDGETS,
  MACHINE_CONFIG_NODES,
  NODES,
  POOLS,
  type DisruptionBudget,
} from '../../src/controllers/resources.ts';
import { EVENTS } from '../../src/kube/index.ts';
import type { LabPool } from '../lab/cluster/lab-pool.ts';
import { RolloutLab } from '../lab/cluster/rollout-lab.ts';

interface Scene {
  readonly lab: RolloutLab;
  readonly pool: LabPool;
  /** Rolls the pool to a configuration, and does not wait. */
  readonly update: (text: string) => Promise<void>;
  readonly isAt: (...nodes: readonly string[]) => Promise<boolean>;
  /** `reason: message` of the condition Drained of a node. */
  readonly drained: (node: string) => Promise<string>;
  readonly events: (reason: string) => Promise<readonly string[]>;
}

/** A pool of two nodes that run its first configuration. */
async function scene(t: TestContext, annotations: Readonly<Record<string, string>> = {}): Promise<Scene> {
  const lab = await RolloutLab.open(t, { embeddedBecause: 'pods are ended by nobody else' });
  const pool = lab.pool('p');
  await pool.create('first');
  await pool.patch(POOLS, '', { metadata: { annotations } });
  await lab.add(pool, 'n1', 'n2');
  lab.controllers();
  const isAt = async (...nodes: readonly string[]): Promise<boolean> => {
    const { pool: found, osConfig } = await pool.state();
    const config = found.spec.configuration?.name ?? '';
    if (config === '' || config === before) return false;
    return lab.areAt(nodes, config, osConfig?.status?.currentImagePullSpec);
  };
  let before = '';
  await lab.until('the nodes run the first image', () => isAt('n1', 'n2'));
  return {
    lab,
    pool,
    isAt,
    update: async (text) => {
      before = (await pool.state()).pool.spec.configuration?.name ?? '';
      await pool.configure(text);
    },
    drained: async (node) => {
      const { status } = await lab.cluster.get(MACHINE_CONFIG_NODES, `${lab.cluster.name}-${node}`);
      const { reason = '', message = '', status: is } = findCondition(status?.conditions, 'Drained') ?? {};
      return `${is ?? ''} ${reason}: ${message}`;
    },
    events: async (reason) => {
      const { items } = await lab.cluster.kube.list(EVENTS, { namespace: 'default' });
      return items.filter((event) => event.reason === reason).map(({ message }) => message ?? '');
    },
  };
}

/** A budget for pods `app=NAME`, with the status that its controller would give it. */
async function budget(lab: RolloutLab, name: string, spec: DisruptionBudget['spec'] & object): Promise<void> {
  const selector = { matchLabels: { app: name } };
  await lab.cluster.kube.create(DISRUPTION_BUDGETS, {
    metadata: { name, namespace: lab.cluster.namespace },
    spec: { selector, ...spec },
  });
}

test('a budget that holds a pod is named within seconds, and the drain goes on as soon as it lets go', async (t) => {
  const { lab, pool, update, isAt, drained, events } = await scene(t);
  const { namespace } = lab.cluster;
  await budget(lab, 'web', { minAvailable: 2 });
  for (const name of ['web-0', 'web-1']) await lab.runPod('n1', name, { app: 'web' });
  await lab.runPod('n2', 'web-2', { app: 'web' });
  await lab.runPod('n1', 'alone');
  await lab.until('one may go', async () => {
    const found = await lab.cluster.get(DISRUPTION_BUDGETS, 'web');
    return found.status?.disruptionsAllowed === 1;
  });
  await update('second');
  const named = new RegExp(
    `Pod ${namespace}/web-\\d is held by PodDisruptionBudget ${namespace}/web, which allows 0 disruptions now: it needs 2 healthy pods and has 2\\.`,
    'u',
  );
  await lab.until('the drain says what holds it', async () => {
    const said = await drained('n1');
    return said.startsWith('Unknown DrainBlocked:') && named.test(said);
  });
  await lab.until('an event says so', async () => (await events('DrainBlocked')).length > 0);
  await lab.until('the pod without budget is gone', async () => !(await lab.hasPod('alone')));
  assert.equal((await lab.node('n1')).spec?.unschedulable, true);
  assert.ok((await lab.annotation('n1', DRAIN_STARTED_ANNOTATION)) !== undefined);
  await lab.until('the pool says what it waits for', async () => {
    const nodes = (await pool.state()).pool.status?.conditions ?? [];
    return nodes.length > 0;
  });
  await lab.cluster.patch(DISRUPTION_BUDGETS, 'web', { spec: { minAvailable: 0 } });
  await lab.until('all nodes are updated', () => isAt('n1', 'n2'));
  assert.equal(await lab.annotation('n1', DRAIN_STARTED_ANNOTATION), undefined);
  assert.equal(await lab.annotation('n1', CORDON_ANNOTATION), undefined);
  assert.deepEqual(lab.violations, []);
});

test('a budget that can never allow an eviction is found before the node is cordoned or any pod is evicted', async (t) => {
  const { lab, update, isAt, drained, events } = await scene(t);
  await budget(lab, 'db', { minAvailable: 1 });
  await lab.runPod('n1', 'db-0', { app: 'db' });
  await lab.runPod('n1', 'innocent');
  await update('second');
  await lab.until('the drain says why it does not begin', async () =>
    (await drained('n1')).startsWith('Unknown DrainImpossible:'),
  );
  assert.match(
    await drained('n1'),
    /Pod .*\/db-0 can never be evicted: PodDisruptionBudget .*\/db needs 1 healthy pods of the 1 that are wanted; lower minAvailable, or run more of them\./u,
  );
  await lab.until('an event says so', async () => (await events('DrainImpossible')).length > 0);
  assert.equal((await lab.node('n1')).spec?.unschedulable ?? false, false);
  assert.ok(await lab.hasPod('innocent'));
  await lab.cluster.patch(DISRUPTION_BUDGETS, 'db', { spec: { minAvailable: 0 } });
  await lab.until('all nodes are updated', () => isAt('n1', 'n2'));
});

test('a node that is staged ahead is cordoned as it is told what to run, and loses no pod to an agent that is not there', async (t) => {
  const { lab, update, isAt } = await scene(t);
  await budget(lab, 'web', { minAvailable: 2 });
  for (const name of ['web-0', 'web-1']) await lab.runPod('n1', name, { app: 'web' });
  await lab.runPod('n2', 'web-2', { app: 'web' });
  await lab.until('one may go', async () => {
    const found = await lab.cluster.get(DISRUPTION_BUDGETS, 'web');
    return found.status?.disruptionsAllowed === 1;
  });
  await update('second');
  await lab.until('the other one has the image staged', async () => {
    const [staged, current] = await Promise.all([
      lab.annotation('n2', STAGED_IMAGE_ANNOTATION),
      lab.annotation('n2', CURRENT_IMAGE_ANNOTATION),
    ]);
    return staged !== undefined && staged !== current;
  });
  const agent = lab.nodes.get('n2')?.agent;
  await agent?.kill();
  await lab.cluster.patch(DISRUPTION_BUDGETS, 'web', { spec: { minAvailable: 0 } });
  await lab.until('it has its turn', async () => (await lab.node('n2')).spec?.unschedulable === true);
  assert.match((await lab.annotation('n2', DESIRED_DRAIN_ANNOTATION)) ?? '', /^drain-/u);
  assert.equal(await lab.annotation('n2', CORDON_ANNOTATION), 'Own');
  await pause(1500);
  assert.ok(await lab.hasPod('web-2'));
  agent?.start();
  await lab.until('all nodes are updated', () => isAt('n1', 'n2'));
  assert.equal(await lab.hasPod('web-2'), false);
  assert.equal(await lab.annotation('n2', STAGED_IMAGE_ANNOTATION), undefined);
  assert.deepEqual(lab.violations, []);
});

test('pods are treated as kubectl drain treats them', async (t) => {
  const { lab, update, isAt } = await scene(t);
  const { namespace, kube } = lab.cluster;
  const { metadata } = await kube.create(DAEMON_SETS, {
    metadata: { name: 'logs', namespace },
    spec: {
      selector: { matchLabels: { app: 'logs' } },
      template: {
        metadata: { labels: { app: 'logs' } },
        spec: { containers: [{ name: 'c', image: 'registry.example.com/logs:1' }] },
      },
    },
  } as never);
  const owner = { apiVersion: 'apps/v1', kind: 'DaemonSet', name: 'logs', controller: true };
  await lab.runPod('n1', 'logs-a', {}, { ownerReferences: [{ ...owner, uid: metadata.uid }] });
  await lab.runPod('n1', 'orphan', {}, { ownerReferences: [{ ...owner, name: 'gone', uid: 'gone' }] });
  await lab.runPod('n1', 'mirror', {}, { annotations: { 'kubernetes.io/config.mirror': 'x' } });
  await lab.runPod('n1', 'unmanaged');
  await update('second');
  await lab.until('all nodes are updated', () => isAt('n1', 'n2'));
  const there = async (name: string): Promise<string> => `${name} ${String(await lab.hasPod(name))}`;
  assert.deepEqual(await Promise.all(['logs-a', 'mirror', 'unmanaged'].map(there)), [
    'logs-a true',
    'mirror true',
    'unmanaged false',
  ]);
});

test("a person's cordon is respected: the node waits, is updated as it is when they say so, and stays cordoned", async (t) => {
  const { lab, pool, update, isAt } = await scene(t);
  await pool.patch(POOLS, '', { spec: { maxUnavailable: 2 } });
  await lab.cordon('n1');
  await update('second');
  await lab.until('n2 is updated', () => isAt('n2'));
  await lab.until('the pool says what n1 waits for', async () => {
    const { pool: found } = await pool.state();
    return findCondition(found.status?.conditions, 'RolloutHalted')?.reason === 'CordonedByPerson';
  });
  await lab.cluster.patch(NODES, `${lab.cluster.name}-n1`, {
    metadata: { annotations: { [CORDON_ANNOTATION]: 'Kept' } },
  });
  await lab.until('n1 is updated', () => isAt('n1', 'n2'));
  assert.equal((await lab.node('n1')).spec?.unschedulable, true);
  assert.deepEqual(lab.lifted, []);
  assert.deepEqual(lab.violations, []);
});

test('a node that somebody uncordons in the midst of a drain is cordoned again, and its time begins anew', async (t) => {
  const { lab, update, isAt } = await scene(t);
  await budget(lab, 'web', { minAvailable: 1 });
  await lab.runPod('n1', 'web-0', { app: 'web' });
  await lab.runPod('n2', 'web-1', { app: 'web' });
  lab.hold('web-0');
  await update('second');
  const isCordoned = async (): Promise<boolean> => (await lab.node('n1')).spec?.unschedulable === true;
  await lab.until('it is cordoned', isCordoned);
  await lab.cluster.patch(NODES, `${lab.cluster.name}-n1`, {
    metadata: { annotations: { [DRAIN_STARTED_ANNOTATION]: '2026-01-01T00:00:00Z' } },
    spec: { unschedulable: null },
  });
  await lab.until('it is cordoned again', isCordoned);
  assert.ok(((await lab.annotation('n1', DRAIN_STARTED_ANNOTATION)) ?? '') > '2026-01-02');
  lab.hold();
  await lab.cluster.patch(DISRUPTION_BUDGETS, 'web', { spec: { minAvailable: 0 } });
  await lab.until('both are updated', () => isAt('n1', 'n2'));
  assert.deepEqual(lab.violations, []);
});

test('a drain that takes too long is told loudly; forced, it deletes what budgets hold', async (t) => {
  const { lab, pool, update, isAt, drained, events } = await scene(t, { [DRAIN_TIMEOUT_ANNOTATION]: '1s' });
  await budget(lab, 'web', { minAvailable: 1 });
  await lab.runPod('n1', 'web-0', { app: 'web' });
  await lab.runPod('n2', 'web-1', { app: 'web' });
  await lab.runPod('n1', 'other', { app: 'other' });
  await lab.until('one may go', async () => {
    const found = await lab.cluster.get(DISRUPTION_BUDGETS, 'web');
    return found.status?.disruptionsAllowed === 1;
  });
  await budget(lab, 'other', { minAvailable: '50%' });
  await lab.until('none may go', async () => {
    const found = await lab.cluster.get(DISRUPTION_BUDGETS, 'other');
    return found.status?.disruptionsAllowed === 0;
  });
  lab.hold('other');
  await update('second');
  await lab.until('it is told', async () => (await drained('n1')).startsWith('Unknown DrainTimedOut:'));
  await lab.until('events say so', async () => (await events('DrainFailed')).length > 0);
  assert.ok((await events('DrainThresholdExceeded')).length > 0);
  await pool.patch(POOLS, '', { metadata: { annotations: { [DRAIN_POLICY_ANNOTATION]: 'Force' } } });
  lab.hold();
  await lab.until('both are updated', () => isAt('n1', 'n2'));
  assert.deepEqual(lab.violations, []);
});

test('what was done for a drain is undone when the pool is deleted', async (t) => {
  const { lab, pool, update } = await scene(t);
  await lab.runPod('n1', 'slow');
  lab.hold('slow');
  await update('second');
  await lab.until('it is cordoned', async () => (await lab.node('n1')).spec?.unschedulable === true);
  await lab.cluster.delete(POOLS, pool.name);
  await lab.until('nothing of it is left', async () => {
    const { metadata, spec } = await lab.node('n1');
    const { annotations = {} } = metadata;
    return (
      spec?.unschedulable !== true &&
      (spec?.taints ?? []).length === 0 &&
      annotations[CORDON_ANNOTATION] === undefined &&
      annotations[DRAIN_STARTED_ANNOTATION] === undefined &&
      annotations[LAST_APPLIED_DRAIN_ANNOTATION] === annotations[DESIRED_DRAIN_ANNOTATION] &&
      annotations[DESIRED_DRAIN_ANNOTATION]?.startsWith('uncordon-') === true
    );
  });
});

test('a pod that nobody ends is named', async (t) => {
  const { lab, update, isAt, drained } = await scene(t);
  await lab.runPod('n1', 'stuck');
  lab.hold('stuck');
  await update('second');
  await lab.until('it is named', async () => /stuck is ending/u.test(await drained('n1')));
  lab.hold();
  await lab.until('both are updated', () => isAt('n1', 'n2'));
});
