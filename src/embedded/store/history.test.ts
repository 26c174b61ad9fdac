import assert from 'node:assert/strict';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import fc from 'fast-check';
import { History, type HistoryLimits } from './history.ts';
import { migrate } from './schema.ts';
import { StorageNames } from './storage-names.ts';
import { toRow } from './version-row.ts';
import { VersionTable } from './version-table.ts';

const UNLIMITED: HistoryLimits = { age: Infinity, revisions: Infinity, size: Infinity };

interface Scene {
  readonly limits: HistoryLimits;
  readonly writes: readonly {
    name: string;
    deletes: boolean;
    size: number;
    pause: number;
    compacts: boolean;
  }[];
}

const scene: fc.Arbitrary<Scene> = fc.record({
  limits: fc.record({
    age: fc.constantFrom(Infinity, 50),
    revisions: fc.constantFrom(Infinity, 10),
    size: fc.constantFrom(Infinity, 500),
  }),
  writes: fc.array(
    fc.record({
      name: fc.constantFrom('a', 'b', 'c'),
      deletes: fc.boolean(),
      size: fc.nat(100),
      pause: fc.nat(10),
      compacts: fc.integer({ max: 20 }).map((n) => n === 0),
    }),
    { maxLength: 60 },
  ),
});

test('History keeps within its limits, knows its size, and keeps no more than what its past needs', () => {
  fc.assert(
    fc.property(scene, ({ limits, writes }) => {
      const database = new DatabaseSync(':memory:');
      migrate(database, 0);
      const names = new StorageNames(database);
      const table = new VersionTable(database, names, 'x.db');
      const history = new History(database, limits);
      const storage = { id: names.intern('pods'), name: 'pods' };
      const written = new Map<number, number>();
      let revision = 1;
      let now = 1_000;
      for (const { name, deletes, size, pause, compacts } of writes) {
        const key = `/${name}`;
        const old = table.current(storage.id, key);
        const deleted = deletes && old !== undefined;
        now += pause;
        revision++;
        written.set(revision, now);
        const facts = { revision, storage, key, previous: old?.revision ?? null, deleted, written: now };
        const text = 'x'.repeat(size);
        table.add(toRow(facts, { text, labels: {}, fields: {} }));
        history.keep((old?.text.length ?? 0) + (deleted ? size : 0));
        history.trim(revision, now, 100);
        if (compacts) history.compact(revision - 3, revision);

        assert.deepEqual(new History(database, UNLIMITED).mark(), history.mark());
        const { compacted, size: kept } = history.mark();
        assert.ok(revision - compacted <= limits.revisions);
        assert.ok(kept <= limits.size || compacted === revision);
        for (const [known, when] of written) if (known > compacted) assert.ok(when > now - limits.age);
        const rows = database.prepare('SELECT count(*) AS n FROM version').get()?.['n'];
        const needed = database
          .prepare(
            `SELECT count(*) AS n FROM (
               SELECT revision FROM current UNION
               SELECT revision FROM version WHERE revision > ?1 AND deleted = 1 UNION
               SELECT previous FROM version WHERE revision > ?1 AND previous IS NOT NULL)`,
          )
          .get(compacted)?.['n'];
        assert.equal(rows, needed);
      }
      database.close();
    }),
    { numRuns: 50 },
  );
});
