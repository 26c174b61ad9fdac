import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { objectAt, textAt, valueAt, type JsonObject } from '../../schema/index.ts';
import { conditionOf, hasCondition } from '../kinds/index.ts';
import { TestCluster, gadgets } from '../test-cluster.ts';
import { DefinitionController } from './definition-controller.ts';
import { TestDriver } from './test-driver.ts';

let cluster: TestCluster;
let driver: TestDriver;
const DEFINITIONS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
const GADGETS = '/apis/lab.example.com/v1/namespaces/default/gadgets';

/** A definition of the same group with these names. */
function definition(plural: string, names: JsonObject = {}, group = 'lab.example.com'): JsonObject {
  const { spec, ...rest } = gadgets() as { spec: JsonObject } & JsonObject;
  const kind = plural.charAt(0).toUpperCase() + plural.slice(1);
  return {
    ...rest,
    metadata: {
      name: `${plural}.${group}`,
      annotations: { 'api-approved.kubernetes.io': 'unapproved, a test' },
    },
    spec: {
      ...spec,
      group,
      names: { plural, singular: `${plural}-one`, kind, listKind: `${kind}List`, ...names },
    },
  };
}

async function define(object: JsonObject): Promise<void> {
  const answer = await cluster.call('POST', DEFINITIONS, { body: object });
  assert.equal(answer.status, 201, answer.text);
  await driver.settle();
}

async function stored(object: JsonObject): Promise<JsonObject> {
  return (await cluster.call('GET', `${DEFINITIONS}/${textAt(object, 'metadata', 'name')}`)).body;
}

async function served(path: string): Promise<boolean> {
  return (await cluster.call('GET', path)).status === 200;
}

function makeGadget(name: string, finalizers: readonly string[] = []): Promise<{ readonly status: number }> {
  const body = { apiVersion: 'lab.example.com/v1', kind: 'Gadget', metadata: { name, finalizers }, spec: {} };
  return cluster.call('POST', GADGETS, { body });
}

