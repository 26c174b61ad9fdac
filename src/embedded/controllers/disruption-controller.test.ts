import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { objectAt, textAt, type JsonObject } from '../../schema/index.ts';
import { conditionOf, putCondition } from '../kinds/index.ts';
import { TestCluster, gadgets, type TestAnswer } from '../test-cluster.ts';
import { DisruptionController } from './disruption-controller.ts';
import { TestDriver } from './test-driver.ts';

let cluster: TestCluster;
let driver: TestDriver;

interface PodOptions {
  readonly ready?: boolean;
  readonly phase?: string;
  readonly owner?: JsonObject;
  readonly node?: string;
  readonly labels?: JsonObject;
}

async function pod(name: string, options: PodOptions = {}): Promise<JsonObject> {
  const { ready = true, phase = 'Running', owner, node = 'n1', labels = { app: 'a' } } = options;
  const made = await cluster.create({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      namespace: 'default',
      labels,
      ...(owner === undefined ? {} : { ownerReferences: [controlledBy(owner)] }),
    },
    spec: { nodeName: node, containers: [{ name: 'c', image: 'i' }] },
  });
  return cluster.change(
    made,
    (next) => {
      next['status'] = { ...objectAt(next, 'status'), phase };
      putCondition(next, { type: 'Ready', status: ready ? 'True' : 'False' });
    },
    'status',
  );
}

function controlledBy(owner: JsonObject): JsonObject {
  return {
    apiVersion: textAt(owner, 'apiVersion'),
    kind: textAt(owner, 'kind'),
    name: textAt(owner, 'metadata', 'name'),
    uid: textAt(owner, 'metadata', 'uid'),
    controller: true,
  };
}

function workload(kind: string, name: string, replicas: number, owner?: JsonObject): Promise<JsonObject> {
  const labels = { app: 'a' };
  return cluster.create({
    apiVersion: 'apps/v1',
    kind,
    metadata: {
      name,
      namespace: 'default',
      ...(owner === undefined ? {} : { ownerReferences: [controlledBy(owner)] }),
    },
    spec: {
      replicas,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [{ name: 'c', image: 'i' }] } },
      ...(kind === 'StatefulSet' ? { serviceName: 's' } : {}),
    },
  });
}

/** Selects the pods of `app: a`. */
function budget(spec: JsonObject, name = 'b'): Promise<JsonObject> {
  return cluster.create({
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: { name, namespace: 'default' },
    spec: { selector: { matchLabels: { app: 'a' } }, ...spec },
  });
}

/** Allowed, healthy, desired, expected. */
async function counts(object: JsonObject): Promise<unknown[]> {
  await driver.settle();
  const status = objectAt(cluster.get(object), 'status') ?? {};
  return ['disruptionsAllowed', 'currentHealthy', 'desiredHealthy', 'expectedPods'].map(
    (member) => status[member],
  );
}

function evict(name: string, body: JsonObject = {}, query = '', as = 'admin'): Promise<TestAnswer> {
  return cluster.call('POST', `/api/v1/namespaces/default/pods/${name}/eviction${query}`, {
    as,
    body: { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name }, ...body },
  });
}

