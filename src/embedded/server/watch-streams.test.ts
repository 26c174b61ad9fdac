import assert from 'node:assert/strict';
import { Writable } from 'node:stream';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { textAt, type JsonObject } from '../../schema/index.ts';
import type { Watch } from '../rest/index.ts';
import { TestCluster } from '../test-cluster.ts';
import { WatchStream, type WatchClock } from './watch-stream.ts';
import { WatchStreams } from './watch-streams.ts';

const MAPS = '/api/v1/namespaces/default/configmaps';

/** Minutes pass when it is told so. */
class Minutes implements WatchClock {
  readonly #due = new Set<() => void>();

  after(milliseconds: number, callback: () => void): () => void {
    if (milliseconds !== 60_000) return () => {};
    this.#due.add(callback);
    return () => this.#due.delete(callback);
  }

  random(): number {
    return 0;
  }

  pass(): void {
    const due = [...this.#due];
    this.#due.clear();
    for (const callback of due) callback();
  }
}

/** A client that takes what comes when it is told to. */
class Client {
  #text = '';
  #take: (() => void) | undefined;
  readonly output = new Writable({
    highWaterMark: 1,
    write: (chunk: Buffer, _encoding, done) => {
      this.#text += chunk.toString();
      this.#take = done;
    },
  });

  /** Takes all that is there for it. */
  async take(): Promise<void> {
    while (this.#take !== undefined) {
      const take = this.#take;
      this.#take = undefined;
      take();
      await new Promise((resolve) => {
        setImmediate(resolve);
      });
    }
  }

  /** What came, as `TYPE namespace/name@revision`; `ERROR` for an error. */
  get seen(): string[] {
    const lines = this.#text.split('\n').filter((line) => line !== '');
    return lines.map((line) => {
      const event = JSON.parse(line) as JsonObject;
      const part = (name: string): string => textAt(event, 'object', 'metadata', name);
      return `${textAt(event, 'type')} ${part('namespace')}/${part('name')}@${part('resourceVersion')}`;
    });
  }
}

/** A cluster whose writes are told to the watches that are sent. */
class Scene {
  readonly cluster: TestCluster;
  readonly clock: Minutes = new Minutes();
  readonly streams: WatchStreams = new WatchStreams();
  readonly reports: string[] = [];
  /** What was written to config maps, as {@link Client.seen} has it. */
  readonly written: string[] = [];
  readonly #all: WatchStream[] = [];

  private constructor(cluster: TestCluster) {
    this.cluster = cluster;
    cluster.store.subscribe((_storages, _revision, changes) => {
      const types = { added: 'ADDED', modified: 'MODIFIED', deleted: 'DELETED' };
      for (const { type, object, revision } of changes)
        if (object.storage === 'configmaps')
          this.written.push(`${types[type]} ${object.namespace}/${object.name}@${revision}`);
      this.streams.tell(changes);
    });
  }

  static async open(revisions: number): Promise<Scene> {
    return new Scene(await TestCluster.open({ revisions }));
  }

  async watch(path: string, query: string): Promise<{ readonly client: Client; readonly watch: Watch }> {
    const from = this.cluster.store.revision;
    const watch = await this.cluster.watch(`${path}?watch=1&resourceVersion=${from}&${query}`);
    const client = new Client();
    const stream = new WatchStream(watch, client.output, this.clock, (message) => this.reports.push(message));
    this.#all.push(stream);
    this.streams.add(stream);
    stream.pump();
    return { client, watch };
  }

  /** Changes an object, or makes it, or deletes it. */
  async write(name: string, namespace: string, deletes = false): Promise<void> {
    const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace } };
    if (deletes) await this.cluster.call('DELETE', `/api/v1/namespaces/${namespace}/configmaps/${name}`);
    else if (this.cluster.get(object) === undefined) await this.cluster.create(object);
    else
      await this.cluster.change(object, (next) => void (next['data'] = { n: String(this.written.length) }));
  }

  close(): void {
    for (const stream of this.#all) {
      stream.end();
      this.streams.delete(stream);
    }
    this.cluster.close();
  }
}

