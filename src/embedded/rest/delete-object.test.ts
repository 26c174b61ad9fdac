import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { numberAt, objectAt, textAt, textsAt, valueAt, type JsonObject } from '../../schema/index.ts';
import { TestCluster, gadgets, type TestAnswer } from '../test-cluster.ts';

let cluster: TestCluster;
const MAPS = '/api/v1/namespaces/default/configmaps';
const PODS = '/api/v1/namespaces/default/pods';
const GADGETS = '/apis/lab.example.com/v1/namespaces/default/gadgets';

describe('deleteObject()', () => {
  beforeEach(async () => {
    cluster = await TestCluster.open();
    cluster.serve(gadgets());
  });

  afterEach(() => cluster.close());

  async function make(path: string, name: string, finalizers: readonly string[] = []): Promise<JsonObject> {
    const metadata = { name, ...(finalizers.length === 0 ? {} : { finalizers }) };
    const body =
      path === GADGETS ? { apiVersion: 'lab.example.com/v1', kind: 'Gadget', metadata } : { metadata };
    const answer = await cluster.call('POST', path, { body });
    assert.equal(answer.status, 201, answer.text);
    return answer.body;
  }

  async function makePod(
    name: string,
    node: string,
    finalizers: readonly string[] = [],
  ): Promise<JsonObject> {
    await cluster.call('POST', '/api/v1/namespaces/default/serviceaccounts', {
      body: { metadata: { name: 'default' } },
    });
    const answer = await cluster.call('POST', PODS, {
      body: {
        metadata: { name, finalizers },
        spec: { containers: [{ name: 'c', image: 'i' }], ...(node === '' ? {} : { nodeName: node }) },
      },
    });
    assert.equal(answer.status, 201, answer.text);
    return answer.body;
  }

  function remove(path: string, options?: JsonObject | string): Promise<TestAnswer> {
    return typeof options === 'string'
      ? cluster.call('DELETE', `${path}?${options}`)
      : cluster.call('DELETE', path, options === undefined ? {} : { body: options });
  }

  async function exists(path: string): Promise<boolean> {
    return (await cluster.call('GET', path)).status === 200;
  }

  describe('DELETE of an object that nothing holds', () => {
    test('it is gone, and the answer says which it was', async () => {
      const made = await make(MAPS, 'a');
      const answer = await remove(`${MAPS}/a`);
      assert.deepEqual(answer.body, {
        kind: 'Status',
        apiVersion: 'v1',
        metadata: {},
        status: 'Success',
        details: { name: 'a', kind: 'configmaps', uid: textAt(made, 'metadata', 'uid') },
      });
      assert.equal(await exists(`${MAPS}/a`), false);
      assert.equal((await remove(`${MAPS}/a`)).status, 404);
    });

    test('its last state carries the revision of its end, and no mark of a deletion', async () => {
      await make(MAPS, 'a');
      const watch = await cluster.watch(`${MAPS}?watch=1&resourceVersion=${cluster.store.revision}`);
      await remove(`${MAPS}/a`);
      const [line = ''] = watch.pull().lines.toString().split('\n');
      const event = JSON.parse(line) as JsonObject;
      assert.equal(event['type'], 'DELETED');
      assert.equal(textAt(event, 'object', 'metadata', 'resourceVersion'), String(cluster.store.revision));
      assert.equal(valueAt(event, 'object', 'metadata', 'deletionTimestamp'), undefined);
    });

    test('made again, it is another object', async () => {
      const first = await make(MAPS, 'a');
      await remove(`${MAPS}/a`);
      const second = await make(MAPS, 'a');
      assert.notEqual(textAt(first, 'metadata', 'uid'), textAt(second, 'metadata', 'uid'));
    });

    test('a dry run answers the same and leaves it', async () => {
      await make(MAPS, 'a');
      const revision = cluster.store.revision;
      for (const options of ['dryRun=All', { dryRun: ['All'] }]) {
        assert.equal((await remove(`${MAPS}/a`, options)).status, 200);
      }
      assert.equal(cluster.store.revision, revision);
      assert.equal(await exists(`${MAPS}/a`), true);
    });
  });

  describe('DELETE of an object with finalizers', () => {
    test('marks it, counts the generation, and leaves it until the last is gone', async () => {
      await make(GADGETS, 'g', ['example.com/x']);
      const answer = await remove(`${GADGETS}/g`);
      assert.equal(answer.status, 200);
      assert.equal(textAt(answer.body, 'metadata', 'deletionTimestamp'), '2026-01-01T00:00:00Z');
      assert.equal(numberAt(answer.body, 'metadata', 'deletionGracePeriodSeconds'), 0);
      assert.equal(numberAt(answer.body, 'metadata', 'generation'), 2);
      cluster.now += 60_000;
      const again = await remove(`${GADGETS}/g`);
      assert.deepEqual(again.body, answer.body);
      const type = 'application/merge-patch+json';
      const refused = await cluster.call('PATCH', `${GADGETS}/g`, {
        type,
        body: { metadata: { finalizers: ['example.com/x', 'example.com/y'] } },
      });
      assert.equal(refused.status, 422);
      assert.match(
        textAt(refused.body, 'message'),
        /no new finalizers can be added if the object is being deleted/,
      );
      const last = await cluster.call('PATCH', `${GADGETS}/g`, {
        type,
        body: { metadata: { finalizers: null } },
      });
      assert.equal(last.status, 200, last.text);
      assert.equal(await exists(`${GADGETS}/g`), false);
    });

    test('a later request can choose what becomes of the dependants', async () => {
      await make(MAPS, 'a', ['example.com/x']);
      await remove(`${MAPS}/a`);
      const orphaning = await remove(`${MAPS}/a`, { propagationPolicy: 'Orphan' });
      assert.deepEqual(textsAt(orphaning.body, 'metadata', 'finalizers'), ['example.com/x', 'orphan']);
      const kept = await remove(`${MAPS}/a`);
      assert.deepEqual(textsAt(kept.body, 'metadata', 'finalizers'), ['example.com/x', 'orphan']);
      const foreground = await remove(`${MAPS}/a`, { propagationPolicy: 'Foreground' });
      assert.deepEqual(textsAt(foreground.body, 'metadata', 'finalizers'), [
        'example.com/x',
        'foregroundDeletion',
      ]);
      const background = await remove(`${MAPS}/a`, { propagationPolicy: 'Background' });
      assert.deepEqual(textsAt(background.body, 'metadata', 'finalizers'), ['example.com/x']);
    });

    test('foreground deletion holds it until its dependants are gone', async () => {
      await make(MAPS, 'a');
      const answer = await remove(`${MAPS}/a`, 'propagationPolicy=Foreground');
      assert.deepEqual(textsAt(answer.body, 'metadata', 'finalizers'), ['foregroundDeletion']);
      assert.equal(await exists(`${MAPS}/a`), true);
    });

    test('the old orphanDependents is understood', async () => {
      await make(MAPS, 'a');
      const answer = await remove(`${MAPS}/a`, { orphanDependents: true });
      assert.deepEqual(textsAt(answer.body, 'metadata', 'finalizers'), ['orphan']);
      await make(MAPS, 'b');
      await remove(`${MAPS}/b`, 'orphanDependents=false');
      assert.equal(await exists(`${MAPS}/b`), false);
    });
  });

  describe('DELETE of a pod', () => {
    test('one on a node stays for its grace period, which may be shortened', async () => {
      await makePod('p', 'n1');
      const answer = await remove(`${PODS}/p`);
      assert.equal(textAt(answer.body, 'metadata', 'deletionTimestamp'), '2026-01-01T00:00:30Z');
      assert.equal(numberAt(answer.body, 'metadata', 'deletionGracePeriodSeconds'), 30);
      assert.equal(numberAt(answer.body, 'metadata', 'generation'), 2);
      const longer = await remove(`${PODS}/p`, { gracePeriodSeconds: 60 });
      assert.equal(numberAt(longer.body, 'metadata', 'deletionGracePeriodSeconds'), 30);
      const shorter = await remove(`${PODS}/p`, 'gracePeriodSeconds=5');
      assert.equal(numberAt(shorter.body, 'metadata', 'deletionGracePeriodSeconds'), 5);
      assert.equal(numberAt(shorter.body, 'metadata', 'generation'), 2);
      const gone = await remove(`${PODS}/p`, { gracePeriodSeconds: 0 });
      assert.equal(numberAt(gone.body, 'metadata', 'deletionGracePeriodSeconds'), 0);
      assert.equal(await exists(`${PODS}/p`), false);
    });

    test('one without a node goes at once, and its last state is marked', async () => {
      await makePod('p', '');
      const answer = await remove(`${PODS}/p`);
      assert.equal(textAt(answer.body, 'metadata', 'deletionTimestamp'), '2026-01-01T00:00:00Z');
      assert.equal(await exists(`${PODS}/p`), false);
    });

    test('at its end finalizers hold it all the same', async () => {
      await makePod('p', 'n1', ['example.com/x']);
      await remove(`${PODS}/p`, { gracePeriodSeconds: 0 });
      assert.equal(await exists(`${PODS}/p`), true);
      await cluster.call('PATCH', `${PODS}/p`, {
        type: 'application/merge-patch+json',
        body: { metadata: { finalizers: null } },
      });
      assert.equal(await exists(`${PODS}/p`), false);
    });

    test('a grace period beyond all times ends with them', async () => {
      await makePod('p', 'n1');
      const answer = await remove(`${PODS}/p`, { gracePeriodSeconds: 1e15 });
      assert.equal(textAt(answer.body, 'metadata', 'deletionTimestamp'), '9999-12-31T23:59:59Z');
    });
  });

  describe('DELETE with preconditions', () => {
    test('deletes what they say, and nothing else', async () => {
      const made = await make(MAPS, 'a');
      const uid = textAt(made, 'metadata', 'uid');
      const wrong = await remove(`${MAPS}/a`, { preconditions: { uid: 'other' } });
      assert.equal(wrong.status, 409);
      assert.equal(
        textAt(wrong.body, 'message'),
        `Operation cannot be fulfilled on ConfigMap "a": the UID in the precondition (other) does not match the UID in record (${uid}). The object might have been deleted and then recreated`,
      );
      assert.equal((await remove(`${MAPS}/a`, { preconditions: { uid: '' } })).status, 409);
      assert.equal((await remove(`${MAPS}/a`, { preconditions: { resourceVersion: '1' } })).status, 409);
      const resourceVersion = textAt(made, 'metadata', 'resourceVersion');
      assert.equal((await remove(`${MAPS}/a`, { preconditions: { uid, resourceVersion } })).status, 200);
    });

    const unreadable: Readonly<Record<string, JsonObject>> = {
      'a uid that is a number': { preconditions: { uid: 5 } },
      'preconditions that are a text': { preconditions: 'uid' },
      'a grace period that is a text': { gracePeriodSeconds: 'x' },
      'another object': { apiVersion: 'v1', kind: 'Pod' },
      'a flag that is a text': { orphanDependents: 'true' },
    };
    for (const [what, options] of Object.entries(unreadable)) {
      test(`${what} is refused and not taken for nothing`, async () => {
        await make(MAPS, 'a');
        assert.equal((await remove(`${MAPS}/a`, options)).status, 400);
        assert.equal(await exists(`${MAPS}/a`), true);
      });
    }

    test('policies that contradict each other, or are none, are refused', async () => {
      await make(MAPS, 'a');
      for (const options of [
        { propagationPolicy: 'Never' },
        { propagationPolicy: 'Orphan', orphanDependents: true },
        { dryRun: ['Some'] },
      ]) {
        assert.equal((await remove(`${MAPS}/a`, options)).status, 422);
      }
    });
  });

  describe('DELETE of a collection', () => {
    test('deletes what is selected, and answers with it', async () => {
      for (const name of ['a', 'b', 'c']) await make(MAPS, name, name === 'b' ? ['example.com/x'] : []);
      const answer = await remove(MAPS, 'fieldSelector=metadata.name!=c');
      assert.deepEqual(
        (answer.body['items'] as JsonObject[]).map((item) => textAt(item, 'metadata', 'name')),
        ['a', 'b'],
      );
      assert.equal(await exists(`${MAPS}/a`), false);
      const held = await cluster.call('GET', `${MAPS}/b`);
      assert.equal(textAt(held.body, 'metadata', 'deletionTimestamp'), '2026-01-01T00:00:00Z');
      assert.equal(await exists(`${MAPS}/c`), true);
    });
  });

  describe('DELETE of a namespace', () => {
    test('marks it as terminating, and nothing new can be made in it', async () => {
      const answer = await remove('/api/v1/namespaces/other');
      assert.equal(textAt(answer.body, 'status', 'phase'), 'Terminating');
      assert.equal(valueAt(answer.body, 'metadata', 'deletionGracePeriodSeconds'), undefined);
      assert.deepEqual((await remove('/api/v1/namespaces/other')).body, answer.body);
      const refused = await cluster.call('POST', '/api/v1/namespaces/other/configmaps', {
        body: { metadata: { name: 'a' } },
      });
      assert.equal(refused.status, 403);
      assert.deepEqual(objectAt(refused.body, 'details')?.['causes'], [
        {
          reason: 'NamespaceTerminating',
          message: 'namespace other is being terminated',
          field: 'metadata.namespace',
        },
      ]);
    });

    test('that of the system stay', async () => {
      assert.equal((await remove('/api/v1/namespaces/default')).status, 403);
    });
  });
});
