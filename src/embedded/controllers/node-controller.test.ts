import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { listAt, objectAt, textAt, type JsonObject } from '../../schema/index.ts';
import { putCondition } from '../kinds/index.ts';
import { TestCluster } from '../test-cluster.ts';
import { NodeController } from './node-controller.ts';
import { TestDriver } from './test-driver.ts';

let cluster: TestCluster;
let driver: TestDriver;
let node: JsonObject;
const NOT_READY = { key: 'node.kubernetes.io/not-ready', effect: 'NoSchedule' };

async function say(ready: string): Promise<void> {
  await cluster.change(node, (next) => putCondition(next, { type: 'Ready', status: ready }), 'status');
  await driver.settle();
}

describe('the node controller', () => {
  beforeEach(async () => {
    cluster = await TestCluster.open();
    driver = new TestDriver(cluster, (support) => [new NodeController(support)]);
    const answer = await cluster.call('POST', '/api/v1/nodes', {
      body: { metadata: { name: 'n' }, spec: { taints: [{ key: 'own', effect: 'NoSchedule' }] } },
    });
    node = answer.body;
    assert.deepEqual(listAt(node, 'spec', 'taints').slice(-1), [NOT_READY]);
  });

  afterEach(() => {
    driver.stop();
    cluster.close();
  });

  test('NodeController takes the taint of new nodes away when they are ready, and only that', async () => {
    await driver.settle();
    assert.equal(listAt(cluster.get(node), 'spec', 'taints').length, 2);
    await say('False');
    assert.equal(listAt(cluster.get(node), 'spec', 'taints').length, 2);
    await say('True');
    assert.deepEqual(listAt(cluster.get(node), 'spec', 'taints'), [{ key: 'own', effect: 'NoSchedule' }]);
    await cluster.change(
      node,
      (next) => void (objectAt(next, 'spec')!['taints'] = [{ ...NOT_READY, effect: 'NoExecute' }]),
    );
    await driver.settle();
    assert.equal(listAt(cluster.get(node), 'spec', 'taints').length, 1);
  });

  test('NodeController annotates nodes, and leaves what others say there', async () => {
    await driver.settle();
    assert.equal(textAt(cluster.get(node), 'metadata', 'annotations', 'node.alpha.kubernetes.io/ttl'), '0');
    const annotations = { 'node.alpha.kubernetes.io/ttl': '300', own: 'x' };
    await cluster.change(node, (next) => void (objectAt(next, 'metadata')!['annotations'] = annotations));
    await driver.settle();
    assert.deepEqual(objectAt(cluster.get(node), 'metadata', 'annotations'), annotations);
  });

  test('NodeController writes nothing at rest', async () => {
    assert.equal(await driver.writesAtRest(), 0);
  });
});
