import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { objectAt, type JsonObject } from '../../schema/index.ts';
import { TestCluster } from '../test-cluster.ts';
import { ExpiryController } from './expiry-controller.ts';
import { TestDriver } from './test-driver.ts';

let cluster: TestCluster;
let driver: TestDriver;
const MINUTE = 60_000;
const PODS = '/api/v1/namespaces/default/pods';

function pod(name: string, finalizers: readonly string[] = []): Promise<JsonObject> {
  return cluster.create({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'default', finalizers: [...finalizers] },
    spec: { nodeName: 'n', containers: [{ name: 'c', image: 'i' }] },
  });
}

function event(name: string, lastTimestamp: string): Promise<JsonObject> {
  return cluster.create({
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name, namespace: 'default' },
    involvedObject: { kind: 'Pod', namespace: 'default', name: 'p' },
    lastTimestamp,
  });
}

describe('the expiry controller', () => {
  beforeEach(async () => {
    cluster = await TestCluster.open();
    await cluster.create({
      apiVersion: 'v1',
      kind: 'ServiceAccount',
      metadata: { name: 'default', namespace: 'default' },
    });
    driver = new TestDriver(cluster, (support) => [new ExpiryController(support)]);
    await driver.settle();
  });

  afterEach(() => {
    driver.stop();
    cluster.close();
  });

  test('A terminating pod goes at the end of its grace period', async () => {
    const made = await pod('p');
    await cluster.call('DELETE', `${PODS}/p`, { body: { gracePeriodSeconds: 10 } });
    assert.equal(await driver.settle(), 10_000);
    cluster.now += 9999;
    await driver.settle();
    assert.notEqual(cluster.get(made), undefined);
    cluster.now += 1;
    await driver.settle();
    assert.equal(cluster.get(made), undefined);
  });

  test('A grace period that is shortened ends sooner, and one without an end does not keep others', async () => {
    const [first, second] = [await pod('p'), await pod('q')];
    await cluster.call('DELETE', `${PODS}/p`);
    await cluster.call('DELETE', `${PODS}/q`, { body: { gracePeriodSeconds: 1e14 } });
    await driver.settle();
    await cluster.call('DELETE', `${PODS}/p`, { body: { gracePeriodSeconds: 5 } });
    assert.equal(await driver.settle(), 5000);
    cluster.now += 5000;
    await driver.settle();
    assert.equal(cluster.get(first), undefined);
    assert.notEqual(cluster.get(second), undefined);
  });

  test('A terminating pod that finalizers hold goes with the last of them', async () => {
    const made = await pod('p', ['example.com/x']);
    await cluster.call('DELETE', `${PODS}/p`);
    cluster.now += MINUTE;
    await driver.settle();
    assert.equal(await driver.writesAtRest(), 0);
    await cluster.change(made, (next) => delete objectAt(next, 'metadata')!['finalizers']);
    assert.equal(cluster.get(made), undefined);
  });

  test('Terminating pods that were there at the start go too', async () => {
    const made = await pod('p');
    await cluster.call('DELETE', `${PODS}/p`);
    const again = new TestDriver(cluster, (support) => [new ExpiryController(support)]);
    assert.equal(await again.settle(), 30_000);
    cluster.now += 30_000;
    await again.settle();
    again.stop();
    assert.equal(cluster.get(made), undefined);
  });

  test('Events go an hour after they were last written, whatever they say of themselves', async () => {
    const old = await event('old', '2000-01-01T00:00:00Z');
    const counted = await event('counted', '9999-01-01T00:00:00Z');
    cluster.now += 30 * MINUTE;
    await cluster.change(counted, (next) => void (next['count'] = 2));
    await driver.settle();
    assert.notEqual(cluster.get(old), undefined);
    cluster.now += 30 * MINUTE;
    await driver.settle();
    assert.equal(cluster.get(old), undefined);
    assert.notEqual(cluster.get(counted), undefined);
    cluster.now += 30 * MINUTE;
    await driver.settle();
    assert.equal(cluster.get(counted), undefined);
  });

  test('Many events go in portions', async () => {
    await cluster.store.transact(() => {
      const kind = cluster.kind('v1', 'Event');
      for (let index = 0; index < 1100; index++)
        cluster.client.create(kind, {
          apiVersion: 'v1',
          kind: 'Event',
          metadata: { name: `e${index}`, namespace: 'default' },
          involvedObject: { namespace: 'default' },
        });
    });
    cluster.now += 61 * MINUTE;
    await driver.settle();
    assert.equal(cluster.store.count('events'), 0);
  });
});
