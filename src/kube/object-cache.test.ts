import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ChangeFeed } from './change-feed.ts';
import { ObjectCache, labelIndex, type Change } from './object-cache.ts';
import type { KubeObject } from './resource-type.ts';

interface Thing extends KubeObject {
  readonly color?: string;
}

function thing(
  name: string,
  version: number,
  facts: { uid?: string; color?: string; namespace?: string } = {},
): Thing {
  const { uid = `uid-${name}`, color = 'red', namespace = 'n' } = facts;
  return {
    metadata: { name, namespace, uid, resourceVersion: String(version), labels: { color } },
    color,
  };
}

const told = (changes: readonly Change<Thing>[]): string[] =>
  changes.map(({ type, object }) => `${type} ${object.metadata.name} ${object.metadata.resourceVersion}`);

test('ObjectCache tells what changed, and nothing of what is known', () => {
  const cache = new ObjectCache<Thing>();
  assert.deepEqual(told(cache.put(thing('a', 1))), ['added a 1']);
  assert.deepEqual(told(cache.put(thing('a', 1))), []);
  assert.deepEqual(told(cache.put(thing('a', 2))), ['updated a 2']);
  assert.deepEqual(told(cache.remove({ namespace: 'n', name: 'a' }, thing('a', 3))), ['deleted a 3']);
  assert.deepEqual(told(cache.remove({ namespace: 'n', name: 'a' })), []);
});

test('ObjectCache tells of an object that was replaced by another of its name', () => {
  const cache = new ObjectCache<Thing>();
  cache.put(thing('a', 1));
  assert.deepEqual(told(cache.put(thing('a', 5, { uid: 'other' }))), ['deleted a 1', 'added a 5']);
});

test('ObjectCache.replace() tells the difference only', () => {
  const cache = new ObjectCache<Thing>();
  cache.replace([thing('a', 1), thing('b', 2), thing('c', 3)]);
  const changes = cache.replace([thing('a', 1), thing('c', 4), thing('d', 5)]);
  assert.deepEqual(told(changes), ['deleted b 2', 'updated c 4', 'added d 5']);
});

test('ObjectCache.byIndex() finds what an index gives, as objects change', () => {
  const cache = new ObjectCache<Thing>({
    label: labelIndex('color'),
    initial: ({ metadata }) => [metadata.name![0]!],
  });
  cache.replace([
    thing('apple', 1),
    thing('avocado', 2, { color: 'green' }),
    thing('beet', 3, { namespace: 'm' }),
  ]);
  const names = (index: string, value: string) =>
    cache.byIndex(index, value).map(({ metadata }) => metadata.name);
  assert.deepEqual(names('initial', 'a'), ['apple', 'avocado']);
  assert.deepEqual(names('label', 'red'), ['apple', 'beet']);
  assert.deepEqual(cache.inNamespace('m').length, 1);
  cache.put(thing('apple', 4, { color: 'green' }));
  cache.remove({ namespace: 'm', name: 'beet' });
  assert.deepEqual(names('label', 'red'), []);
  assert.deepEqual(new Set(names('label', 'green')), new Set(['apple', 'avocado']));
  assert.throws(() => cache.byIndex('nope', ''), RangeError);
});

test('ChangeFeed: a consumer ends with what a cache has, however slow it is, and holds one entry per object', async () => {
  const change = fc.record({
    name: fc.constantFrom('a', 'b', 'c'),
    kind: fc.constantFrom('put', 'put', 'remove', 'recreate', 'read'),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(change, { maxLength: 60 }), async (steps) => {
      const cache = new ObjectCache<Thing>();
      const feed = new ChangeFeed<Thing>();
      const consumer = new Map<string, string>();
      const changes = feed[Symbol.asyncIterator]();
      let lives = 0;
      let version = 0;
      const uids = new Map<string, string>();
      const read = async (): Promise<void> => {
        const { value } = await changes.next();
        if (value === undefined) return;
        const { name, uid, resourceVersion } = value.object.metadata;
        const had = consumer.get(name!);
        if (value.type === 'added') {
          assert.equal(had, undefined, 'an addition of what is not there');
          consumer.set(name!, `${uid} ${resourceVersion}`);
        } else if (value.type === 'updated') {
          assert.equal(had?.split(' ')[0], uid);
          consumer.set(name!, `${uid} ${resourceVersion}`);
        } else {
          assert.equal(had?.split(' ')[0], uid);
          consumer.delete(name!);
        }
      };
      for (const { name, kind } of steps) {
        version += 1;
        if (kind === 'read') {
          if (feed.size > 0) await read();
        } else if (kind === 'remove') {
          for (const told of cache.remove({ namespace: 'n', name })) feed.push(told);
        } else {
          if (kind === 'recreate' || !uids.has(name)) uids.set(name, `uid-${(lives += 1)}`);
          for (const told of cache.put(thing(name, version, { uid: uids.get(name)! }))) feed.push(told);
        }
        assert.ok(feed.size <= 3);
      }
      feed.close();
      for (let count = 0; count < 10; count += 1) await read();
      const expected = [...cache.values()].map(
        ({ metadata }) => [metadata.name!, `${metadata.uid} ${metadata.resourceVersion}`] as const,
      );
      assert.deepEqual(consumer, new Map(expected));
    }),
  );
});
