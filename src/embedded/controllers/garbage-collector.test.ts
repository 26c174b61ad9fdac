import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import fc from 'fast-check';
import { listAt, objectsAt, textAt, textsAt, valueAt, type JsonObject } from '../../schema/index.ts';
import { TestCluster, gadgets } from '../test-cluster.ts';
import { GarbageCollector } from './garbage-collector.ts';
import { TestDriver } from './test-driver.ts';

let cluster: TestCluster;
let driver: TestDriver;

interface OwnerOptions {
  readonly blocks?: boolean;
  readonly uid?: string;
}

/** A reference to this object. */
function ownedBy(owner: JsonObject, { blocks = false, uid }: OwnerOptions = {}): JsonObject {
  return {
    apiVersion: textAt(owner, 'apiVersion'),
    kind: textAt(owner, 'kind'),
    name: textAt(owner, 'metadata', 'name'),
    uid: uid ?? textAt(owner, 'metadata', 'uid'),
    ...(blocks ? { blockOwnerDeletion: true } : {}),
  };
}

function configMap(name: string, metadata: JsonObject = {}): JsonObject {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: 'default', ...metadata } };
}

function map(name: string, ...ownerReferences: readonly JsonObject[]): Promise<JsonObject> {
  return cluster.create(configMap(name, { ownerReferences: [...ownerReferences] }));
}

async function remove(object: JsonObject, policy?: string): Promise<void> {
  const name = textAt(object, 'metadata', 'name');
  const path = textAt(object, 'kind') === 'Node' ? '/api/v1/nodes' : '/api/v1/namespaces/default/configmaps';
  const query = policy === undefined ? '' : `?propagationPolicy=${policy}`;
  assert.equal((await cluster.call('DELETE', `${path}/${name}${query}`)).status, 200);
}

function exists(...objects: readonly JsonObject[]): boolean[] {
  return objects.map((object) => cluster.get(object) !== undefined);
}

