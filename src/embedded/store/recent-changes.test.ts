import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { RecentChanges } from './recent-changes.ts';
import type { Change } from './store.ts';

function change(storage: string, revision: number, size: number): Change {
  const object = {
    storage,
    namespace: '',
    name: 'a',
    revision,
    text: 'x'.repeat(size),
    labels: {},
    fields: {},
  };
  return { revision, type: 'added', object };
}

test('RecentChanges tells all changes or that it does not know them all, and keeps to its size', () => {
  const changes = fc.array(
    fc.record({
      storage: fc.constantFrom('a', 'b', 'c'),
      gap: fc.integer({ min: 1, max: 3 }),
      size: fc.nat(3_000),
    }),
    { maxLength: 100 },
  );
  fc.assert(
    fc.property(changes, fc.nat(30_000), fc.nat(20), (input, limit, start) => {
      const recent = new RecentChanges(limit, start);
      const all: Change[] = [];
      let revision = start;
      for (const { storage, gap, size } of input) {
        revision += gap;
        all.push(change(storage, revision, size));
        recent.add(all.at(-1)!);
      }
      let kept = 0;
      for (const storage of ['a', 'b', 'c', 'd']) {
        const ours = all.filter(({ object }) => object.storage === storage);
        for (let after = start; after <= revision; after++) {
          const found = recent.after(storage, after, 5);
          if (found !== undefined)
            assert.deepEqual(found, ours.filter((change) => change.revision > after).slice(0, 5));
        }
        assert.deepEqual(recent.after(storage, revision, 5), []);
        const oldest = ours.findIndex(
          (change) => recent.after(storage, change.revision - 1, 1) !== undefined,
        );
        if (oldest >= 0) for (const { object } of ours.slice(oldest)) kept += object.text.length;
      }
      assert.ok(kept <= limit, `${kept} > ${limit}`);
      assert.equal(recent.after('a', start - 1, 5), undefined);
    }),
  );
});

test('RecentChanges knows a quiet storage from the start, however much happens in others', () => {
  const recent = new RecentChanges(10_000, 1);
  recent.add(change('quiet', 2, 10));
  assert.deepEqual(recent.after('quiet', 1, 10)?.length, 1);
  for (let revision = 3; revision < 100; revision++) recent.add(change('busy', revision, 1_000));
  assert.equal(recent.after('quiet', 1, 10), undefined);
  assert.deepEqual(recent.after('quiet', 2, 10), []);
  assert.deepEqual(recent.after('silent', 1, 10), []);
  assert.equal(recent.after('busy', 50, 10), undefined);
});
