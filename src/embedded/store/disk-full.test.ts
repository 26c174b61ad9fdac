import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test, type TestContext } from 'node:test';
import { openStore } from './open-store.ts';
import type { ObjectKey, Store, StoredObject } from './store.ts';
import { StoreError } from './store-error.ts';

let directory: string;

function key(i: number): ObjectKey {
  return { storage: 'pods', namespace: 'ns', name: `pod-${i}` };
}

function put(store: Store, i: number, size: number): Promise<StoredObject> {
  return store.transact(() =>
    store.put(key(i), () => ({ text: `${i}`.padEnd(size, 'x'), labels: {}, fields: {} })),
  );
}

/** Writes until there is no more room. @returns how many were written */
async function fill(store: Store, size: number): Promise<number> {
  for (let i = 0; ; i++)
    try {
      await put(store, i, size);
    } catch (error) {
      assert.ok(error instanceof StoreError);
      assert.equal(error.code, 'disk-full');
      assert.equal(error.retryable, true);
      return i;
    }
}

describe('when there is no more room', () => {
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'store-full-'));
  });

  afterEach(() => rmSync(directory, { recursive: true }));

  const maximumSize = 1 << 20;

  test('writes are refused and nothing else', async () => {
    let store = openStore({ directory, maximumSize });
    const written = await fill(store, 4_000);
    assert.ok(written > 100, `${written}`);
    for (let restart = 0; restart < 2; restart++) {
      assert.equal(store.count('pods'), written);
      assert.equal(store.list('pods').length, written);
      assert.equal(store.revision, written + 1);
      const known = store.revision - store.compacted;
      assert.equal(store.changes('pods', store.compacted, Infinity).length, known);
      await assert.rejects(put(store, written, 40_000), { code: 'disk-full' });
      store.close();
      store = openStore({ directory, maximumSize });
    }
    store.close();
    store = openStore({ directory });
    assert.equal((await put(store, written, 40_000)).revision, written + 2);
    store.close();
  });

  test('the past makes room for the present', async () => {
    const store = openStore({ directory, maximumSize });
    let refused = 0;
    for (let round = 0; round < 100; round++)
      for (let i = 0; i < 20; i++)
        await put(store, i, 4_000).catch((error: unknown) => {
          assert.equal((error as StoreError).code, 'disk-full');
          refused++;
        });
    assert.ok(refused > 0 && refused < 200, `${refused}`);
    assert.ok(store.compacted > 1_000);
    store.close();
  });

  test('only the transactions that need room fail, or all that share their commit', async () => {
    const store = openStore({ directory, maximumSize });
    const outcomes = await Promise.allSettled(Array.from({ length: 400 }, (_, i) => put(store, i, 4_000)));
    const written = outcomes.filter(({ status }) => status === 'fulfilled').length;
    assert.ok(written < 400);
    for (const outcome of outcomes)
      if (outcome.status === 'rejected') assert.equal((outcome.reason as StoreError).code, 'disk-full');
    for (const [i, { status }] of outcomes.entries())
      assert.equal(store.get(key(i)) !== undefined, status === 'fulfilled');
    assert.equal(store.revision, written + 1);
    store.close();
  });

  test('a body that goes on after a failed write is undone nevertheless', async () => {
    const store = openStore({ directory, maximumSize });
    const written = await fill(store, 4_000);
    const outcome = store.transact(() => {
      try {
        store.put(key(written), () => ({ text: 'x'.repeat(500_000), labels: {}, fields: {} }));
      } catch {
        return 'ignored';
      }
      return 'written';
    });
    await assert.rejects(outcome, { code: 'disk-full' });
    assert.equal(store.get(key(written)), undefined);
    await store.settled();
    store.close();
  });

  test('on a file system of its own too, with restarts', (context) => runOnFullDisk(context, FULL_DISK));

  test('and neither for forgetting the past, nothing of the past is lost track of', (context) =>
    runOnFullDisk(context, FULL_OF_HISTORY));
});

