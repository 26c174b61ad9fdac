import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { openStore } from './open-store.ts';
import type { Change, ListOptions, ObjectKey, Store, StoredObject } from './store.ts';
import { StoreError } from './store-error.ts';

/** What the store is, without disk and limits: the list of all changes, from which everything follows. */
class Model {
  revision = 1;
  compacted = 1;
  changes: Change[] = [];

  at(storage: string, revision: number): StoredObject[] {
    const objects = new Map<string, StoredObject>();
    for (const change of this.changes) {
      if (change.revision > revision || change.object.storage !== storage) continue;
      const key = `${change.object.namespace}/${change.object.name}`;
      if (change.type === 'deleted') objects.delete(key);
      else objects.set(key, change.object);
    }
    return [...objects]
      .sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
      .map(([, object]) => object);
  }

  list(storage: string, { namespace, after, limit, revision = this.revision }: ListOptions): StoredObject[] {
    const start = after === undefined ? '' : `${after.namespace}/${after.name}`;
    return this.at(storage, revision)
      .filter((object) => namespace === undefined || object.namespace === namespace)
      .filter((object) => {
        const key = `${object.namespace}/${object.name}`;
        return Buffer.compare(Buffer.from(key), Buffer.from(start)) > 0;
      })
      .slice(0, limit);
  }

  get(key: ObjectKey): StoredObject | undefined {
    return this.at(key.storage, this.revision).find(
      (object) => object.namespace === key.namespace && object.name === key.name,
    );
  }

  write(key: ObjectKey, deleted: boolean, text: string, labels: Record<string, string>): void {
    const old = this.get(key);
    const revision = ++this.revision;
    const object = { ...key, revision, text, labels, fields: {} };
    if (deleted) this.changes.push({ revision, type: 'deleted', object });
    else if (old === undefined) this.changes.push({ revision, type: 'added', object });
    else this.changes.push({ revision, type: 'modified', object, old });
  }
}

interface Write {
  readonly key: ObjectKey;
  readonly deleted: boolean;
  readonly size: number;
  readonly labels: Record<string, string>;
}

type Command =
  | { readonly does: 'write'; readonly bodies: readonly { writes: readonly Write[]; fails: boolean }[] }
  | { readonly does: 'list'; readonly storage: string; readonly options: ListOptions; readonly age: number }
  | { readonly does: 'changes'; readonly storage: string; readonly age: number; readonly limit: number }
  | { readonly does: 'compact'; readonly age: number }
  | { readonly does: 'reopen'; readonly recentSize: number };

const storage = fc.constantFrom('pods', 'nodes', 'apps/deployments');
const namespace = fc.constantFrom('', 'a', 'a-b', 'b');
const name = fc.constantFrom('x', 'x-y', 'x.y', 'y', 'ü', '\uffee', '😀', '__proto__');
const labels = fc.dictionary(fc.string({ maxLength: 3 }), fc.string({ maxLength: 3 }), {
  maxKeys: 2,
  noNullPrototype: true,
});
const write: fc.Arbitrary<Write> = fc.record({
  key: fc.record({ storage, namespace, name }),
  deleted: fc.boolean(),
  size: fc.oneof({ weight: 9, arbitrary: fc.nat(100) }, { weight: 1, arbitrary: fc.nat(20_000) }),
  labels,
});
const body = fc.record({
  writes: fc.array(write, { maxLength: 4 }),
  fails: fc.integer({ max: 4 }).map((n) => n === 0),
});
const age = fc.nat(30);
const options: fc.Arbitrary<ListOptions> = fc.record(
  { namespace, after: fc.record({ namespace, name }), limit: fc.integer({ min: 1, max: 5 }) },
  { requiredKeys: [] },
);
const command: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ does: fc.constant('write' as const), bodies: fc.array(body, { maxLength: 4 }) }),
  },
  { weight: 4, arbitrary: fc.record({ does: fc.constant('list' as const), storage, options, age }) },
  {
    weight: 4,
    arbitrary: fc.record({
      does: fc.constant('changes' as const),
      storage,
      age,
      limit: fc.integer({ min: 1, max: 20 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ does: fc.constant('compact' as const), age }) },
  {
    weight: 1,
    arbitrary: fc.record({
      does: fc.constant('reopen' as const),
      recentSize: fc.constantFrom(0, 3_000, 1 << 20),
    }),
  },
);

test('the store behaves as a list of changes would', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(command, { maxLength: 40, size: 'max' }), async (commands) => {
      const directory = mkdtempSync(join(tmpdir(), 'store-model-'));
      const model = new Model();
      let store = openStore({ directory, recentSize: 3_000 });
      try {
        for (const command of commands) {
          if (command.does === 'reopen') {
            store.close();
            store = openStore({ directory, recentSize: command.recentSize });
          } else await run(command, store, model);
          assert.equal(store.revision, model.revision);
          assert.equal(store.compacted, model.compacted);
        }
      } finally {
        store.close();
        rmSync(directory, { recursive: true });
      }
    }),
    { numRuns: 60 },
  );
});