describe('WatchStreams', () => {
  test('each client sees each change that it asked for once and in order, whoever else is told', async () => {
    const names = fc.constantFrom('a', 'b', 'c');
    const namespaces = fc.constantFrom('default', 'other');
    const step = fc.oneof(
      {
        weight: 4,
        arbitrary: fc.record({ does: fc.constant('write' as const), name: names, namespace: namespaces }),
      },
      {
        weight: 1,
        arbitrary: fc.record({ does: fc.constant('delete' as const), name: names, namespace: namespaces }),
      },
      { weight: 2, arbitrary: fc.record({ does: fc.constant('take' as const), client: fc.nat(5) }) },
      { weight: 1, arbitrary: fc.constant({ does: 'minute' as const }) },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        const scene = await Scene.open(10_000);
        try {
          const watched: { readonly client: Client; readonly wants: (change: string) => boolean }[] = [];
          const add = async (path: string, query: string, wants: RegExp): Promise<void> => {
            const { client } = await scene.watch(path, `allowWatchBookmarks=1&${query}`);
            watched.push({ client, wants: (change) => wants.test(change) });
          };
          await add(MAPS, 'fieldSelector=metadata.name=a', / default\/a@/);
          await add(MAPS, 'fieldSelector=metadata.name=b', / default\/b@/);
          await add(MAPS, 'fieldSelector=metadata.name!=b', / default\/[ac]@/);
          await add('/api/v1/configmaps', 'fieldSelector=metadata.name=a', / (default|other)\/a@/);
          await add(
            '/api/v1/configmaps',
            'fieldSelector=metadata.namespace=other,metadata.name=c',
            / other\/c@/,
          );
          await add('/api/v1/configmaps', '', / /);
          for (const each of steps) {
            if (each.does === 'minute') scene.clock.pass();
            else if (each.does === 'take') await watched[each.client]?.client.take();
            else await scene.write(each.name, each.namespace, each.does === 'delete');
          }
          for (const { client } of watched) await client.take();
          for (const { client, wants } of watched) {
            const seen = client.seen.filter((event) => !event.startsWith('BOOKMARK'));
            assert.deepEqual(seen, scene.written.filter(wants));
          }
          assert.deepEqual(scene.reports, []);
        } finally {
          scene.close();
        }
      }),
      { numRuns: 40 },
    );
  });

  test('whom a write cannot concern is not looked at, and misses nothing for all that', async () => {
    const scene = await Scene.open(5);
    try {
      const { client, watch } = await scene.watch(
        MAPS,
        'allowWatchBookmarks=1&fieldSelector=metadata.name=a',
      );
      let pulls = 0;
      const pull = watch.pull.bind(watch);
      watch.pull = (portion) => {
        pulls++;
        return pull(portion);
      };
      // Far more than is remembered.
      for (let i = 0; i < 20; i++) await scene.write(`b${i}`, 'default');
      assert.equal(pulls, 0);
      scene.clock.pass();
      await client.take();
      assert.deepEqual(client.seen, [`BOOKMARK /@${scene.cluster.store.revision}`]);
      assert.equal(pulls, 0);
      for (let i = 0; i < 20; i++) await scene.write(`c${i}`, 'default');
      await scene.write('a', 'default');
      await client.take();
      assert.deepEqual(client.seen.slice(1), [`ADDED default/a@${scene.cluster.store.revision}`]);
      assert.equal(pulls, 1);
    } finally {
      scene.close();
    }
  });

  test('who is gone is told nothing', async () => {
    const scene = await Scene.open(100);
    try {
      await scene.watch(MAPS, 'fieldSelector=metadata.name=a');
      const { client } = await scene.watch(MAPS, '');
      const [named, any] = [...scene.streams].sort((one, other) =>
        (one.name ?? '~').localeCompare(other.name ?? '~'),
      );
      assert.ok(named !== undefined && any !== undefined);
      scene.streams.delete(named);
      scene.streams.delete(any);
      assert.deepEqual([...scene.streams], []);
      await scene.write('a', 'default');
      assert.deepEqual(client.seen, []);
    } finally {
      scene.close();
    }
  });
});