describe('the definition controller', () => {
  beforeEach(async () => {
    cluster = await TestCluster.open();
    driver = new TestDriver(cluster, (support) => [new DefinitionController(support)]);
  });

  afterEach(() => {
    driver.stop();
    cluster.close();
  });

  describe('A definition', () => {
    test('is served once it is established, and not before', async () => {
      assert.equal(await served(GADGETS), false);
      await define(gadgets());
      assert.equal(await served(GADGETS), true);
      const { body } = await cluster.call('GET', `${DEFINITIONS}/gadgets.lab.example.com`);
      assert.deepEqual(
        ['NamesAccepted', 'Established'].map((type) => {
          const { status, reason, message, lastTransitionTime } = conditionOf(body, type) ?? {};
          return [status, reason, message, lastTransitionTime];
        }),
        [
          ['True', 'NoConflicts', 'no conflicts found', '2026-01-01T00:00:00Z'],
          ['True', 'InitialNamesAccepted', 'the initial names have been accepted', '2026-01-01T00:00:00Z'],
        ],
      );
      assert.deepEqual(valueAt(body, 'status', 'acceptedNames'), valueAt(body, 'spec', 'names'));
      assert.deepEqual(valueAt(body, 'status', 'storedVersions'), ['v1']);
    });

    test('that does not change is not written again, nor are its kinds made anew', async () => {
      await define(gadgets());
      const kind = cluster.kind('lab.example.com/v1', 'Gadget');
      cluster.now += 3_600_000;
      assert.equal(await driver.writesAtRest(), 0);
      await define(definition('widgets'));
      assert.equal(cluster.kind('lab.example.com/v1', 'Gadget'), kind);
    });

    test('that changes is served as it is now', async () => {
      await define(gadgets());
      const old = await stored(gadgets());
      const next = gadgets({ required: ['note'] });
      const metadata = objectAt(old, 'metadata')!;
      await cluster.call('PUT', `${DEFINITIONS}/gadgets.lab.example.com`, { body: { ...next, metadata } });
      await driver.settle();
      assert.equal((await makeGadget('g')).status, 422);
    });

    test('with more versions is served in all that are to be', async () => {
      const { spec, ...rest } = gadgets() as { spec: { versions: JsonObject[] } & JsonObject } & JsonObject;
      const [v1] = spec.versions;
      const versions = [
        { ...v1!, storage: false },
        { ...v1!, name: 'v2' },
        { ...v1!, name: 'v3', served: false, storage: false },
      ];
      await define({ ...rest, spec: { ...spec, versions } });
      await makeGadget('g');
      const { body } = await cluster.call('GET', GADGETS.replace('v1', 'v2'));
      assert.equal(textAt((body['items'] as JsonObject[])[0], 'apiVersion'), 'lab.example.com/v2');
      assert.equal(await served(GADGETS.replace('v1', 'v3')), false);
      assert.deepEqual(valueAt(await stored(gadgets()), 'status', 'storedVersions'), ['v2']);
    });
  });

  describe('Names', () => {
    const clashes: Readonly<Record<string, readonly [names: JsonObject, reason: string, taken: string]>> = {
      kind: [{ kind: 'Gadget' }, 'KindConflict', 'Gadget'],
      listKind: [{ listKind: 'GadgetList' }, 'ListKindConflict', 'GadgetList'],
      singular: [{ singular: 'gadget' }, 'SingularConflict', 'gadget'],
      'shortNames, which are one with plurals,': [
        { shortNames: ['gadgets'] },
        'ShortNamesConflict',
        'gadgets',
      ],
    };
    for (const [what, [names, reason, taken]] of Object.entries(clashes)) {
      test(`a definition whose ${what} is taken waits until the other is gone`, async () => {
        await define(gadgets());
        const other = definition('widgets', names);
        await define(other);
        const waiting = await stored(other);
        assert.equal(hasCondition(waiting, 'Established'), false);
        const condition = conditionOf(waiting, 'NamesAccepted');
        assert.equal(textAt(condition, 'reason'), reason);
        assert.equal(textAt(condition, 'message'), `"${taken}" is already in use`);
        assert.equal(await served('/apis/lab.example.com/v1/namespaces/default/widgets'), false);
        assert.equal(await served(GADGETS), true);
        await cluster.call('DELETE', `${DEFINITIONS}/gadgets.lab.example.com`);
        await driver.settle();
        assert.equal(hasCondition(await stored(other), 'Established'), true);
        assert.equal(await served('/apis/lab.example.com/v1/namespaces/default/widgets'), true);
      });
    }

    test('of two definitions that come at once the older one has them', async () => {
      cluster.now += 1000;
      await cluster.call('POST', DEFINITIONS, { body: definition('widgets', { kind: 'Same' }) });
      cluster.now += 1000;
      await cluster.call('POST', DEFINITIONS, { body: definition('gadgets', { kind: 'Same' }) });
      await driver.settle();
      assert.equal(hasCondition(await stored(definition('widgets')), 'Established'), true);
      assert.equal(hasCondition(await stored(definition('gadgets')), 'Established'), false);
    });

    test('another group has its own', async () => {
      await define(gadgets());
      await define(definition('gadgets', { kind: 'Gadget' }, 'else.example.com'));
      assert.equal(await served('/apis/else.example.com/v1/namespaces/default/gadgets'), true);
    });

    test('an established definition that wants a taken name keeps the one it has', async () => {
      await define(gadgets());
      const other = definition('widgets');
      await define(other);
      await cluster.call('PATCH', `${DEFINITIONS}/widgets.lab.example.com`, {
        type: 'application/merge-patch+json',
        body: { spec: { names: { listKind: 'GadgetList' } } },
      });
      await driver.settle();
      const { body } = await cluster.call('GET', '/apis/lab.example.com/v1/namespaces/default/widgets');
      assert.equal(body['kind'], 'WidgetsList');
      assert.equal(hasCondition(await stored(other), 'NamesAccepted'), false);
    });
  });

  describe('A definition of what is built in', () => {
    test('is not served, and takes nothing with it when it goes', async () => {
      const roles = '/apis/rbac.authorization.k8s.io/v1/clusterroles';
      await cluster.call('POST', roles, { body: { metadata: { name: 'r' }, rules: [] } });
      const rogue = definition('clusterroles', { kind: 'Rogue' }, 'rbac.authorization.k8s.io');
      await define({ ...rogue, spec: { ...objectAt(rogue, 'spec'), scope: 'Cluster' } });
      assert.equal((await cluster.call('GET', roles)).body['kind'], 'ClusterRoleList');
      assert.equal(hasCondition(await stored(rogue), 'Established'), false);
      await cluster.call('DELETE', `${DEFINITIONS}/clusterroles.rbac.authorization.k8s.io`);
      await driver.settle();
      assert.equal((await stored(rogue))['kind'], 'Status');
      assert.equal(await served(`${roles}/r`), true);
    });
  });

  describe('DELETE of a definition', () => {
    test('removes its objects, and then itself', async () => {
      await define(gadgets());
      for (const name of ['a', 'b', 'c']) await makeGadget(name);
      const { body } = await cluster.call('DELETE', `${DEFINITIONS}/gadgets.lab.example.com`);
      assert.equal(hasCondition(body, 'Terminating'), true);
      await driver.settle();
      assert.equal((await stored(gadgets()))['kind'], 'Status');
      assert.equal(await served(GADGETS), false);
      assert.deepEqual(cluster.store.list('lab.example.com/gadgets'), []);
    });

    test('removes its objects also where no version of them is served any more', async () => {
      await define(gadgets());
      await makeGadget('g');
      await cluster.call('PATCH', `${DEFINITIONS}/gadgets.lab.example.com`, {
        type: 'application/json-patch+json',
        body: [{ op: 'replace', path: '/spec/versions/0/served', value: false }],
      });
      await driver.settle();
      assert.equal(await served(GADGETS), false);
      await cluster.call('DELETE', `${DEFINITIONS}/gadgets.lab.example.com`);
      await driver.settle();
      assert.equal((await stored(gadgets()))['kind'], 'Status');
      assert.deepEqual(cluster.store.list('lab.example.com/gadgets'), []);
    });

    test('many objects go in portions', async () => {
      await define(gadgets());
      const kind = cluster.kind('lab.example.com/v1', 'Gadget');
      await cluster.store.transact(() => {
        for (let index = 0; index < 1200; index++)
          cluster.client.create(kind, {
            apiVersion: 'lab.example.com/v1',
            kind: 'Gadget',
            metadata: { name: `g${index}`, namespace: 'default' },
          });
      });
      await cluster.call('DELETE', `${DEFINITIONS}/gadgets.lab.example.com`);
      await driver.settle();
      assert.deepEqual(cluster.store.list('lab.example.com/gadgets'), []);
      assert.equal((await stored(gadgets()))['kind'], 'Status');
    });

    test('waits for what finalizers hold; nothing new can be made meanwhile', async () => {
      await define(gadgets());
      await makeGadget('g', ['example.com/x']);
      await cluster.call('DELETE', `${DEFINITIONS}/gadgets.lab.example.com`);
      await driver.settle();
      const waiting = await stored(gadgets());
      assert.equal(textAt(conditionOf(waiting, 'Terminating'), 'reason'), 'InstanceDeletionInProgress');
      assert.equal((await makeGadget('h')).status, 405);
      const applied = await cluster.call('PATCH', `${GADGETS}/h?fieldManager=m`, {
        type: 'application/apply-patch+yaml',
        body: { apiVersion: 'lab.example.com/v1', kind: 'Gadget', metadata: { name: 'h' } },
      });
      assert.equal(applied.status, 405, applied.text);
      assert.equal(await driver.writesAtRest(), 0);
      await cluster.call('PATCH', `${GADGETS}/g`, {
        type: 'application/merge-patch+json',
        body: { metadata: { finalizers: null } },
      });
      await driver.settle();
      assert.equal((await stored(gadgets()))['kind'], 'Status');
    });

    test('defined again, it begins anew', async () => {
      await define(gadgets());
      await makeGadget('g');
      await cluster.call('DELETE', `${DEFINITIONS}/gadgets.lab.example.com`);
      await driver.settle();
      await define(gadgets());
      assert.deepEqual((await cluster.call('GET', GADGETS)).body['items'], []);
      assert.equal((await makeGadget('g')).status, 201);
    });
  });

  describe('A watch', () => {
    test('sees the objects go whose definition is deleted, and ends where the kind is another', async () => {
      await define(gadgets());
      await makeGadget('g');
      const watch = await cluster.watch(`${GADGETS}?watch=1&resourceVersion=${cluster.store.revision}`);
      await cluster.call('DELETE', `${DEFINITIONS}/gadgets.lab.example.com`);
      await driver.settle();
      await define(gadgets({ required: ['note'] }));
      assert.deepEqual(watch.pull(), { lines: '', hasMore: false, isEnded: true });
    });

    test('of a kind that ends goes on to the last object', async () => {
      await define(gadgets());
      await makeGadget('g', ['example.com/x']);
      const watch = await cluster.watch(`${GADGETS}?watch=1&resourceVersion=${cluster.store.revision}`);
      await cluster.call('DELETE', `${DEFINITIONS}/gadgets.lab.example.com`);
      await driver.settle();
      assert.match(watch.pull().lines.toString(), /^\{"type":"MODIFIED",/);
    });
  });

  test('After a restart all that is established is served before anything else happens', async () => {
    await define(gadgets());
    cluster.serve();
    assert.equal(await served(GADGETS), false);
    const again = new TestDriver(cluster, (support) => [new DefinitionController(support)]);
    const revision = cluster.store.revision;
    await again.settle();
    again.stop();
    assert.equal(await served(GADGETS), true);
    assert.equal(cluster.store.revision, revision);
  });
});