describe('the garbage collector', () => {
  beforeEach(async () => {
    cluster = await TestCluster.open();
    driver = new TestDriver(cluster, (support) => [new GarbageCollector(support)]);
  });

  afterEach(() => {
    assert.deepEqual(driver.reports, []);
    driver.stop();
    cluster.close();
  });

  describe('Background deletion', () => {
    test('takes the dependants with the owner, and theirs with them', async () => {
      const owner = await map('owner');
      const child = await map('child', ownedBy(owner));
      const grandchild = await map('grandchild', ownedBy(child));
      const stranger = await map('stranger');
      await driver.settle();
      assert.deepEqual(exists(owner, child, grandchild), [true, true, true]);
      await remove(owner);
      await driver.settle();
      assert.deepEqual(exists(owner, child, grandchild, stranger), [false, false, false, true]);
    });

    test('leaves what another owner holds, without the reference to the one that is gone', async () => {
      const [first, second] = [await map('first'), await map('second')];
      const child = await map('child', ownedBy(first), ownedBy(second));
      await remove(first);
      await driver.settle();
      assert.deepEqual(listAt(cluster.get(child), 'metadata', 'ownerReferences'), [ownedBy(second)]);
      await remove(second);
      await driver.settle();
      assert.deepEqual(exists(child), [false]);
    });

    test('a circle is gone with any of it', async () => {
      const first = await map('first');
      const second = await map('second', ownedBy(first));
      await cluster.change(first, (next) => {
        next['metadata'] = { ...(next['metadata'] as JsonObject), ownerReferences: [ownedBy(second)] };
      });
      await remove(first);
      await driver.settle();
      assert.deepEqual(exists(first, second), [false, false]);
    });

    test('what has finalizers stays until they are gone', async () => {
      const owner = await map('owner');
      const child = await cluster.create(
        configMap('child', { ownerReferences: [ownedBy(owner)], finalizers: ['example.com/x'] }),
      );
      await remove(owner);
      await driver.settle();
      assert.notEqual(textAt(cluster.get(child), 'metadata', 'deletionTimestamp'), '');
      await cluster.change(child, (next) => delete (next['metadata'] as JsonObject)['finalizers']);
      assert.deepEqual(exists(child), [false]);
    });
  });

  describe('An owner that is not there', () => {
    test('has its dependants deleted at once', async () => {
      const child = await map('child', ownedBy(configMap('never', { uid: 'x' })));
      await driver.settle();
      assert.deepEqual(exists(child), [false]);
    });

    test('is not the one that was made again under its name', async () => {
      const owner = await map('owner');
      const child = await map('child', ownedBy(owner));
      await driver.settle();
      await remove(owner);
      await map('owner');
      await driver.settle();
      assert.deepEqual(exists(owner, child), [true, false]);
    });

    test('is looked for in the namespace of the dependant', async () => {
      const owner = await map('owner');
      const far = await cluster.create(
        configMap('far', { namespace: 'other', ownerReferences: [ownedBy(owner)] }),
      );
      await driver.settle();
      assert.deepEqual(exists(owner, far), [true, false]);
    });

    test('an owner in no namespace owns in all of them', async () => {
      const node = await cluster.create({ apiVersion: 'v1', kind: 'Node', metadata: { name: 'n' } });
      const near = await map('near', ownedBy(node));
      const far = await cluster.create(
        configMap('far', { namespace: 'other', ownerReferences: [ownedBy(node)] }),
      );
      await driver.settle();
      assert.deepEqual(exists(near, far), [true, true]);
      await remove(node);
      await driver.settle();
      assert.deepEqual(exists(near, far), [false, false]);
    });

    test('of an object in no namespace cannot be looked for in one: the object stays', async () => {
      const owner = await map('owner');
      const node = await cluster.create({
        apiVersion: 'v1',
        kind: 'Node',
        metadata: { name: 'n', ownerReferences: [ownedBy(owner)] },
      });
      await driver.settle();
      await remove(owner);
      await driver.settle();
      assert.deepEqual(exists(node), [true]);
    });

    test('of a kind that is not served holds, until the kind is served and the owner not found', async () => {
      const gadget = { apiVersion: 'lab.example.com/v1', kind: 'Gadget', metadata: { name: 'g', uid: 'x' } };
      const child = await map('child', ownedBy(gadget));
      await driver.settle();
      assert.deepEqual(exists(child), [true]);
      cluster.serve(gadgets());
      await driver.settle();
      assert.deepEqual(exists(child), [false]);
    });

    test('of a kind that came later is found', async () => {
      cluster.serve(gadgets());
      const gadget = await cluster.create({
        apiVersion: 'lab.example.com/v1',
        kind: 'Gadget',
        metadata: { name: 'g', namespace: 'default' },
      });
      const child = await map('child', ownedBy(gadget));
      await driver.settle();
      assert.deepEqual(exists(child), [true]);
      await cluster.store.transact(() =>
        cluster.client.delete(cluster.kind('lab.example.com/v1', 'Gadget'), gadget),
      );
      await driver.settle();
      assert.deepEqual(exists(child), [false]);
    });

    test('what was true once is not acted upon: the dependant has let go of it meanwhile', async () => {
      const owner = await map('owner');
      const child = await map('child', ownedBy(owner));
      await driver.settle();
      await remove(owner);
      await cluster.change(child, (next) => delete (next['metadata'] as JsonObject)['ownerReferences']);
      await driver.settle();
      assert.deepEqual(exists(child), [true]);
    });
  });

  describe('Foreground deletion', () => {
    test('waits for the dependants that block it', async () => {
      const owner = await map('owner');
      const child = await cluster.create(
        configMap('child', {
          ownerReferences: [ownedBy(owner, { blocks: true })],
          finalizers: ['example.com/x'],
        }),
      );
      const free = await map('free', ownedBy(owner));
      await driver.settle();
      await remove(owner, 'Foreground');
      await driver.settle();
      assert.deepEqual(exists(owner, child, free), [true, true, false]);
      await cluster.change(child, (next) => delete (next['metadata'] as JsonObject)['finalizers']);
      await driver.settle();
      assert.deepEqual(exists(owner, child), [false, false]);
    });

    test('waits for no dependant that does not block it', async () => {
      const owner = await map('owner');
      const child = await cluster.create(
        configMap('child', { ownerReferences: [ownedBy(owner)], finalizers: ['example.com/x'] }),
      );
      await remove(owner, 'Foreground');
      await driver.settle();
      assert.deepEqual(exists(owner, child), [false, true]);
    });

    test('goes down the line: the last go first', async () => {
      const owner = await map('owner');
      const child = await map('child', ownedBy(owner, { blocks: true }));
      const grandchild = await cluster.create(
        configMap('grandchild', {
          ownerReferences: [ownedBy(child, { blocks: true })],
          finalizers: ['example.com/x'],
        }),
      );
      await driver.settle();
      await remove(owner, 'Foreground');
      await driver.settle();
      assert.deepEqual(textsAt(cluster.get(child), 'metadata', 'finalizers'), ['foregroundDeletion']);
      assert.deepEqual(exists(owner, child, grandchild), [true, true, true]);
      await cluster.change(grandchild, (next) => delete (next['metadata'] as JsonObject)['finalizers']);
      await driver.settle();
      assert.deepEqual(exists(owner, child, grandchild), [false, false, false]);
    });

    test('a dependant that another owner holds lets go of this one', async () => {
      const [first, second] = [await map('first'), await map('second')];
      const child = await map('child', ownedBy(first, { blocks: true }), ownedBy(second));
      await driver.settle();
      await remove(first, 'Foreground');
      await driver.settle();
      assert.deepEqual(exists(first, child), [false, true]);
      assert.deepEqual(listAt(cluster.get(child), 'metadata', 'ownerReferences'), [ownedBy(second)]);
    });

    test('a circle in which each blocks the other is gone all the same', async () => {
      const first = await map('first');
      const second = await map('second', ownedBy(first, { blocks: true }));
      const third = await map('third', ownedBy(second, { blocks: true }));
      await cluster.change(first, (next) => {
        const ownerReferences = [ownedBy(third, { blocks: true })];
        next['metadata'] = { ...(next['metadata'] as JsonObject), ownerReferences };
      });
      await driver.settle();
      await remove(first, 'Foreground');
      await driver.settle();
      assert.deepEqual(exists(first, second, third), [false, false, false]);
    });

    test('so is one of which a person deletes each, and what owns itself', async () => {
      const first = await map('first');
      const second = await map('second', ownedBy(first, { blocks: true }));
      const self = await map('self');
      for (const [object, owner] of [
        [first, second],
        [self, self],
      ] as const) {
        const ownerReferences = [ownedBy(owner, { blocks: true })];
        await cluster.change(object, (next) => {
          next['metadata'] = { ...(next['metadata'] as JsonObject), ownerReferences };
        });
      }
      for (const object of [first, second, self]) await remove(object, 'Foreground');
      await driver.settle();
      assert.deepEqual(exists(first, second, self), [false, false, false]);
    });

    test('an owner without dependants goes at once', async () => {
      const owner = await map('owner');
      await remove(owner, 'Foreground');
      await driver.settle();
      assert.deepEqual(exists(owner), [false]);
    });
  });

  describe('Orphaning', () => {
    test('the dependants stay, and forget their owner', async () => {
      const owner = await map('owner');
      const [first, second] = [
        await map('a', ownedBy(owner, { blocks: true })),
        await map('b', ownedBy(owner)),
      ];
      await driver.settle();
      await remove(owner, 'Orphan');
      await driver.settle();
      assert.deepEqual(exists(owner, first, second), [false, true, true]);
      assert.equal(valueAt(cluster.get(first), 'metadata', 'ownerReferences'), undefined);
    });

    test('many dependants are let go of in portions', async () => {
      const owner = await map('owner');
      for (let index = 0; index < 600; index++) await map(`c${index}`, ownedBy(owner));
      await remove(owner, 'Orphan');
      await driver.settle();
      assert.equal(cluster.store.count('configmaps'), 600);
      assert.ok(
        cluster.store.list('configmaps').every(({ text }) => !text.includes('ownerReferences')),
        'none refers to it any more',
      );
    });
  });

  test('What failed is told of, tried again later, and keeps nothing else', async () => {
    const owner = await map('owner');
    // An object that was written by other rules than today's: no update of it passes.
    const metadata = { name: 'bad', namespace: 'default', uid: 'u', labels: { '-': '-' } };
    await cluster.store.transact(() =>
      cluster.store.put({ storage: 'configmaps', namespace: 'default', name: 'bad' }, () => ({
        text: JSON.stringify({
          metadata: { ...metadata, ownerReferences: [ownedBy(owner), ownedBy(owner, { uid: 'x' })] },
        }),
        labels: {},
        fields: {},
      })),
    );
    const child = await map('child', ownedBy(owner, { uid: 'gone' }));
    assert.equal(await driver.settle(), 1000);
    assert.deepEqual(exists(child), [false]);
    assert.match(
      driver.reports.splice(0)[0] ?? '',
      /^controller garbage-collector cannot do its work on configmaps default bad \(attempt 1\): /,
    );
    cluster.now += 1000;
    assert.equal(await driver.settle(), 2000);
    driver.reports.splice(0);
  });

  test('At rest it writes nothing', async () => {
    const owner = await map('owner');
    await map('child', ownedBy(owner), ownedBy(owner));
    await cluster.create(configMap('note', { annotations: { note: '"foregroundDeletion" and "orphan"' } }));
    assert.equal(await driver.writesAtRest(), 0);
  });

  test('Whatever is deleted, and how: in the end nobody refers to what is gone, and nobody waits', async () => {
    let run = 0;
    const edge = fc.record({ from: fc.nat(4), to: fc.nat(4), blocks: fc.boolean() });
    const deletion = fc.record({
      index: fc.nat(4),
      policy: fc.constantFrom('Background', 'Foreground', 'Orphan'),
      settles: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(edge, { maxLength: 8 }),
        fc.array(deletion, { minLength: 1, maxLength: 4 }),
        async (edges, deletions) => {
          const objects: JsonObject[] = [];
          run++;
          for (const name of ['a', 'b', 'c', 'd', 'e']) objects.push(await map(`${name}-${run}`));
          for (const [index, object] of objects.entries()) {
            const ownerReferences = edges
              .filter(({ from }) => from === index)
              .map(({ to, blocks }) => ownedBy(objects[to]!, { blocks }));
            if (ownerReferences.length === 0) continue;
            await cluster.change(object, (next) => {
              next['metadata'] = { ...(next['metadata'] as JsonObject), ownerReferences };
            });
          }
          for (const { index, policy, settles } of deletions) {
            if (cluster.get(objects[index]!) !== undefined) await remove(objects[index]!, policy);
            if (settles) await driver.settle();
          }
          await driver.settle();
          const left = objects.map((object) => cluster.get(object)).filter((object) => object !== undefined);
          const uids = new Set(left.map((object) => textAt(object, 'metadata', 'uid')));
          for (const object of left) {
            assert.equal(textAt(object, 'metadata', 'deletionTimestamp'), '');
            for (const reference of objectsAt(object, 'metadata', 'ownerReferences'))
              assert.ok(uids.has(textAt(reference, 'uid')));
          }
        },
      ),
      { numRuns: 150 },
    );
  });
});
