import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import {
  copyObject,
  numberAt,
  objectAt,
  objectsAt,
  textAt,
  valueAt,
  type JsonObject,
} from '../../schema/index.ts';
import { TestCluster, gadgets, type TestAnswer } from '../test-cluster.ts';

let cluster: TestCluster;
const MAPS = '/api/v1/namespaces/default/configmaps';
const LEASES = '/apis/coordination.k8s.io/v1/namespaces/default/leases';
const GADGETS = '/apis/lab.example.com/v1/namespaces/default/gadgets';

let map: JsonObject;
let gadget: JsonObject;

describe('updateObject()', () => {
  beforeEach(async () => {
    cluster = await TestCluster.open();
    cluster.serve(gadgets());
    map = (await cluster.call('POST', MAPS, { body: { metadata: { name: 'a' }, data: { x: '1' } } })).body;
    const body = {
      apiVersion: 'lab.example.com/v1',
      kind: 'Gadget',
      metadata: { name: 'g' },
      spec: { note: 'n' },
    };
    gadget = (await cluster.call('POST', GADGETS, { body })).body;
  });

  afterEach(() => cluster.close());

  function put(path: string, body: JsonObject): Promise<TestAnswer> {
    return cluster.call('PUT', path, { body });
  }

  /** A copy with changes. */
  function changed(object: JsonObject, change: (copy: JsonObject) => void): JsonObject {
    const copy = copyObject(object);
    change(copy);
    return copy;
  }

  describe('PUT', () => {
    test('replaces the object, and what the server gave stays', async () => {
      const answer = await put(`${MAPS}/a`, {
        metadata: { name: 'a', creationTimestamp: '2000-01-01T00:00:00Z', labels: { l: 'x' } },
        data: { y: '2' },
      });
      assert.equal(answer.status, 200, answer.text);
      assert.deepEqual(answer.body['data'], { y: '2' });
      for (const member of ['uid', 'creationTimestamp', 'namespace'])
        assert.equal(textAt(answer.body, 'metadata', member), textAt(map, 'metadata', member));
      assert.equal(textAt(answer.body, 'metadata', 'resourceVersion'), String(cluster.store.revision));
    });

    test('that changes nothing writes nothing', async () => {
      const revision = cluster.store.revision;
      cluster.now += 60_000;
      const answer = await put(`${MAPS}/a`, map);
      assert.equal(answer.status, 200);
      assert.deepEqual(answer.body, map);
      assert.equal(cluster.store.revision, revision);
    });

    test('of a version that is no longer the newest is a conflict: of two writers one wins', async () => {
      const [first, second] = await Promise.all([
        put(
          `${MAPS}/a`,
          changed(map, (copy) => void (copy['data'] = { by: 'first' })),
        ),
        put(
          `${MAPS}/a`,
          changed(map, (copy) => void (copy['data'] = { by: 'second' })),
        ),
      ]);
      assert.deepEqual([first.status, second.status], [200, 409]);
      assert.equal(second.body['reason'], 'Conflict');
      assert.match(textAt(second.body, 'message'), /the object has been modified; please apply your changes/);
      assert.deepEqual((await cluster.call('GET', `${MAPS}/a`)).body['data'], { by: 'first' });
    });

    test('without a version is unconditional, but not of custom kinds and a few others', async () => {
      const custom = await put(`${GADGETS}/g`, {
        apiVersion: 'lab.example.com/v1',
        kind: 'Gadget',
        metadata: { name: 'g' },
      });
      assert.equal(custom.status, 422);
      assert.equal(
        textAt(custom.body, 'message'),
        'gadgets.lab.example.com "g" is invalid: metadata.resourceVersion: Invalid value: 0: must be specified for an update',
      );
    });

    test('with the uid of an object that was there before is a conflict', async () => {
      const answer = await put(`${MAPS}/a`, { metadata: { name: 'a', uid: 'other' } });
      assert.equal(answer.status, 409);
      assert.match(textAt(answer.body, 'message'), /Precondition failed: UID in precondition: other/);
    });

    test('a dry run answers the same and stores nothing', async () => {
      const revision = cluster.store.revision;
      const answer = await put(
        `${MAPS}/a?dryRun=All`,
        changed(map, (copy) => void (copy['data'] = {})),
      );
      assert.equal(answer.status, 200);
      assert.equal(answer.body['data'], undefined);
      assert.equal(cluster.store.revision, revision);
    });

    test('of what is not there is 404, but some kinds are made', async () => {
      assert.equal((await put(`${MAPS}/b`, { metadata: { name: 'b' } })).status, 404);
      const lease = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name: 'l' } };
      assert.equal((await put(`${LEASES}/l`, lease)).status, 201);
      assert.equal((await put(`${LEASES}/l/status`, lease)).status, 404);
    });

    const refused: Readonly<Record<string, readonly [metadata: JsonObject, status: number]>> = {
      'another name': [{ name: 'b' }, 400],
      'no name': [{}, 400],
      'another namespace': [{ name: 'a', namespace: 'other' }, 400],
      'a version that is no number': [{ name: 'a', resourceVersion: 'x' }, 400],
    };
    for (const [what, [metadata, status]] of Object.entries(refused)) {
      test(`${what} is refused`, async () => {
        assert.equal((await put(`${MAPS}/a`, { metadata })).status, status);
      });
    }

    test('nobody deletes an object by saying that it is being deleted', async () => {
      const answer = await put(
        `${MAPS}/a`,
        changed(
          map,
          (copy) => void (objectAt(copy, 'metadata')!['deletionTimestamp'] = '2026-01-01T00:00:00Z'),
        ),
      );
      assert.ok(answer.status === 422 || valueAt(answer.body, 'metadata', 'deletionTimestamp') === undefined);
      assert.equal((await cluster.call('GET', `${MAPS}/a`)).status, 200);
    });
  });

  describe('The generation of a custom kind', () => {
    test('counts changes of the specification, and nothing else', async () => {
      const generations: (number | undefined)[] = [];
      const change = async (path: string, body: JsonObject): Promise<void> => {
        const type = 'application/merge-patch+json';
        const answer = await cluster.call('PATCH', path, { type, body });
        assert.equal(answer.status, 200, answer.text);
        generations.push(numberAt(answer.body, 'metadata', 'generation'));
      };
      await change(`${GADGETS}/g`, { spec: { size: 2 } });
      await change(`${GADGETS}/g`, { spec: { size: 2 } });
      await change(`${GADGETS}/g`, { metadata: { labels: { a: 'b' }, finalizers: ['x'], generation: 99 } });
      await change(`${GADGETS}/g/status`, { status: { x: 1 } });
      await change(`${GADGETS}/g`, { status: { x: 2 } });
      await change(`${GADGETS}/g`, { spec: { anything: { a: [1] } } });
      assert.deepEqual(generations, [2, 2, 2, 2, 2, 3]);
    });
  });

  describe('/status', () => {
    test('changes nothing but the status; the object itself does not change the status', async () => {
      const type = 'application/merge-patch+json';
      const status = await cluster.call('PATCH', `${GADGETS}/g/status`, {
        type,
        body: { spec: { note: 'changed' }, metadata: { labels: { a: 'b' } }, status: { phase: 'Ready' } },
      });
      assert.deepEqual(status.body['spec'], gadget['spec']);
      assert.equal(valueAt(status.body, 'metadata', 'labels'), undefined);
      assert.deepEqual(status.body['status'], { phase: 'Ready' });
      const main = await cluster.call('PATCH', `${GADGETS}/g`, { type, body: { status: { phase: 'Lost' } } });
      assert.deepEqual(main.body['status'], { phase: 'Ready' });
      const entries = objectsAt(main.body, 'metadata', 'managedFields');
      assert.deepEqual(entries.map((entry) => textAt(entry, 'subresource')).sort(), ['', 'status']);
    });

    test('of what is not there is 404', async () => {
      assert.equal((await cluster.call('GET', `${GADGETS}/h/status`)).status, 404);
      assert.equal((await cluster.call('GET', `${MAPS}/a/status`)).status, 404);
    });
  });

  describe('/scale', () => {
    const patch = (type: string, body: unknown): Promise<TestAnswer> =>
      cluster.call('PATCH', `${GADGETS}/g/scale`, { type: `application/${type}+json`, body });

    test('shows and sets how many there are to be', async () => {
      assert.equal((await cluster.call('GET', `${GADGETS}/g/scale`)).status, 500, 'there is no count yet');
      const merged = await patch('merge-patch', { spec: { replicas: 3 } });
      assert.deepEqual(merged.body['spec'], { replicas: 3 });
      const replaced = await patch('json-patch', [{ op: 'replace', path: '/spec/replicas', value: 4 }]);
      assert.deepEqual(replaced.body['spec'], { replicas: 4 });
      const stored = (await cluster.call('GET', `${GADGETS}/g`)).body;
      assert.equal(numberAt(stored, 'spec', 'replicas'), 4);
      const scale = (await cluster.call('GET', `${GADGETS}/g/scale`)).body;
      const put = await cluster.call('PUT', `${GADGETS}/g/scale`, { body: { ...scale, spec: {} } });
      assert.deepEqual(put.body['spec'], {});
      assert.equal(numberAt((await cluster.call('GET', `${GADGETS}/g`)).body, 'spec', 'replicas'), 0);
      const stale = await cluster.call('PUT', `${GADGETS}/g/scale`, { body: scale });
      assert.equal(stale.status, 409);
    });

    test('reaches nothing but the object, whatever the path of the count', async () => {
      const definition = gadgets();
      for (const version of objectsAt(definition, 'spec', 'versions')) {
        version['subresources'] = {
          scale: { specReplicasPath: '.spec.__proto__.polluted', statusReplicasPath: '.status.replicas' },
        };
      }
      cluster.serve(definition);
      await patch('merge-patch', { spec: { replicas: 3 } });
      assert.equal(Object.hasOwn(Object.prototype, 'polluted'), false);
    });

    const refused: readonly (readonly [type: string, body: unknown, status: number])[] = [
      ['merge-patch', { spec: { replicas: -1 } }, 422],
      ['merge-patch', { spec: { replicas: 'x' } }, 400],
      ['merge-patch', { spec: { replicas: 1.5 } }, 400],
      ['merge-patch', { metadata: { name: 'other' } }, 400],
      ['merge-patch', [], 400],
      ['json-patch', {}, 400],
      ['json-patch', [{ op: 'test', path: '/spec', value: 1 }], 422],
      ['json-patch', [{ op: 'remove', path: '/nothing' }], 422],
    ];
    for (const [type, body, status] of refused) {
      test(`${type} ${JSON.stringify(body)} → ${status}`, async () => {
        assert.equal((await patch(type, body)).status, status);
      });
    }
  });

  describe('/binding', () => {
    test('puts a pod on a node, once', async () => {
      await cluster.call('POST', '/api/v1/namespaces/default/serviceaccounts', {
        body: { metadata: { name: 'default' } },
      });
      const pods = '/api/v1/namespaces/default/pods';
      const spec = { containers: [{ name: 'c', image: 'i' }] };
      await cluster.call('POST', pods, { body: { metadata: { name: 'p' }, spec } });
      const bind = (body: JsonObject): Promise<TestAnswer> =>
        cluster.call('POST', `${pods}/p/binding`, { body });
      assert.equal((await bind({})).status, 422);
      assert.equal((await bind({ metadata: { name: 'q' }, target: { name: 'n' } })).status, 400);
      assert.equal((await bind({ target: { kind: 'Node', name: 'n1' } })).status, 201);
      const pod = (await cluster.call('GET', `${pods}/p`)).body;
      assert.equal(textAt(pod, 'spec', 'nodeName'), 'n1');
      const again = await bind({ target: { kind: 'Node', name: 'n2' } });
      assert.equal(again.status, 409);
      assert.match(textAt(again.body, 'message'), /pod p is already assigned to node "n1"$/);
    });
  });
});
