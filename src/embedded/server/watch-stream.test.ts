import assert from 'node:assert/strict';
import { PassThrough, Writable } from 'node:stream';
import { setImmediate as immediately } from 'node:timers/promises';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { textAt, type JsonObject } from '../../schema/index.ts';
import { TestCluster } from '../test-cluster.ts';
import { WatchStream, type WatchClock } from './watch-stream.ts';

const MAPS = '/api/v1/namespaces/default/configmaps';

/** A clock that stands still until it is told. */
class TestClock implements WatchClock {
  #now = 0;
  readonly #timers = new Map<() => void, number>();

  after(milliseconds: number, callback: () => void): () => void {
    const own = (): void => callback();
    this.#timers.set(own, this.#now + milliseconds);
    return () => this.#timers.delete(own);
  }

  random(): number {
    return 0.5;
  }

  get pending(): number {
    return this.#timers.size;
  }

  /** Lets time pass, and what was to happen in it happen in its order. */
  pass(milliseconds: number): void {
    const end = this.#now + milliseconds;
    for (;;) {
      const next = [...this.#timers].sort(([, a], [, b]) => a - b)[0];
      if (next === undefined || next[1] > end) break;
      this.#now = next[1];
      this.#timers.delete(next[0]);
      next[0]();
    }
    this.#now = end;
  }
}

let cluster: TestCluster;
let clock: TestClock;
let output: PassThrough;
let reports: string[];

async function streamOf(query: string, to: Writable = output): Promise<WatchStream> {
  const watch = await cluster.watch(`${MAPS}?watch=1&${query}`);
  return new WatchStream(watch, to, clock, (message) => reports.push(message));
}

/** What has come, as `TYPE name@revision`. */
function seen(): string[] {
  const text = (output.read() as Buffer | null)?.toString() ?? '';
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const event = JSON.parse(line) as JsonObject;
      const name = textAt(event, 'object', 'metadata', 'name');
      return `${textAt(event, 'type')} ${name}@${textAt(event, 'object', 'metadata', 'resourceVersion')}`;
    });
}

async function make(name: string, namespace = 'default'): Promise<number> {
  await cluster.create({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace } });
  return cluster.store.revision;
}

describe('the watch stream', () => {
  beforeEach(async () => {
    cluster = await TestCluster.open({ revisions: 5 });
    clock = new TestClock();
    output = new PassThrough();
    reports = [];
  });

  afterEach(() => cluster.close());

  describe('WatchStream', () => {
    test('sends what there is when it is told to', async () => {
      const stream = await streamOf(`resourceVersion=${cluster.store.revision}`);
      stream.pump();
      assert.deepEqual(seen(), []);
      const first = await make('a');
      const second = await make('b');
      stream.changed(first - 1);
      assert.deepEqual(seen(), [`ADDED a@${first}`, `ADDED b@${second}`]);
      stream.end();
      await stream.done;
      assert.equal(output.writableEnded, true);
      assert.equal(clock.pending, 0);
    });

    test('bookmarks tell each minute how far it is, also where nothing happens', async () => {
      const stream = await streamOf(`allowWatchBookmarks=1&resourceVersion=${cluster.store.revision}`);
      stream.pump();
      for (let round = 0; round < 3; round++) {
        // Far more than is remembered, of other kinds.
        for (let i = 0; i < 10; i++) {
          const name = `n${round}-${i}`;
          await cluster.create({ apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace: 'other' } });
        }
        clock.pass(60_000);
        assert.deepEqual(seen(), [`BOOKMARK @${cluster.store.revision}`]);
      }
      const revision = await make('a');
      stream.changed(revision - 1);
      assert.deepEqual(seen(), [`ADDED a@${revision}`]);
    });

    test('without bookmarks it goes on all the same after others have filled the memory', async () => {
      const stream = await streamOf(`resourceVersion=${cluster.store.revision}`);
      stream.pump();
      for (let i = 0; i < 20; i++) {
        await cluster.create({
          apiVersion: 'v1',
          kind: 'Secret',
          metadata: { name: `s${i}`, namespace: 'other' },
        });
      }
      const revision = await make('a');
      stream.changed(revision - 1);
      assert.deepEqual(seen(), [`ADDED a@${revision}`]);
    });

    test('ends in time, after a last bookmark', async () => {
      const stream = await streamOf(
        `allowWatchBookmarks=1&timeoutSeconds=10&resourceVersion=${cluster.store.revision}`,
      );
      clock.pass(7999);
      assert.deepEqual(seen(), []);
      clock.pass(1);
      assert.deepEqual(seen(), [`BOOKMARK @${cluster.store.revision}`]);
      clock.pass(2000);
      await stream.done;
      assert.equal(clock.pending, 0);
    });

    test('of no duration it ends in half an hour or more', async () => {
      const stream = await streamOf(`resourceVersion=${cluster.store.revision}`);
      clock.pass(1_800_000);
      assert.equal(output.writableEnded, false);
      clock.pass(900_000);
      await stream.done;
    });

    test('what was forgotten is an error event, and the end', async () => {
      const first = cluster.store.revision;
      for (let i = 0; i < 20; i++) await make(`m${i}`);
      const stream = await streamOf(`resourceVersion=${first}`);
      stream.pump();
      await stream.done;
      assert.match((output.read() as Buffer).toString(), /^\{"type":"ERROR",.*"code":410\}\}\n$/);
    });

    test('a client that takes nothing is not read for, and is cut off after a while', async () => {
      const taken: (() => void)[] = [];
      const slow = new Writable({
        highWaterMark: 1,
        write: (_chunk, _encoding, done) => void taken.push(done),
      });
      const stream = await streamOf(`resourceVersion=${cluster.store.revision}`, slow);
      const first = await make('a');
      stream.changed(first - 1);
      const second = await make('b');
      stream.changed(second - 1);
      assert.equal(taken.length, 1);
      taken[0]!();
      await immediately();
      assert.equal(taken.length, 2, 'what came meanwhile follows when it takes again');
      clock.pass(300_000);
      await stream.done;
      assert.equal(slow.destroyed, true);
    });

    test('a defect ends this stream only, and is told of', async () => {
      const watch = await cluster.watch(`${MAPS}?watch=1`);
      watch.pull = () => {
        throw new RangeError('Invalid string length');
      };
      const stream = new WatchStream(watch, output, clock, (message) => reports.push(message));
      stream.pump();
      await stream.done;
      assert.match(
        reports[0] ?? '',
        /^a watch of configmaps met a defect: RangeError: Invalid string length/,
      );
    });
  });
});
