import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { numberAt, objectAt, textAt, valueAt, type JsonObject } from '../../schema/index.ts';
import { conditionOf } from '../kinds/index.ts';
import { TestCluster, gadgets } from '../test-cluster.ts';
import { ExpiryController } from './expiry-controller.ts';
import { NamespaceController } from './namespace-controller.ts';
import { TestDriver } from './test-driver.ts';

let cluster: TestCluster;
let driver: TestDriver;

const OTHER: JsonObject = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'other' } };

function inOther(kind: string, name: string, more: JsonObject = {}, metadata: JsonObject = {}): JsonObject {
  return { apiVersion: 'v1', kind, metadata: { name, namespace: 'other', ...metadata }, ...more };
}

async function remove(): Promise<void> {
  assert.equal((await cluster.call('DELETE', '/api/v1/namespaces/other')).status, 200);
}

describe('the namespace controller', () => {
  beforeEach(async () => {
    cluster = await TestCluster.open();
    driver = new TestDriver(cluster, (support) => [
      new NamespaceController(support, 'AUTHORITY'),
      new ExpiryController(support),
    ]);
  });

  afterEach(() => {
    assert.deepEqual(driver.reports, []);
    driver.stop();
    cluster.close();
  });

  describe('Every namespace has', () => {
    test('a default ServiceAccount, and the certificate that the server is known by', async () => {
      await driver.settle();
      for (const namespace of ['default', 'other']) {
        const metadata = { name: 'default', namespace };
        assert.notEqual(cluster.get({ apiVersion: 'v1', kind: 'ServiceAccount', metadata }), undefined);
      }
      const authority = cluster.get(inOther('ConfigMap', 'kube-root-ca.crt'));
      assert.deepEqual(authority?.['data'], { 'ca.crt': 'AUTHORITY' });
    });

    test('them again when somebody deletes or changes them', async () => {
      await driver.settle();
      const [account, map] = [inOther('ServiceAccount', 'default'), inOther('ConfigMap', 'kube-root-ca.crt')];
      await cluster.call('DELETE', '/api/v1/namespaces/other/serviceaccounts/default');
      await cluster.change(map, (next) => void (next['data'] = { 'ca.crt': 'mine' }));
      await driver.settle();
      assert.notEqual(cluster.get(account), undefined);
      assert.deepEqual(cluster.get(map)?.['data'], { 'ca.crt': 'AUTHORITY' });
    });

    test('nothing else: at rest nothing is written', async () => {
      assert.equal(await driver.writesAtRest(), 0);
    });
  });

  describe('A namespace that is deleted', () => {
    test('goes, and what is in it goes with it', async () => {
      cluster.serve(gadgets());
      await driver.settle();
      await cluster.create(inOther('ConfigMap', 'a'));
      await cluster.create(inOther('Secret', 's'));
      await cluster.create({ ...inOther('Gadget', 'g'), apiVersion: 'lab.example.com/v1' });
      await cluster.create(inOther('Pod', 'p', { spec: { containers: [{ name: 'c', image: 'i' }] } }));
      await remove();
      await driver.settle();
      assert.equal(cluster.get(OTHER), undefined);
      for (const storage of ['configmaps', 'secrets', 'pods', 'lab.example.com/gadgets'])
        assert.equal(cluster.store.count(storage, { namespace: 'other' }), 0, storage);
      assert.ok(cluster.store.count('configmaps', { namespace: 'default' }) > 0);
    });

    test('waits for pods that end', async () => {
      await driver.settle();
      await cluster.create(
        inOther('Pod', 'p', { spec: { nodeName: 'n', containers: [{ name: 'c', image: 'i' }] } }),
      );
      await remove();
      await driver.settle();
      const waiting = cluster.get(OTHER);
      assert.equal(textAt(waiting, 'status', 'phase'), 'Terminating');
      assert.equal(numberAt(cluster.get(inOther('Pod', 'p')), 'metadata', 'deletionGracePeriodSeconds'), 30);
      cluster.now += 30_000;
      await driver.settle();
      assert.equal(cluster.get(OTHER), undefined);
    });

    test('says after a while what it waits for', async () => {
      await driver.settle();
      const held = await cluster.create(inOther('ConfigMap', 'held', {}, { finalizers: ['example.com/x'] }));
      await remove();
      assert.equal(await driver.settle(), 5000);
      assert.equal(valueAt(cluster.get(OTHER), 'status', 'conditions'), undefined);
      cluster.now += 5000;
      await driver.settle();
      const waiting = cluster.get(OTHER)!;
      const remaining = conditionOf(waiting, 'NamespaceContentRemaining');
      assert.equal(textAt(remaining, 'status'), 'True');
      assert.equal(
        textAt(remaining, 'message'),
        'Some resources are remaining: configmaps. has 1 resource instances',
      );
      assert.equal(
        textAt(conditionOf(waiting, 'NamespaceFinalizersRemaining'), 'message'),
        'Some content in the namespace has finalizers remaining: example.com/x in 1 resource instances',
      );
      cluster.now += 60_000;
      assert.equal(await driver.writesAtRest(), 0);
      await cluster.change(held, (next) => delete objectAt(next, 'metadata')!['finalizers']);
      await driver.settle();
      assert.equal(cluster.get(OTHER), undefined);
    });

    test('many objects go in portions, also behind many that stay', async () => {
      await driver.settle();
      await cluster.store.transact(() => {
        const kind = cluster.kind('v1', 'ConfigMap');
        for (let index = 0; index < 1100; index++) {
          const finalizers = index < 600 ? { finalizers: ['example.com/x'] } : {};
          cluster.client.create(
            kind,
            inOther('ConfigMap', `c${String(index).padStart(4, '0')}`, {}, finalizers),
          );
        }
      });
      await remove();
      await driver.settle();
      assert.equal(cluster.store.count('configmaps', { namespace: 'other' }), 600);
      assert.notEqual(cluster.get(OTHER), undefined);
    });

    test('keeps the finalizers that others put on it', async () => {
      await driver.settle();
      await cluster.change(
        OTHER,
        (next) => void (objectAt(next, 'metadata')!['finalizers'] = ['example.com/x']),
      );
      await remove();
      await driver.settle();
      assert.notEqual(cluster.get(OTHER), undefined);
      await cluster.change(OTHER, (next) => delete objectAt(next, 'metadata')!['finalizers']);
      assert.equal(cluster.get(OTHER), undefined);
    });
  });
});
