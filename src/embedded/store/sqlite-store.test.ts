import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { openStore, type StoreOptions } from './open-store.ts';
import type { ObjectKey, ObjectRecord, Store, StoredObject } from './store.ts';
import { StoreError, type StoreErrorCode } from './store-error.ts';

let directory: string;
let store: Store;

function open(options: Partial<StoreOptions> = {}): Store {
  return openStore({ directory, ...options });
}

function reopen(options: Partial<StoreOptions> = {}): void {
  store.close();
  store = open(options);
}

function pod(name: string, namespace = 'default'): ObjectKey {
  return { storage: 'pods', namespace, name };
}

function record(value: string, labels: Record<string, string> = {}): (revision: number) => ObjectRecord {
  return (revision) => ({
    text: JSON.stringify({ metadata: { resourceVersion: String(revision) }, value }),
    labels,
    fields: { 'spec.value': value },
  });
}

function put(key: ObjectKey, value: string): Promise<StoredObject> {
  return store.transact(() => store.put(key, record(value)));
}

function remove(key: ObjectKey): Promise<StoredObject> {
  return store.transact(() => store.delete(key, record('gone')));
}

function names(objects: readonly StoredObject[]): string[] {
  return objects.map((object) => `${object.namespace}/${object.name}@${object.revision}`);
}

function hasCode(code: StoreErrorCode): (error: unknown) => boolean {
  return (error) => error instanceof StoreError && error.code === code;
}

