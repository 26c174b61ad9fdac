import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { JsonObject } from '../../schema/index.ts';
import { builtInSchema } from '../documents/index.ts';
import { builtInKinds, type Kind } from '../kinds/index.ts';
import { openStore, type ObjectRecord, type Store, type StoredObject } from '../store/index.ts';
import type { ApiEnvironment } from './api-environment.ts';
import { KindRegistry } from './kind-registry.ts';
import { readListOptions } from './list-options.ts';
import { Watch } from './watch.ts';

interface World {
  readonly environment: ApiEnvironment;
  readonly store: Store;
  readonly kind: Kind;
}

function inWorld(run: (world: World) => Promise<void>): () => Promise<void> {
  return async () => {
    const directory = mkdtempSync(join(tmpdir(), 'watch-'));
    const store = openStore({ directory });
    const kinds = new KindRegistry(builtInKinds(builtInSchema));
    const kind = kinds.find('', 'v1', 'configmaps');
    assert.ok(kind !== undefined);
    const environment = { store, kinds, now: () => 0, uid: () => 'uid', random: () => 0 };
    try {
      await run({ environment, store, kind });
    } finally {
      store.close();
      rmSync(directory, { recursive: true });
    }
  };
}

/** Writes an object with this label, and so many bytes; without a label it is deleted. */
async function write(
  { store, kind }: World,
  namespace: string,
  name: string,
  label?: string,
  size = 0,
): Promise<void> {
  const key = { storage: kind.storage, namespace, name };
  await store.transact(() => {
    const old = store.get(key);
    const labels = label === undefined ? (old?.labels ?? {}) : { l: label };
    const record = (revision: number): ObjectRecord => {
      const metadata = { name, namespace, labels, resourceVersion: String(revision) };
      return { text: JSON.stringify({ metadata, data: { fill: 'x'.repeat(size) } }), labels, fields: {} };
    };
    if (label !== undefined) store.put(key, record);
    else if (old !== undefined) store.delete(key, record);
  });
}

interface SeenEvent {
  readonly type: string;
  readonly object: JsonObject & {
    readonly metadata: { namespace: string; name: string; resourceVersion: string; annotations?: JsonObject };
  };
}

function watchOf({ environment, kind }: World, query: string, namespace = ''): Watch {
  const options = readListOptions(kind, namespace, '', new URLSearchParams(query), true);
  return new Watch(environment, options, {
    as: 'object',
    encoding: 'json',
    includeObject: 'Metadata',
    pretty: false,
    now: 0,
  });
}

function pull(watch: Watch): { readonly events: SeenEvent[]; readonly hasMore: boolean } {
  const { lines, hasMore } = watch.pull();
  const events = lines
    .toString()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as SeenEvent);
  return { events, hasMore };
}

