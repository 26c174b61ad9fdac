import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import fc from 'fast-check';
import { objectAt, objectsAt, textAt, valueAt, type Json, type JsonObject } from '../../schema/index.ts';
import { TestCluster, gadgets, type TestAnswer } from '../test-cluster.ts';

let cluster: TestCluster;
const MAPS = '/api/v1/namespaces/default/configmaps';
const GADGETS = '/apis/lab.example.com/v1/namespaces/default/gadgets';

const JSON_PATCH = 'application/json-patch+json';
const MERGE = 'application/merge-patch+json';
const STRATEGIC = 'application/strategic-merge-patch+json';
const APPLY = 'application/apply-patch+yaml';

describe('patchObject()', () => {
  beforeEach(async () => {
    cluster = await TestCluster.open();
    cluster.serve(gadgets());
    await cluster.call('POST', MAPS, { body: { metadata: { name: 'a' }, data: { x: '1' } } });
  });

  afterEach(() => cluster.close());

  function patch(type: string, body: unknown, path = `${MAPS}/a`): Promise<TestAnswer> {
    return cluster.call('PATCH', path, { type, body });
  }

  function map(data: JsonObject, metadata: JsonObject = {}): JsonObject {
    return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a', ...metadata }, data };
  }

  function apply(body: unknown, query = 'fieldManager=m', path = `${MAPS}/a`): Promise<TestAnswer> {
    return patch(APPLY, body, `${path}?${query}`);
  }

  describe('PATCH', () => {
    for (const [type, body] of [
      [JSON_PATCH, [{ op: 'add', path: '/data/y', value: '2' }]],
      [MERGE, { data: { y: '2' } }],
      [STRATEGIC, { data: { y: '2' } }],
    ] as const) {
      test(`${type} changes what it says; the same again changes nothing`, async () => {
        const first = await patch(type, body);
        assert.equal(first.status, 200, first.text);
        assert.deepEqual(first.body['data'], { x: '1', y: '2' });
        const revision = cluster.store.revision;
        cluster.now += 60_000;
        const second = await patch(type, body);
        assert.deepEqual(second.body, first.body);
        assert.equal(cluster.store.revision, revision);
      });
    }

    const refused: Readonly<
      Record<string, readonly [type: string, body: unknown, status: number, path?: string]>
    > = {
      'no object': [MERGE, [], 400],
      'broken JSON': [MERGE, '{', 400],
      'no list of operations': [JSON_PATCH, {}, 400],
      'a failing test': [JSON_PATCH, [{ op: 'test', path: '/data/x', value: '2' }], 422],
      'a wrong type': [MERGE, { data: { x: 1 } }, 422],
      'another name': [MERGE, { metadata: { name: 'b' } }, 400],
      'another uid': [MERGE, { metadata: { uid: 'x' } }, 422],
      'an old version': [MERGE, { metadata: { resourceVersion: '1' } }, 409],
      'another kind': [MERGE, { kind: 'Secret' }, 400],
      'no metadata': [JSON_PATCH, [{ op: 'remove', path: '/metadata' }], 422],
      'a time that is none': [MERGE, { metadata: { creationTimestamp: '2026-02-30T00:00:00Z' } }, 422],
      'what is not there': [MERGE, {}, 404, `${MAPS}/b`],
      'no type of patch': ['application/json', {}, 415],
      'a type that JavaScript knows': ['constructor', {}, 415],
      'a strategic patch of a custom kind': [STRATEGIC, {}, 415, `${GADGETS}/g`],
      'a forced merge': [MERGE, {}, 422, `${MAPS}/a?force=true`],
    };
    for (const [what, [type, body, status, path]] of Object.entries(refused)) {
      test(`${what} is refused`, async () => {
        const revision = cluster.store.revision;
        const answer = await patch(type, body, path);
        assert.equal(answer.status, status, answer.text);
        assert.equal(cluster.store.revision, revision);
      });
    }

    test('no object grows beyond what etcd would take, however often it is patched', async () => {
      const body = { apiVersion: 'lab.example.com/v1', kind: 'Gadget', metadata: { name: 'g' }, spec: {} };
      await cluster.call('POST', GADGETS, { body });
      const statuses: number[] = [];
      for (const key of ['a', 'b', 'c'])
        statuses.push(
          (await patch(MERGE, { spec: { anything: { [key]: 'x'.repeat(700_000) } } }, `${GADGETS}/g`)).status,
        );
      assert.deepEqual(statuses, [200, 200, 500]);
    });

    test('Strict refuses what the kind does not have, Warn tells of it', async () => {
      const warned = await patch(MERGE, { nope: 1, data: { y: '2' } });
      assert.deepEqual(warned.warnings, ['unknown field "nope"']);
      const strict = await patch(MERGE, { nope: 1 }, `${MAPS}/a?fieldValidation=Strict`);
      assert.equal(strict.status, 422);
      assert.match(textAt(strict.body, 'message'), /strict decoding error: unknown field "nope"$/);
    });

    test('any patch is carried out or refused, and never a defect', async () => {
      const reports: string[] = [];
      const key = fc.constantFrom(
        'metadata',
        'name',
        'data',
        'labels',
        'x',
        'finalizers',
        'managedFields',
        '__proto__',
        '$patch',
        'kind',
      );
      const value = fc.letrec<{ node: Json }>((tie) => ({
        node: fc.oneof(
          { depthSize: 'small' },
          fc.constantFrom<Json>(null, true, 5, -1.5, '', 'a', 'delete', '2026-02-30T00:00:00Z'),
          fc.array(tie('node'), { maxLength: 3 }),
          fc.dictionary(key, tie('node'), { maxKeys: 3, noNullPrototype: true }) as fc.Arbitrary<Json>,
        ),
      })).node;
      const operation = fc.record({
        op: fc.constantFrom('add', 'remove', 'replace', 'move', 'copy', 'test', 'x'),
        path: fc.constantFrom(
          '',
          '/',
          '/data',
          '/data/x',
          '/metadata',
          '/metadata/labels/-',
          '/metadata/finalizers/0',
          '/__proto__/x',
        ),
        from: fc.constantFrom('', '/data', '/metadata', '/metadata/name'),
        value,
      });
      const bodies = fc.oneof(value, fc.array(operation, { maxLength: 3 }));
      await fc.assert(
        fc.asyncProperty(fc.constantFrom(JSON_PATCH, MERGE, STRATEGIC, APPLY), bodies, async (type, body) => {
          const answer = await patch(
            type,
            body,
            `${MAPS}/a?dryRun=All${type === APPLY ? '&fieldManager=m' : ''}`,
          );
          if (answer.status === 500) assert.doesNotMatch(answer.text, /defect/, JSON.stringify(body));
          assert.equal(({} as JsonObject)['x'], undefined);
        }),
        { numRuns: 400 },
      );
      assert.deepEqual(reports, []);
    });
  });

  describe('Server-side apply', () => {
    test('makes what is not there, and then changes what it says; the same again changes nothing', async () => {
      const made = await apply(map({ y: '1' }, { name: 'b' }), 'fieldManager=m', `${MAPS}/b`);
      assert.equal(made.status, 201, made.text);
      const revision = cluster.store.revision;
      cluster.now += 60_000;
      const again = await apply(map({ y: '1' }, { name: 'b' }), 'fieldManager=m', `${MAPS}/b`);
      assert.equal(again.status, 200);
      assert.deepEqual(again.body, made.body);
      assert.equal(cluster.store.revision, revision);
      const less = await apply(map({}, { name: 'b' }), 'fieldManager=m', `${MAPS}/b`);
      assert.equal(less.body['data'], undefined);
    });

    test('what another manager has is a conflict, unless it is forced', async () => {
      await apply(map({ y: '1' }), 'fieldManager=one');
      const conflict = await apply(map({ y: '2' }), 'fieldManager=two');
      assert.equal(conflict.status, 409);
      assert.equal(
        textAt(conflict.body, 'message'),
        'Apply failed with 1 conflict: conflict with "one": .data.y',
      );
      assert.deepEqual(objectAt(conflict.body, 'details'), {
        causes: [{ reason: 'FieldManagerConflict', message: 'conflict with "one"', field: '.data.y' }],
      });
      const forced = await apply(map({ y: '2' }), 'fieldManager=two&force=true');
      assert.equal(objectAt(forced.body, 'data')?.['y'], '2');
      const managers = objectsAt(forced.body, 'metadata', 'managedFields').map((entry) =>
        textAt(entry, 'manager'),
      );
      assert.deepEqual(managers.sort(), ['test', 'two']);
    });

    const refused: Readonly<Record<string, readonly [body: unknown, status: number, query?: string]>> = {
      'no manager': [map({}), 422, ''],
      nothing: ['', 400],
      'no type': [{ metadata: { name: 'a' } }, 400],
      'another kind': [{ ...map({}), kind: 'Secret' }, 400],
      'another version': [{ ...map({}), apiVersion: 'v2' }, 400],
      managedFields: [map({}, { managedFields: [{}] }), 400],
      'another name': [map({}, { name: 'b' }), 400],
      'what the kind does not have': [{ ...map({}), nope: 1 }, 500],
      'a wrong type': [map({ x: 5 }), 500],
      'a label that is a number': [map({}, { labels: { a: 1 } }), 500],
      'bad base64': [{ ...map({}), binaryData: { x: '!' } }, 500],
    };
    for (const [what, [body, status, query]] of Object.entries(refused)) {
      test(`${what} is refused`, async () => {
        const revision = cluster.store.revision;
        const answer = await apply(body, query);
        assert.equal(answer.status, status, answer.text);
        assert.doesNotMatch(answer.text, /defect/);
        assert.equal(cluster.store.revision, revision);
      });
    }

    test('null managedFields are none', async () => {
      assert.equal(
        (await apply({ ...map({ x: '1' }), metadata: { name: 'a', managedFields: null } })).status,
        200,
      );
    });

    test('of a custom kind says what is wrong with it', async () => {
      const gadget = {
        apiVersion: 'lab.example.com/v1',
        kind: 'Gadget',
        metadata: { name: 'g', labels: { a: 1 } },
      };
      const answer = await apply(gadget, 'fieldManager=m', `${GADGETS}/g`);
      assert.equal(answer.status, 500);
      assert.match(textAt(answer.body, 'message'), /^failed to create typed patch object/);
      const warned = await apply(
        { ...gadget, metadata: { name: 'g' }, spec: { bogus: 1 } },
        'fieldManager=m',
        `${GADGETS}/g`,
      );
      assert.ok(warned.status === 201 || warned.status === 500, warned.text);
    });

    test('of a uid that is not there any more is a conflict', async () => {
      const answer = await apply(map({}, { name: 'b', uid: 'x' }), 'fieldManager=m', `${MAPS}/b`);
      assert.equal(answer.status, 409);
      assert.equal(valueAt(answer.body, 'details', 'name'), 'b');
    });
  });
});