async function run(command: Exclude<Command, { does: 'reopen' }>, store: Store, model: Model): Promise<void> {
  switch (command.does) {
    case 'write':
      return runBodies(command.bodies, store, model);
    case 'list': {
      const revision = Math.max(1, model.revision - command.age);
      // Age 0 also stands for no revision at all.
      const at = { ...command.options, ...(command.age === 0 ? {} : { revision }) };
      if (revision < model.compacted) return assertCompacted(() => store.list(command.storage, at));
      assert.deepEqual(store.list(command.storage, at), model.list(command.storage, at));
      const { limit: _, ...unlimited } = at;
      assert.equal(store.count(command.storage, at), model.list(command.storage, unlimited).length);
      return;
    }
    case 'changes': {
      const after = Math.max(1, model.revision - command.age);
      const call = (): Change[] => store.changes(command.storage, after, command.limit);
      const expected = model.changes.filter(
        (change) => change.object.storage === command.storage && change.revision > after,
      );
      if (after < model.compacted) {
        if ((expected[0]?.revision ?? Infinity) <= model.compacted) return assertCompacted(call);
        // Where nothing of this storage was forgotten, the store knows it as long as it is open.
        try {
          assert.deepEqual(call(), expected.slice(0, command.limit));
        } catch (error) {
          if (!(error instanceof StoreError)) throw error;
          assert.equal(error.code, 'compacted');
        }
        return;
      }
      assert.deepEqual(call(), expected.slice(0, command.limit));
      for (const { object: only } of expected) {
        const isOwn = ({ object }: Change): boolean =>
          object.name === only.name && object.namespace === only.namespace;
        const own: Change[] = store.changes(command.storage, after, Infinity, only).filter(isOwn);
        assert.deepEqual(own, expected.filter(isOwn));
      }
      return;
    }
    case 'compact': {
      const revision = Math.max(1, model.revision - command.age);
      await store.compact(revision);
      model.compacted = Math.max(model.compacted, revision);
    }
  }
}

async function runBodies(
  bodies: readonly { writes: readonly Write[]; fails: boolean }[],
  store: Store,
  model: Model,
): Promise<void> {
  const defect = new Error('the body fails');
  const told: number[] = [];
  const stop = store.subscribe((_storages, revision) => told.push(revision));
  const before = model.revision;
  const outcomes = bodies.map(({ writes, fails }) =>
    store.transact(() => {
      const { revision, changes } = model;
      model.changes = [...changes];
      for (const { key, deleted, size, labels } of writes) {
        const removes = deleted && model.get(key) !== undefined;
        const text = `${model.revision + 1} `.padEnd(size, 'x');
        store[removes ? 'delete' : 'put'](key, () => ({ text, labels, fields: {} }));
        model.write(key, removes, text, labels);
        assert.deepEqual(store.get(key), model.get(key));
      }
      if (!fails) return;
      model.revision = revision;
      model.changes = changes;
      throw defect;
    }),
  );
  for (const [index, outcome] of outcomes.entries())
    if (bodies[index]?.fails === true) await assert.rejects(outcome, defect);
    else await outcome;
  stop();
  assert.equal(store.durableRevision, model.revision);
  assert.deepEqual(told, model.revision === before ? [] : [model.revision]);
}

function assertCompacted(call: () => unknown): void {
  assert.throws(call, (error) => error instanceof StoreError && error.code === 'compacted');
}