describe('Watch', () => {
  const operation = fc.record({
    namespace: fc.constantFrom('a', 'b', 'b-c'),
    name: fc.constantFrom('1', '2', '3', '4', '5', '6', '7', '8'),
    label: fc.constantFrom('x', 'y', undefined),
    // A portion holds one or two of the largest.
    size: fc.constantFrom(0, 10_000, 60_000),
    pulls: fc.nat(2),
  });
  const everything = { query: '', namespace: '', wants: (_object: StoredObject): boolean => true };
  const selections = fc.constantFrom(
    everything,
    { ...everything, namespace: 'b' },
    { ...everything, query: 'labelSelector=l%3Dx', wants: ({ labels }: StoredObject) => labels['l'] === 'x' },
    {
      ...everything,
      query: 'fieldSelector=metadata.name%3D1',
      wants: ({ name }: StoredObject) => name === '1',
    },
    {
      query: 'labelSelector=l%3Dx&fieldSelector=metadata.name%3D1',
      namespace: 'a',
      wants: ({ name, labels }: StoredObject) => name === '1' && labels['l'] === 'x',
    },
  );

  test('whenever it is read, the client ends with the state of the store, and sees each change once, in order', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(operation, { maxLength: 24 }),
        fc.array(operation, { maxLength: 24 }),
        selections,
        async (before, during, { query, namespace, wants }) => {
          await inWorld(async (world) => {
            const apply = (step: (typeof before)[number]): Promise<void> =>
              write(world, step.namespace, step.name, step.label, step.size);
            for (const step of before) await apply(step);
            const watch = watchOf(world, query, namespace);
            const state = new Map<string, string>();
            const newest = new Map<string, number>();
            const take = (): boolean => {
              const { events, hasMore } = pull(watch);
              for (const { type, object } of events) {
                const { metadata } = object;
                const key = `${metadata.namespace}/${metadata.name}`;
                const revision = Number(metadata.resourceVersion);
                assert.ok(revision > (newest.get(key) ?? 0), `${key} at ${revision} came twice or late`);
                newest.set(key, revision);
                assert.equal(state.has(key), type !== 'ADDED', `${type} of ${key}`);
                if (type === 'DELETED') state.delete(key);
                else state.set(key, metadata.resourceVersion);
              }
              return hasMore;
            };
            for (const step of during) {
              for (let index = 0; index < step.pulls; index++) take();
              await apply(step);
            }
            while (take());
            const expected = world.store
              .list(world.kind.storage, namespace === '' ? {} : { namespace })
              .filter(wants)
              .map((object) => [`${object.namespace}/${object.name}`, String(object.revision)]);
            assert.deepEqual(Object.fromEntries(state), Object.fromEntries(expected));
          })();
        },
      ),
      { numRuns: 40 },
    );
  });

  test(
    'never holds much more than it sends at a time, however much there is',
    inWorld(async (world) => {
      for (let index = 0; index < 60; index++) await write(world, 'a', `n${index}`, 'x', 20_000);
      const initial = watchOf(world, '');
      const since = watchOf(world, 'resourceVersion=1');
      for (const watch of [initial, since]) {
        let events = 0;
        for (;;) {
          const { lines, hasMore } = watch.pull();
          assert.ok(lines.length < 16 * 21_000, `${lines.length} bytes at once`);
          events += lines.toString().split('\n').length - 1;
          if (!hasMore) break;
        }
        assert.equal(events, 60);
      }
    }),
  );

  test(
    'the end of the initial objects is told when everything up to it has been sent',
    inWorld(async (world) => {
      for (let index = 0; index < 20; index++) await write(world, 'a', `n${index}`, 'x', 60_000);
      const watch = watchOf(
        world,
        'sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true',
      );
      const seen: SeenEvent[] = [...pull(watch).events];
      assert.ok(seen.length < 20);
      await write(world, 'a', 'n0', 'y');
      await write(world, 'z', 'late', 'x');
      for (let hasMore = true; hasMore;) {
        const pulled = pull(watch);
        seen.push(...pulled.events);
        ({ hasMore } = pulled);
      }
      const types = seen.map(({ type }) => type);
      assert.equal(types.filter((type) => type === 'ADDED').length, 21);
      assert.equal(types.indexOf('BOOKMARK'), 22);
      assert.deepEqual(seen[21]?.object.metadata.name, 'n0');
      const bookmark = seen.at(-1)?.object.metadata;
      assert.equal(bookmark?.resourceVersion, String(world.store.revision));
      assert.equal(bookmark.annotations?.['k8s.io/initial-events-end'], 'true');
    }),
  );

  test(
    'a watch from before what is known ends with 410',
    inWorld(async (world) => {
      await write(world, 'a', 'one', 'x');
      await write(world, 'a', 'two', 'x');
      await world.store.compact(world.store.revision);
      const { lines, isEnded } = watchOf(world, 'resourceVersion=1').pull();
      assert.ok(isEnded);
      assert.match(lines.toString(), /"type":"ERROR".*"reason":"Expired".*"code":410/);
    }),
  );
});