describe('the disruption controller', () => {
  beforeEach(async () => {
    cluster = await TestCluster.open();
    await cluster.create({
      apiVersion: 'v1',
      kind: 'ServiceAccount',
      metadata: { name: 'default', namespace: 'default' },
    });
    driver = new TestDriver(cluster, (support) => [new DisruptionController(support)]);
  });

  afterEach(() => {
    assert.deepEqual(driver.reports, []);
    driver.stop();
    cluster.close();
  });

  describe('The status of a budget', () => {
    test('minAvailable as a number counts the pods that there are', async () => {
      const made = await budget({ minAvailable: 2 });
      assert.deepEqual(await counts(made), [0, 0, 2, 0]);
      await pod('p1');
      await pod('p2');
      await pod('p3');
      await pod('p4', { ready: false });
      await pod('other', { labels: { app: 'x' } });
      assert.deepEqual(await counts(made), [1, 3, 2, 4]);
      const condition = conditionOf(cluster.get(made)!, 'DisruptionAllowed');
      assert.deepEqual(condition, {
        type: 'DisruptionAllowed',
        status: 'True',
        observedGeneration: 1,
        lastTransitionTime: '2026-01-01T00:00:00Z',
        reason: 'SufficientPods',
        message: '',
      });
    });

    test('a pod counts from when its labels are the selected ones, and until they are not', async () => {
      const made = await budget({ minAvailable: 1 });
      const other = await pod('a', { labels: { app: 'b' } });
      const relabel = (app: string): Promise<JsonObject> =>
        cluster.change(cluster.get(other)!, (next) => {
          next['metadata'] = { ...objectAt(next, 'metadata'), labels: { app } };
        });
      assert.deepEqual(await counts(made), [0, 0, 1, 0]);
      await relabel('a');
      assert.deepEqual(await counts(made), [0, 1, 1, 1]);
      await relabel('b');
      assert.deepEqual(await counts(made), [0, 0, 1, 0]);
    });

    test('a budget counts what it selects since it was changed', async () => {
      const made = await budget({ minAvailable: 1 });
      assert.deepEqual(await counts(made), [0, 0, 1, 0]);
      await cluster.change(cluster.get(made)!, (next) => {
        next['spec'] = { minAvailable: 1, selector: { matchLabels: { app: 'b' } } };
      });
      await driver.settle();
      await pod('a', { labels: { app: 'b' } });
      assert.deepEqual(await counts(made), [0, 1, 1, 1]);
    });

    test('pods that are being deleted are healthy no more', async () => {
      const made = await budget({ minAvailable: 1 });
      await pod('p1');
      await pod('p2');
      await cluster.call('DELETE', '/api/v1/namespaces/default/pods/p1');
      assert.deepEqual(await counts(made), [0, 1, 1, 2]);
    });

    for (const [spec, expected] of [
      [{ maxUnavailable: 1 }, [0, 3, 3, 4]],
      [{ maxUnavailable: '50%' }, [1, 3, 2, 4]],
      [{ maxUnavailable: '30%' }, [1, 3, 2, 4]],
      [{ maxUnavailable: 10 }, [3, 3, 0, 4]],
      [{ minAvailable: '50%' }, [1, 3, 2, 4]],
      [{ minAvailable: '51%' }, [0, 3, 3, 4]],
      [{ minAvailable: '100%' }, [0, 3, 4, 4]],
      [{}, [0, 3, 0, 0]],
    ] as const) {
      test(`${JSON.stringify(spec)} counts what the controllers want`, async () => {
        const set = await workload('ReplicaSet', 'r', 4);
        for (const name of ['p1', 'p2', 'p3']) await pod(name, { owner: set });
        assert.deepEqual(await counts(await budget(spec)), expected);
      });
    }

    test('a Deployment speaks for its ReplicaSets', async () => {
      const deployment = await workload('Deployment', 'd', 3);
      const [old, young] = [
        await workload('ReplicaSet', 'r1', 2, deployment),
        await workload('ReplicaSet', 'r2', 3, deployment),
      ];
      await pod('p1', { owner: old });
      await pod('p2', { owner: young });
      const made = await budget({ maxUnavailable: 1 });
      assert.deepEqual(await counts(made), [0, 2, 2, 3]);
      await cluster.change(deployment, (next) => void (objectAt(next, 'spec')!['replicas'] = 1));
      assert.deepEqual(await counts(made), [2, 2, 0, 1]);
    });

    test('a custom kind that can be scaled is a controller too', async () => {
      cluster.serve(gadgets());
      const gadget = await cluster.create({
        apiVersion: 'lab.example.com/v1',
        kind: 'Gadget',
        metadata: { name: 'g', namespace: 'default' },
        spec: { replicas: 5 },
      });
      await pod('p1', { owner: gadget });
      assert.deepEqual(await counts(await budget({ maxUnavailable: 5 })), [1, 1, 0, 5]);
    });

    test('pods without a controller are not counted where what controllers want counts', async () => {
      const set = await workload('StatefulSet', 's', 2);
      await pod('p1', { owner: set });
      await pod('alone');
      assert.deepEqual(await counts(await budget({ maxUnavailable: 1 })), [1, 2, 1, 2]);
      assert.deepEqual(await counts(await budget({ minAvailable: 1 }, 'c')), [1, 2, 1, 2]);
    });

    test('of a controller that cannot be scaled nothing can be said: nothing is allowed', async () => {
      const set = await cluster.create({
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name: 'c', namespace: 'default' },
      });
      await pod('p1', { owner: set });
      const made = await budget({ maxUnavailable: 1 });
      assert.deepEqual(await counts(made), [0, 0, 0, 0]);
      const condition = conditionOf(cluster.get(made)!, 'DisruptionAllowed');
      assert.equal(textAt(condition, 'reason'), 'SyncFailed');
      assert.equal(textAt(condition, 'message'), 'found no controllers for pod "p1"');
    });

    test('a pod with the name of a member of every object is a pod', async () => {
      const made = await budget({ minAvailable: 0 });
      await pod('constructor');
      assert.deepEqual(await counts(made), [1, 1, 0, 1]);
    });

    test('at rest nothing is written', async () => {
      await budget({ minAvailable: 1 });
      await pod('p1');
      cluster.now += 1000;
      await driver.settle();
      cluster.now += 3_600_000;
      assert.equal(await driver.writesAtRest(), 0);
    });
  });

  describe('Eviction', () => {
    test('spends what the budget allows, and is refused when nothing is left', async () => {
      const made = await budget({ minAvailable: 1 });
      await pod('p1');
      await pod('p2');
      await driver.settle();
      const answer = await evict('p1');
      assert.deepEqual(answer.body, {
        kind: 'Status',
        apiVersion: 'v1',
        metadata: {},
        status: 'Success',
        code: 201,
      });
      const evicted = cluster.get({
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name: 'p1', namespace: 'default' },
      });
      assert.equal(textAt(evicted, 'metadata', 'deletionTimestamp'), '2026-01-01T00:00:30Z');
      assert.equal(textAt(conditionOf(evicted!, 'DisruptionTarget'), 'reason'), 'EvictionByEvictionAPI');
      // At once, and not only when the controller has seen it.
      assert.deepEqual(objectAt(cluster.get(made), 'status', 'disruptedPods'), {
        p1: '2026-01-01T00:00:00Z',
      });
      const refused = await evict('p2');
      assert.equal(refused.status, 429);
      assert.equal(
        textAt(refused.body, 'message'),
        "Cannot evict pod as it would violate the pod's disruption budget.",
      );
      assert.deepEqual(objectAt(refused.body, 'details')?.['causes'], [
        {
          reason: 'DisruptionBudget',
          message: 'The disruption budget b needs 1 healthy pods and has 2 currently',
        },
      ]);
      assert.equal((await evict('p1')).status, 201, 'what is going already costs nothing');
    });

    test('a pod that stays counts again after two minutes', async () => {
      const made = await budget({ minAvailable: 1 });
      const [first] = [await pod('p1'), await pod('p2')];
      await driver.settle();
      await evict('p1', { deleteOptions: { dryRun: ['All'] } });
      assert.deepEqual(await counts(made), [1, 2, 1, 2]);
      await cluster.change(
        made,
        (next) =>
          void (objectAt(next, 'status')!['disruptedPods'] = {
            p1: '2026-01-01T00:00:00Z',
            gone: '2026-01-01T00:00:00Z',
          }),
        'status',
      );
      assert.equal(await driver.settle(), 120_000);
      assert.deepEqual(await counts(made), [0, 1, 1, 2]);
      assert.deepEqual(objectAt(cluster.get(made), 'status', 'disruptedPods'), {
        p1: '2026-01-01T00:00:00Z',
      });
      cluster.now += 120_000;
      assert.deepEqual(await counts(made), [1, 2, 1, 2]);
      assert.notEqual(cluster.get(first), undefined);
    });

    test('a budget that the controller has not seen since it changed allows nothing yet', async () => {
      await pod('p1');
      await pod('p2');
      const made = await budget({ minAvailable: 1 });
      await driver.settle();
      await cluster.change(made, (next) => void (objectAt(next, 'spec')!['minAvailable'] = 0));
      const refused = await evict('p1');
      assert.equal(refused.status, 429);
      assert.equal(refused.headers['retry-after'], '10');
      await driver.settle();
      assert.equal((await evict('p1')).status, 201);
    });

    test('two budgets for one pod are an error', async () => {
      await pod('p1');
      await budget({ minAvailable: 0 });
      await budget({ minAvailable: 0 }, 'c');
      await driver.settle();
      assert.equal((await evict('p1')).status, 500);
    });

    test('a pod that is not ready goes where the others are enough, or the budget says so', async () => {
      const made = await budget({ minAvailable: 1 });
      await pod('sick', { ready: false });
      await pod('well');
      await driver.settle();
      assert.equal((await evict('sick')).status, 201);
      assert.deepEqual(objectAt(cluster.get(made), 'status', 'disruptedPods'), undefined);
      await pod('sick2', { ready: false });
      await cluster.change(made, (next) => void (objectAt(next, 'spec')!['minAvailable'] = 2));
      await driver.settle();
      assert.equal((await evict('sick2')).status, 429);
      await cluster.change(
        made,
        (next) => void (objectAt(next, 'spec')!['unhealthyPodEvictionPolicy'] = 'AlwaysAllow'),
      );
      await driver.settle();
      assert.equal((await evict('sick2')).status, 201);
      assert.equal((await evict('well')).status, 429);
    });

    for (const phase of ['Pending', 'Succeeded', 'Failed']) {
      test(`a pod that is ${phase} costs nothing`, async () => {
        await budget({ minAvailable: 1 });
        await pod('p1', { phase });
        await driver.settle();
        assert.equal((await evict('p1')).status, 201);
      });
    }

    test('a dry run evicts nobody, wherever it is asked for', async () => {
      const made = await budget({ minAvailable: 0 });
      await pod('p1');
      await driver.settle();
      const revision = cluster.store.revision;
      assert.equal((await evict('p1', {}, '?dryRun=All')).status, 201);
      assert.equal((await evict('p1', { deleteOptions: { dryRun: ['All'] } })).status, 201);
      assert.equal(cluster.store.revision, revision);
      assert.deepEqual(await counts(made), [1, 1, 0, 1]);
    });

    test('its preconditions are those of a delete', async () => {
      await pod('p1');
      const answer = await evict('p1', { deleteOptions: { preconditions: { uid: 'other' } } });
      assert.equal(answer.status, 409);
      assert.equal((await evict('p1', { deleteOptions: { preconditions: { uid: 5 } } })).status, 400);
    });

    test('a node evicts its own pods only', async () => {
      await pod('here', { node: 'n1' });
      await pod('there', { node: 'n2' });
      assert.equal((await evict('there', {}, '', 'system:node:n1')).status, 403);
      const answer = await evict('here', {}, '', 'system:node:n1');
      assert.equal(answer.status, 201, answer.text);
    });

    test('an eviction for another pod, or of none, is refused', async () => {
      await pod('p1');
      assert.equal((await evict('p1', { metadata: { name: 'p2' } })).status, 400);
      assert.equal((await evict('p2')).status, 404);
    });
  });
});
