import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { RecentChanges } from './recent-changes.ts';
import type { Change, StoredObject } from './store.ts';

function state(storage: string, revision: number, size: number, name = 'a'): StoredObject {
  return {
    storage,
    namespace: 'default',
    name,
    revision,
    text: 'é'.repeat(size >> 1),
    labels: { app: 'a\nb/c' },
    fields: { 'metadata.name': name },
  };
}

function added(storage: string, revision: number, size: number): Change {
  return { revision, type: 'added', object: state(storage, revision, size) };
}

test('RecentChanges tells all changes or that it does not know them all, the newest states, and keeps to its size', () => {
  const commits = fc.array(
    fc.array(
      fc.record({
        storage: fc.constantFrom('a', 'b', 'apps/c'),
        name: fc.constantFrom('x', 'y', 'z\n'),
        gap: fc.integer({ min: 1, max: 3 }),
        size: fc.nat(3_000),
        removes: fc.boolean(),
      }),
      { maxLength: 5 },
    ),
    { maxLength: 40 },
  );
  fc.assert(
    fc.property(commits, fc.nat(30_000), fc.nat(20), (input, limit, start) => {
      const states = new Map<number, StoredObject>();
      const recent = new RecentChanges(limit, start, (revision) => states.get(revision)!);
      const all: Change[] = [];
      const current = new Map<string, StoredObject>();
      let revision = start;
      for (const commit of input) {
        const changes: Change[] = [];
        for (const { storage, name, gap, size, removes } of commit) {
          revision += gap;
          const key = `${storage} ${name}`;
          const old = current.get(key);
          const object = state(storage, revision, size, name);
          states.set(revision, object);
          if (removes && old !== undefined) changes.push({ revision, type: 'deleted', object });
          else if (old === undefined) changes.push({ revision, type: 'added', object });
          else changes.push({ revision, type: 'modified', object, old });
          if (changes.at(-1)?.type === 'deleted') current.delete(key);
          else current.set(key, object);
        }
        recent.add(changes);
        all.push(...changes);
      }
      let kept = 0;
      for (const storage of ['a', 'b', 'apps/c', 'd']) {
        const ours = all.filter(({ object }) => object.storage === storage);
        for (let after = start; after <= revision; after++) {
          const found = recent.after(storage, after, 5);
          const later = ours.filter((change) => change.revision > after);
          if (found !== undefined) assert.deepEqual(found, later.slice(0, 5));
          assert.equal(
            recent.firstAfter(storage, after),
            found === undefined ? undefined : (later[0]?.revision ?? Infinity),
          );
        }
        assert.deepEqual(recent.after(storage, revision, 5), []);
        const oldest = ours.findIndex(
          (change) => recent.after(storage, change.revision - 1, 1) !== undefined,
        );
        if (oldest >= 0) for (const { object } of ours.slice(oldest)) kept += object.text.length;
        for (const name of ['x', 'y', 'z\n']) {
          const newest = recent.newest({ storage, namespace: 'default', name });
          if (newest !== undefined) assert.deepEqual(newest, current.get(`${storage} ${name}`));
        }
      }
      assert.ok(kept <= limit, `${kept} > ${limit}`);
      assert.equal(recent.after('a', start - 1, 5), undefined);
    }),
  );
});

test('RecentChanges has the newest state of what was written, until it is removed or others need the room', () => {
  const recent = new RecentChanges(10_000, 1, unread);
  const key = { storage: 'pods', namespace: 'default', name: 'a' };
  recent.add([added('pods', 2, 100)]);
  recent.add([{ ...added('pods', 3, 200), type: 'modified', old: state('pods', 2, 100) }]);
  assert.deepEqual(recent.newest(key), state('pods', 3, 200));
  assert.equal(recent.newest({ ...key, namespace: 'other' }), undefined);
  assert.equal(recent.newest({ ...key, storage: 'nodes' }), undefined);
  recent.add([{ ...added('pods', 4, 200), type: 'deleted' }]);
  assert.equal(recent.newest(key), undefined);
  recent.add([added('pods', 5, 100)]);
  for (let revision = 6; revision < 30; revision++) recent.add([added('nodes', revision, 1_000)]);
  assert.equal(recent.newest(key), undefined);
  assert.equal(recent.newest({ ...key, storage: 'nodes' })?.revision, 29);
});

test('RecentChanges forgets what is too large for it', () => {
  const recent = new RecentChanges(2_000, 1, unread);
  recent.add([added('pods', 2, 100)]);
  recent.add([added('pods', 3, 5_000)]);
  assert.equal(recent.after('pods', 2, 10), undefined);
  assert.equal(recent.newest({ storage: 'pods', namespace: 'default', name: 'a' }), undefined);
  assert.deepEqual(recent.after('pods', 3, 10), []);
});

test('RecentChanges knows a quiet storage from the start, however much happens in others', () => {
  const recent = new RecentChanges(10_000, 1, unread);
  recent.add([added('quiet', 2, 10)]);
  assert.deepEqual(recent.after('quiet', 1, 10)?.length, 1);
  for (let revision = 3; revision < 100; revision++) recent.add([added('busy', revision, 1_000)]);
  assert.equal(recent.after('quiet', 1, 10), undefined);
  assert.deepEqual(recent.after('quiet', 2, 10), []);
  assert.deepEqual(recent.after('silent', 1, 10), []);
  assert.equal(recent.after('busy', 50, 10), undefined);
});

function unread(): never {
  throw new Error('nothing has to be read');
}
