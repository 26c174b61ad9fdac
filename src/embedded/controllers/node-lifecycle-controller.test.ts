import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { objectsAt, textAt, type JsonObject } from '../../schema/index.ts';
import { conditionOf, putCondition } from '../kinds/index.ts';
import { TestCluster } from '../test-cluster.ts';
import { NodeLifecycleController } from './node-lifecycle-controller.ts';
import { TestDriver } from './test-driver.ts';

const LEASES = '/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases';

async function open(t: TestContext): Promise<{ cluster: TestCluster; driver: TestDriver; node: JsonObject }> {
  const cluster = await TestCluster.open();
  const driver = new TestDriver(cluster, (support) => [new NodeLifecycleController(support)]);
  t.after(() => {
    driver.stop();
    cluster.close();
  });
  for (const name of ['kube-node-lease']) {
    await cluster.call('POST', '/api/v1/namespaces', { body: { metadata: { name } } });
  }
  const { body: node } = await cluster.call('POST', '/api/v1/nodes', { body: { metadata: { name: 'n' } } });
  await cluster.change(node, (next) => putCondition(next, { type: 'Ready', status: 'True' }), 'status');
  return { cluster, driver, node };
}

const ready = (cluster: TestCluster, node: JsonObject): string =>
  textAt(conditionOf(cluster.get(node) ?? {}, 'Ready'), 'status');

test('NodeLifecycleController says Unknown of a node whose Lease is not renewed, and that its pods are not ready', async (t) => {
  const { cluster, driver, node } = await open(t);
  const lease = await cluster.call('POST', LEASES, {
    body: { metadata: { name: 'n' }, spec: { holderIdentity: 'n' } },
  });
  assert.equal(lease.status, 201);
  await cluster.create({
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { name: 'default', namespace: 'default' },
  });
  const pod = await cluster.create({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'p', namespace: 'default' },
    spec: { nodeName: 'n', containers: [{ name: 'c', image: 'i' }] },
  });
  await cluster.change(pod, (next) => putCondition(next, { type: 'Ready', status: 'True' }), 'status');
  await driver.settle();
  cluster.now += 39_000;
  await driver.settle();
  assert.equal(ready(cluster, node), 'True');
  await cluster.change(lease.body, (next) => void (next['spec'] = { holderIdentity: 'm' }));
  await driver.settle();
  cluster.now += 39_000;
  await driver.settle();
  assert.equal(ready(cluster, node), 'True', 'it was renewed');
  cluster.now += 2000;
  await driver.settle();
  assert.equal(ready(cluster, node), 'Unknown');
  assert.equal(textAt(conditionOf(cluster.get(pod) ?? {}, 'Ready'), 'status'), 'False');
  assert.equal(objectsAt(cluster.get(node), 'status', 'conditions').length, 1);
  assert.equal(await driver.writesAtRest(), 0);
});

test('NodeLifecycleController leaves a node alone that never had a Lease', async (t) => {
  const { cluster, driver, node } = await open(t);
  cluster.now += 3_600_000;
  await driver.settle();
  assert.equal(ready(cluster, node), 'True');
});
