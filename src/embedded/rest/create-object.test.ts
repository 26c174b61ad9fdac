import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { numberAt, objectAt, objectsAt, textAt, valueAt, type JsonObject } from '../../schema/index.ts';
import { TestCluster, gadgets, type TestAnswer, type TestRequest } from '../test-cluster.ts';

let cluster: TestCluster;
const MAPS = '/api/v1/namespaces/default/configmaps';
const GADGETS = '/apis/lab.example.com/v1/namespaces/default/gadgets';

describe('createObject()', () => {
  beforeEach(async () => {
    cluster = await TestCluster.open();
    cluster.serve(gadgets());
  });

  afterEach(() => cluster.close());

  function post(body: unknown, path = MAPS, more: TestRequest = {}): Promise<TestAnswer> {
    return cluster.call('POST', path, { ...more, body });
  }

  function gadget(name: string, more: JsonObject = {}): JsonObject {
    return { apiVersion: 'lab.example.com/v1', kind: 'Gadget', metadata: { name }, ...more };
  }

  describe('POST', () => {
    test('gives the object what the server gives: the client has no say in it', async () => {
      const answer = await post({
        metadata: {
          name: 'a',
          uid: 'mine',
          creationTimestamp: '2000-01-01T00:00:00Z',
          deletionTimestamp: '2000-01-01T00:00:00Z',
          deletionGracePeriodSeconds: 5,
          selfLink: '/mine',
        },
        data: { x: '1' },
      });
      assert.equal(answer.status, 201);
      assert.deepEqual(Object.keys(answer.body).slice(0, 2), ['kind', 'apiVersion']);
      const metadata = objectAt(answer.body, 'metadata')!;
      assert.match(textAt(metadata, 'uid'), /^00000000-/);
      assert.equal(metadata['creationTimestamp'], '2026-01-01T00:00:00Z');
      assert.equal(metadata['resourceVersion'], String(cluster.store.revision));
      assert.equal(metadata['namespace'], 'default');
      for (const member of ['deletionTimestamp', 'deletionGracePeriodSeconds', 'selfLink'])
        assert.equal(metadata[member], undefined);
      const [entry] = objectsAt(metadata, 'managedFields');
      assert.equal(textAt(entry, 'manager'), 'test');
      assert.deepEqual(valueAt(entry, 'fieldsV1'), { 'f:data': { '.': {}, 'f:x': {} } });
      const stored = await cluster.call('GET', `${MAPS}/a`);
      assert.deepEqual(stored.body, answer.body);
    });

    test('of a custom kind begins with generation 1, without status, and with defaults', async () => {
      const answer = await post(
        gadget('g', {
          spec: { bogus: 1 },
          status: { x: 1 },
          metadata: { name: 'g', generation: 7, labels: {}, finalizers: [] },
        }),
        GADGETS,
      );
      assert.equal(answer.status, 201, answer.text);
      assert.deepEqual(answer.body['spec'], { size: 1 });
      assert.equal(answer.body['status'], undefined);
      assert.equal(numberAt(answer.body, 'metadata', 'generation'), 1);
      assert.equal(valueAt(answer.body, 'metadata', 'labels'), undefined);
      assert.equal(valueAt(answer.body, 'metadata', 'finalizers'), undefined);
      assert.deepEqual(answer.warnings, ['unknown field "spec.bogus"']);
    });

    test('finds a name, and another if that is taken', async () => {
      const first = await post({ metadata: { generateName: 'a-' } });
      assert.match(textAt(first.body, 'metadata', 'name'), /^a-[bcdfghjklmnpqrstvwxz2456789]{5}$/);
      const long = await post({ metadata: { generateName: `${'x'.repeat(70)}-` } });
      assert.match(textAt(long.body, 'metadata', 'name'), /^x{58}.{5}$/);
      const both = await post({ metadata: { generateName: 'a-', name: 'own' } });
      assert.equal(textAt(both.body, 'metadata', 'name'), 'own');
    });

    test('what is there already is a conflict', async () => {
      await post({ metadata: { name: 'a' } });
      const again = await post({ metadata: { name: 'a' } });
      assert.equal(again.status, 409);
      assert.equal(again.body['reason'], 'AlreadyExists');
      assert.deepEqual(again.body['details'], { name: 'a', kind: 'configmaps' });
    });

    test('a dry run stores nothing, and says what would be', async () => {
      const revision = cluster.store.revision;
      const answer = await post({ metadata: { name: 'a' } }, `${MAPS}?dryRun=All`);
      assert.equal(answer.status, 201);
      assert.equal(valueAt(answer.body, 'metadata', 'resourceVersion'), undefined);
      assert.equal(cluster.store.revision, revision);
      await post({ metadata: { name: 'a' } });
      assert.equal((await post({ metadata: { name: 'a' } }, `${MAPS}?dryRun=All`)).status, 409);
    });

    test('with a resourceVersion is an error, before anything else', async () => {
      const answer = await post({ metadata: { name: 'a', resourceVersion: '5' } });
      assert.equal(answer.status, 500);
      assert.equal(
        textAt(answer.body, 'message'),
        'resourceVersion should not be set on objects to be created',
      );
      for (const resourceVersion of ['0', '']) {
        const fine = await post({ metadata: { name: `a${resourceVersion}`, resourceVersion } });
        assert.equal(fine.status, 201);
      }
    });

    const refused: Readonly<
      Record<string, readonly [body: unknown, status: number, message: RegExp, path?: string]>
    > = {
      'no name': [
        {},
        422,
        /^ConfigMap "" is invalid: metadata\.name: Required value: name or generateName is required$/,
      ],
      'a bad name': [
        { metadata: { name: 'A' } },
        422,
        /^ConfigMap "A" is invalid: metadata\.name: Invalid value: "A"/,
      ],
      'a name that leads elsewhere': [{ metadata: { name: '../x' } }, 422, /is invalid: metadata\.name/],
      'another namespace': [
        { metadata: { name: 'a', namespace: 'other' } },
        400,
        /^the namespace of the provided object does not match the namespace sent on the request$/,
      ],
      'no such namespace': [
        { metadata: { name: 'a' } },
        404,
        /^namespaces "nope" not found$/,
        '/api/v1/namespaces/nope/configmaps',
      ],
      'another kind': [
        { kind: 'Secret', metadata: { name: 'a' } },
        400,
        /^Secret in version "v1" cannot be handled as a ConfigMap: /,
      ],
      'another version': [
        { apiVersion: 'v2', metadata: { name: 'a' } },
        400,
        /cannot be handled as a ConfigMap/,
      ],
      'a wrong type': [
        { metadata: { name: 'a' }, data: { x: 1 } },
        400,
        /^ConfigMap in version "v1" cannot be handled as a ConfigMap: json: cannot unmarshal number/,
      ],
      'two controllers': [
        {
          metadata: {
            name: 'a',
            ownerReferences: ['x', 'y'].map((name) => ({
              apiVersion: 'v1',
              kind: 'X',
              name,
              uid: name,
              controller: true,
            })),
          },
        },
        422,
        /Only one reference can have Controller set to true/,
      ],
      'a finalizer without a domain': [
        { metadata: { name: 'a', finalizers: ['x'] } },
        422,
        /metadata\.finalizers\[0\]/,
      ],
      'a list': [[], 400, /unrecognized/],
    };
    for (const [what, [body, status, message, path]] of Object.entries(refused)) {
      test(`${what} is refused`, async () => {
        const revision = cluster.store.revision;
        const answer = await post(body, path);
        assert.equal(answer.status, status, answer.text);
        assert.match(textAt(answer.body, 'message'), message);
        assert.equal(cluster.store.revision, revision);
      });
    }

    test('custom kinds may have finalizers without a domain', async () => {
      const answer = await post(gadget('g', { metadata: { name: 'g', finalizers: ['x'] } }), GADGETS);
      assert.equal(answer.status, 201, answer.text);
    });

    test('a cluster-scoped object that names a namespace is in none', async () => {
      const answer = await post({ metadata: { name: 'n', namespace: 'default' } }, '/api/v1/nodes');
      assert.equal(answer.status, 201, answer.text);
      assert.equal(valueAt(answer.body, 'metadata', 'namespace'), undefined);
    });

    test('members whose names are those of every object are data like any other', async () => {
      const data = JSON.parse('{"__proto__":"a","constructor":"b","toString":"c"}') as JsonObject;
      const answer = await post({ metadata: { name: 'a' }, data });
      assert.equal(answer.status, 201);
      const stored = await cluster.call('GET', `${MAPS}/a`);
      assert.deepEqual(
        new Map(Object.entries(objectAt(stored.body, 'data')!)),
        new Map(Object.entries(data)),
      );
      assert.equal(({} as JsonObject)['a'], undefined);
    });

    test('what etcd would not take is refused', async () => {
      const large = gadget('g', { spec: { anything: { x: 'é'.repeat(800_000) } } });
      const answer = await post(large, GADGETS);
      assert.equal(answer.status, 500);
      assert.equal(textAt(answer.body, 'message'), 'etcdserver: request is too large');
    });
  });

  describe('fieldValidation', () => {
    const body = '{"metadata":{"name":"a","bogus":1},"data":{"a":"1","a":"2"},"other":{}}';
    const problems = ['unknown field "metadata.bogus"', 'duplicate field "data.a"', 'unknown field "other"'];

    test('warns, in the order of the text', async () => {
      const answer = await post(body);
      assert.equal(answer.status, 201);
      assert.deepEqual(answer.warnings, problems);
      assert.deepEqual(answer.body['data'], { a: '2' });
    });

    test('Strict refuses', async () => {
      const answer = await post(body, `${MAPS}?fieldValidation=Strict`);
      assert.equal(answer.status, 400);
      assert.equal(
        textAt(answer.body, 'message'),
        `ConfigMap in version "v1" cannot be handled as a ConfigMap: strict decoding error: ${problems.join(', ')}`,
      );
    });

    test('Ignore says nothing', async () => {
      assert.deepEqual((await post(body, `${MAPS}?fieldValidation=Ignore`)).warnings, []);
    });

    test('thousands of problems cost no more than a hundred', async () => {
      const members = Array.from({ length: 12_000 }, (_, index) => `"k${index}":1,"k${index}":2`).join(',');
      const start = performance.now();
      const answer = await post(`{"metadata":{"name":"a"},${members}}`);
      assert.equal(answer.warnings.length, 100);
      assert.ok(performance.now() - start < 60_000);
    });
  });
});