/** Runs a program with a directory on a small file system, and the address of the store's code. It says `done`. */
function runOnFullDisk(context: TestContext, program: string): void {
  const inNamespace = (...command: string[]): ReturnType<typeof spawnSync> =>
    spawnSync(
      'unshare',
      [
        '--map-root-user',
        '--mount',
        'sh',
        '-c',
        'mount -t tmpfs -o size=12m none "$0" && "$@"',
        directory,
        ...command,
      ],
      { encoding: 'utf8' },
    );
  if (inNamespace('true').status !== 0) return context.skip('this system does not let us mount');
  const result = inNamespace(process.execPath, '--input-type=module', '-e', program, directory, INDEX);
  assert.equal(result.status, 0, String(result.stderr));
  assert.equal(result.stdout, 'done\n');
}

const INDEX = new URL('index.ts', import.meta.url).href;

/** Fills the disk by three writes at a time, restarts, frees space, and verifies the contents at each step. */
const FULL_DISK = `
  import assert from 'node:assert/strict';
  import { rmSync, writeFileSync } from 'node:fs';
  const [, directory, index] = process.argv;
  const { openStore } = await import(index);
  const key = (i) => ({ storage: 'pods', namespace: 'ns', name: 'pod-' + i });
  const ballast = directory + '/ballast';
  writeFileSync(ballast, 'x'.repeat(4 << 20));
  let store = openStore({ directory });
  const written = new Set();
  let next = 0;
  async function fill() {
    for (;;) {
      const attempts = [next++, next++, next++].map((i) =>
        store.transact(() => store.put(key(i), () => ({ text: String(i).padEnd(4000), labels: {}, fields: {} }))).then(() => written.add(i)));
      const failures = (await Promise.allSettled(attempts)).filter(({ status }) => status === 'rejected');
      for (const { reason } of failures) assert.equal(reason.code, 'disk-full', reason.stack);
      if (failures.length > 0) return;
    }
  }
  function verify() {
    assert.equal(store.count('pods'), written.size);
    assert.deepEqual(new Set(store.list('pods').map(({ text }) => Number(text))), written);
    assert.equal(store.changes('pods', store.compacted, Infinity).length, store.revision - store.compacted);
  }
  await fill();
  assert.ok(written.size > 300, String(written.size));
  verify();
  for (let restart = 0; restart < 3; restart++) {
    store.close();
    store = openStore({ directory });
    verify();
    await fill();
    verify();
  }
  const before = written.size;
  rmSync(ballast);
  await fill();
  assert.ok(written.size > before + 300, String(written.size));
  verify();
  store.close();
  store = openStore({ directory });
  verify();
  store.close();
  console.log('done');
`;

/** Replaces the same objects until the disk is full, frees space, goes on, forgets the past, and restarts. */
const FULL_OF_HISTORY = `
  import assert from 'node:assert/strict';
  import { rmSync, writeFileSync } from 'node:fs';
  const [, directory, index] = process.argv;
  const { openStore } = await import(index);
  const ballast = directory + '/ballast';
  writeFileSync(ballast, 'x'.repeat(4 << 20));
  let store = openStore({ directory });
  let next = 0;
  function replaceOne() {
    const key = { storage: 'pods', namespace: 'ns', name: 'pod-' + (next % 100) };
    return store.transact(() => store.put(key, () => ({ text: String(next++).padEnd(4000), labels: {}, fields: {} })));
  }
  for (let refused = 0; refused < 6;)
    await replaceOne().catch((error) => {
      assert.equal(error.code, 'disk-full', error.stack);
      refused++;
    });
  rmSync(ballast);
  for (let i = 0; i < 300; i++) await replaceOne();
  assert.equal(store.changes('pods', store.compacted, Infinity).length, store.revision - store.compacted);
  await store.compact(store.revision);
  store.close();
  store = openStore({ directory });
  assert.equal(store.count('pods'), 100);
  store.close();
  console.log('done');
`;