describe('a store in a file', () => {
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'store-'));
    store = open();
  });

  afterEach(() => {
    store.close();
    rmSync(directory, { recursive: true });
  });

  describe('put() and get()', () => {
    test('give back what was written, now and after a restart', async () => {
      const written = await store.transact(() => store.put(pod('a'), record('1', { app: 'x' })));
      const expected: StoredObject = {
        ...pod('a'),
        revision: 2,
        text: '{"metadata":{"resourceVersion":"2"},"value":"1"}',
        labels: { app: 'x' },
        fields: { 'spec.value': '1' },
      };
      assert.deepEqual(written, expected);
      assert.deepEqual(store.get(pod('a')), expected);
      reopen();
      assert.deepEqual(store.get(pod('a')), expected);
      assert.equal(store.revision, 2);
    });

    test('count revisions over all storages', async () => {
      assert.equal(store.revision, 1);
      assert.equal((await put(pod('a'), '1')).revision, 2);
      assert.equal((await put({ storage: 'nodes', namespace: '', name: 'a' }, '1')).revision, 3);
      assert.equal((await put(pod('a'), '2')).revision, 4);
    });

    test('keep any text', async () => {
      const values = ['ünï', '\0', '😀', '__proto__', '"\\', 'x'.repeat(1_000_000)];
      for (const [index, value] of values.entries())
        await store.transact(() =>
          store.put(pod(`v${index}`), () => ({ text: value, labels: { [value]: value }, fields: {} })),
        );
      reopen();
      for (const [index, value] of values.entries()) {
        const object = store.get(pod(`v${index}`));
        assert.equal(object?.text, value);
        assert.deepEqual(Object.entries(object.labels), [[value, value]]);
      }
    });

    test('find nothing under a name that cannot be stored', async () => {
      await put(pod('b', 'a'), '1');
      for (const key of [pod('/b', 'a'), pod('b', 'a/'), pod('', 'a'), pod('\ud800', 'a'), pod('b', 'A')]) {
        assert.equal(store.get(key), undefined);
        if (key.namespace !== 'A') await assert.rejects(put(key, '1'), hasCode('misuse'));
      }
    });

    test('are refused outside of a transaction', () => {
      assert.throws(() => store.put(pod('a'), record('1')), hasCode('misuse'));
    });
  });

  describe('delete()', () => {
    test('removes, and gives the last state with the revision of the deletion', async () => {
      await put(pod('a'), '1');
      const gone = await remove(pod('a'));
      assert.equal(gone.revision, 3);
      assert.equal(store.get(pod('a')), undefined);
      assert.deepEqual(store.list('pods'), []);
      await assert.rejects(remove(pod('a')), hasCode('misuse'));
    });
  });

  describe('list()', () => {
    beforeEach(async () => {
      for (const [namespace, name] of [
        ['kube', 'b'],
        ['kube-system', 'a'],
        ['kube', 'a.b'],
        ['kube', 'a'],
        ['kube', 'a-b'],
        ['b', 'ü'],
        ['b', '😀'],
        ['b', '\uffee'],
      ] as const)
        await put(pod(name, namespace), '1');
    });

    test('is in the order of the bytes of namespace/name, as etcd has it', () => {
      assert.deepEqual(
        store.list('pods').map(({ namespace, name }) => `${namespace}/${name}`),
        ['b/ü', 'b/\uffee', 'b/😀', 'kube-system/a', 'kube/a', 'kube/a-b', 'kube/a.b', 'kube/b'],
      );
    });

    test('can be of one namespace, limited, and go on after an object', () => {
      assert.deepEqual(names(store.list('pods', { namespace: 'kube', limit: 2 })), [
        'kube/a@5',
        'kube/a-b@6',
      ]);
      assert.deepEqual(
        names(store.list('pods', { namespace: 'kube', after: { namespace: 'kube', name: 'a-b' } })),
        ['kube/a.b@4', 'kube/b@2'],
      );
      assert.deepEqual(
        names(store.list('pods', { after: { namespace: 'kube-system', name: 'z' }, limit: 1 })),
        ['kube/a@5'],
      );
      // A place before the namespace does not widen it.
      assert.equal(store.list('pods', { namespace: 'kube', after: { namespace: 'a', name: 'z' } }).length, 4);
      assert.deepEqual(store.list('pods', { namespace: 'kub' }), []);
      assert.deepEqual(store.list('none'), []);
    });

    test('is of a past revision, where one is given', async () => {
      await put(pod('a', 'kube'), '2');
      await remove(pod('b', 'kube'));
      await put(pod('c', 'kube'), '1');
      await put(pod('b', 'kube'), 'again');
      const past = { namespace: 'kube', revision: 9 };
      assert.deepEqual(names(store.list('pods', past)), ['kube/a@5', 'kube/a-b@6', 'kube/a.b@4', 'kube/b@2']);
      assert.deepEqual(names(store.list('pods', { ...past, revision: 11 })), [
        'kube/a@10',
        'kube/a-b@6',
        'kube/a.b@4',
      ]);
      assert.deepEqual(
        names(store.list('pods', { ...past, limit: 1, after: { namespace: 'kube', name: 'a-b' } })),
        ['kube/a.b@4'],
      );
      assert.equal(store.count('pods', past), 4);
      assert.equal(store.count('pods', { namespace: 'kube' }), 5);
      assert.throws(() => store.list('pods', { revision: 14 }), hasCode('future'));
    });

    test('counts what it would give', () => {
      assert.equal(store.count('pods'), 8);
      assert.equal(store.count('pods', { after: { namespace: 'kube', name: 'a' } }), 3);
      assert.equal(store.count('none'), 0);
    });
  });

  describe('transact()', () => {
    test('undoes what a body that throws has written, and nothing else', async () => {
      const first = put(pod('a'), '1');
      const failed = store.transact(() => {
        store.put(pod('a'), record('2'));
        store.put({ storage: 'new', namespace: '', name: 'b' }, record('2'));
        throw new RangeError('no');
      });
      const last = put(pod('c'), '1');
      await assert.rejects(failed, RangeError);
      assert.equal((await first).revision, 2);
      assert.equal((await last).revision, 3);
      assert.deepEqual(names(store.list('pods')), ['default/a@2', 'default/c@3']);
      assert.deepEqual(store.list('new'), []);
      assert.deepEqual(
        store.changes('pods', 1, 10).map((change) => change.object.name),
        ['a', 'c'],
      );
      await put({ storage: 'other', namespace: '', name: 'b' }, '1');
      reopen();
      assert.deepEqual(names(store.list('other')), ['/b@4']);
    });

    test('resolves for a reader when what it could read is on disk', async () => {
      const order: string[] = [];
      store.subscribe(() => order.push('durable'));
      const write = put(pod('a'), '1').then(() => order.push('write'));
      const read = store.transact(() => store.get(pod('a'))?.revision).then((it) => order.push(`read ${it}`));
      const settled = store.settled().then(() => order.push('settled'));
      const refused = store
        .transact(() => assert.equal(store.get(pod('a')), undefined))
        .catch(() => order.push('refused'));
      await Promise.all([write, read, settled, refused]);
      assert.equal(order[0], 'durable');
      assert.deepEqual(order.slice(1).sort(), ['read 2', 'refused', 'settled', 'write']);
    });

    test('sees its own writes; durableRevision follows when they are on disk', async () => {
      const done = store.transact(() => {
        store.put(pod('a'), record('1'));
        assert.equal(store.get(pod('a'))?.revision, 2);
        assert.equal(store.list('pods').length, 1);
      });
      assert.equal(store.revision, 2);
      assert.equal(store.durableRevision, 1);
      assert.deepEqual(store.changes('pods', 1, 10), []);
      await done;
      assert.equal(store.durableRevision, 2);
    });

    test('does not nest', async () => {
      await store.transact(() => assert.rejects(put(pod('a'), '1'), hasCode('misuse')));
    });

    test('settles at once when nothing was written', async () => {
      let turns = 0;
      const timer = setImmediate(() => turns++);
      assert.equal(await store.transact(() => 7), 7);
      await store.settled();
      assert.equal(turns, 0);
      clearImmediate(timer);
    });
  });

  describe('changes()', () => {
    async function scene(): Promise<void> {
      await put(pod('a'), '1');
      await put({ storage: 'nodes', namespace: '', name: 'n' }, '1');
      await put(pod('a'), '2');
      await remove(pod('a'));
      await put(pod('a'), '3');
    }

    function seen(after: number, limit = 100): string[] {
      return store.changes('pods', after, limit).map((change) => {
        const old = change.old === undefined ? '' : ` was ${change.old.text}`;
        return `${change.revision} ${change.type} ${change.object.text}${old}`;
      });
    }

    const all = [
      '2 added {"metadata":{"resourceVersion":"2"},"value":"1"}',
      '4 modified {"metadata":{"resourceVersion":"4"},"value":"2"} was {"metadata":{"resourceVersion":"2"},"value":"1"}',
      '5 deleted {"metadata":{"resourceVersion":"5"},"value":"gone"}',
      '6 added {"metadata":{"resourceVersion":"6"},"value":"3"}',
    ];

    for (const recentSize of [0, 2_500, 1 << 20])
      test(`are told from memory and from disk alike (${recentSize} bytes in memory)`, async () => {
        reopen({ recentSize });
        await scene();
        for (const when of ['before a restart', 'after it']) {
          assert.deepEqual(seen(1), all, when);
          assert.deepEqual(seen(2), all.slice(1), when);
          assert.deepEqual(seen(4, 1), all.slice(2, 3), when);
          assert.deepEqual(seen(6), [], when);
          reopen({ recentSize });
        }
      });

    test('of an object are not found by a name that reads like its place', async () => {
      const other: ObjectKey = { storage: 'example.com/pods', namespace: 'default', name: 'a' };
      const writing = put(other, '1');
      assert.equal(store.get(pod('a/example.com')), undefined);
      await writing;
      assert.equal(store.get(pod('a/example.com')), undefined);
      assert.equal(store.get(other)?.revision, store.revision);
    });

    test('of one object are found without those of others', async () => {
      reopen({ recentSize: 0 });
      for (let round = 1; round <= 3; round++)
        for (const name of ['a', 'b']) await put(pod(name), String(round));
      const start = store.revision;
      const own = (name: string, after: number, limit = 100): string[] =>
        store
          .changes('pods', after, limit, pod(name))
          .filter(({ object }) => object.name === name)
          .map(
            ({ revision, type, old }) => `${revision} ${type}${old === undefined ? '' : ` ${old.revision}`}`,
          );
      assert.deepEqual(own('a', start), []);
      assert.deepEqual(own('a', start - 3), ['6 modified 4']);
      assert.deepEqual(own('b', 3), ['5 modified 3', '7 modified 5']);
      assert.deepEqual(own('b', 3, 1), ['5 modified 3']);
      assert.deepEqual(own('a', 1), ['2 added', '4 modified 2', '6 modified 4']);
      assert.ok(store.changes('pods', 3, 100, pod('b')).every(({ object }) => object.name === 'b'));
      await remove(pod('a'));
      assert.deepEqual(own('a', start), ['8 deleted']);
      await put(pod('a'), '4');
      assert.deepEqual(own('a', start), ['8 deleted', '9 added']);
      await put(pod('a'), '5');
      assert.deepEqual(own('a', 9), ['10 modified 9']);
      const unwritten = put(pod('a'), '6');
      assert.deepEqual(own('a', 9), ['10 modified 9']);
      await unwritten;
      assert.deepEqual(own('never', start), []);
    });

    test('are announced once for each commit, with the storages that changed', async () => {
      const told: string[] = [];
      const stop = store.subscribe((storages, revision) =>
        told.push(`${[...storages].sort().join()} ${revision}`),
      );
      await Promise.all([put(pod('a'), '1'), put({ storage: 'nodes', namespace: '', name: 'n' }, '1')]);
      await put(pod('a'), '2');
      stop();
      await put(pod('a'), '3');
      assert.deepEqual(told, ['nodes,pods 3', 'pods 4']);
    });
  });

  test('a listener that fails does not keep others from being told', async (context) => {
    const told: string[] = [];
    const defect = new Error('the listener fails');
    const uncaught = context.mock.fn();
    process.once('uncaughtException', uncaught);
    // The test runner has a listener of its own, which would take this for a failure.
    const others = process.listeners('uncaughtException').filter((listener) => listener !== uncaught);
    for (const listener of others) process.off('uncaughtException', listener);
    store.subscribe(() => {
      throw defect;
    });
    store.subscribe(() => told.push('second'));
    try {
      await put(pod('a'), '1');
      await new Promise((resolve) => void setImmediate(resolve));
    } finally {
      for (const listener of others) process.on('uncaughtException', listener);
    }
    assert.deepEqual(told, ['second']);
    assert.ok(uncaught.mock.calls.some((call) => call.arguments[0] === defect));
  });

  test('the file becomes shorter when much was deleted', async () => {
    reopen({ history: { revisions: 100 } });
    const size = (): number => statSync(join(directory, 'objects.db')).size;
    const text = 'x'.repeat(4_000);
    await store.transact(() => {
      for (let i = 0; i < 5_000; i++) store.put(pod(`${i}`), () => ({ text, labels: {}, fields: {} }));
    });
    reopen({ history: { revisions: 100 } });
    const full = size();
    await store.transact(() => {
      for (let i = 0; i < 5_000; i++) store.delete(pod(`${i}`), () => ({ text: '', labels: {}, fields: {} }));
    });
    for (let i = 0; i < 200; i++) await put(pod('a'), String(i));
    reopen();
    assert.ok(size() < full / 2, `${size()} of ${full}`);
    assert.equal(store.count('pods'), 1);
  });

  describe('the past', () => {
    test('is forgotten on request', async () => {
      for (const value of ['1', '2', '3']) await put(pod('a'), value);
      await remove(pod('a'));
      await put(pod('b'), '1');
      await store.compact(4);
      for (let restart = 0; restart < 2; restart++) {
        assert.equal(store.compacted, 4);
        assert.throws(() => store.changes('pods', 3, 10), hasCode('compacted'));
        assert.throws(() => store.list('pods', { revision: 3 }), hasCode('compacted'));
        assert.deepEqual(names(store.list('pods', { revision: 4 })), ['default/a@4']);
        assert.deepEqual(
          store.changes('pods', 4, 10).map((change) => `${change.type} ${change.revision}`),
          ['deleted 5', 'added 6'],
        );
        reopen();
      }
      await remove(pod('b'));
      await store.compact(Infinity);
      assert.equal(store.compacted, 7);
      reopen();
      assert.equal(store.revision, 7);
      assert.equal((await put(pod('c'), '1')).revision, 8);
    });

    test('that others have forgotten keeps nobody from going on where nothing happened', async () => {
      await put(pod('a'), '1');
      const seen = store.revision;
      const node = { storage: 'nodes', namespace: '', name: 'n' };
      for (const value of ['1', '2', '3']) await put(node, value);
      await store.compact(Infinity);
      assert.deepEqual(store.changes('pods', seen, 10), []);
      assert.throws(() => store.changes('nodes', seen, 10), hasCode('compacted'));
      assert.throws(() => store.changes('pods', seen - 1, 10), hasCode('compacted'));
      const { revision } = await put(pod('a'), '2');
      assert.deepEqual(
        store.changes('pods', seen, 10).map((change) => change.revision),
        [revision],
      );
      // What was there at the start was there before.
      reopen();
      assert.throws(() => store.changes('pods', seen, 10), hasCode('compacted'));
    });

    test('is forgotten by age', async () => {
      let now = 0;
      reopen({ now: () => now, history: { age: 1_000 } });
      await put(pod('a'), '1');
      now = 500;
      await put(pod('a'), '2');
      now = 1_100;
      await put(pod('a'), '3');
      assert.equal(store.compacted, 2);
      now = 5_000;
      await put(pod('b'), '1');
      assert.equal(store.compacted, 4);
      assert.equal(store.get(pod('a'))?.revision, 4);
    });

    test('is forgotten by number of writes', async () => {
      reopen({ history: { revisions: 3 } });
      for (let i = 0; i < 10; i++) await put(pod('a'), String(i));
      assert.equal(store.revision - store.compacted, 3);
    });

    test('is forgotten by size', async () => {
      reopen({ history: { size: 10_000 } });
      for (let i = 0; i < 20; i++) await put(pod('a'), 'x'.repeat(1_000));
      const kept = store.revision - store.compacted;
      assert.ok(kept >= 8 && kept <= 10, `${kept}`);
    });
  });

  describe('close()', () => {
    test('keeps what was being written', async () => {
      const write = put(pod('a'), '1');
      reopen();
      assert.equal((await write).revision, 2);
      assert.equal(store.get(pod('a'))?.revision, 2);
    });

    test('refuses what comes after', async () => {
      await put(pod('a'), '1');
      store.close();
      store.close();
      assert.throws(() => store.get(pod('a')), hasCode('closed'));
      assert.throws(() => store.list('pods'), hasCode('closed'));
      assert.throws(() => store.count('pods'), hasCode('closed'));
      assert.throws(() => store.changes('pods', 1, 1), hasCode('closed'));
      await assert.rejects(put(pod('a'), '1'), hasCode('closed'));
    });
  });
});
