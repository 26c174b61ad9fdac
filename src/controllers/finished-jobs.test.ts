import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MachineOSBuild } from '../api/index.ts';
import { Informer, KubeError } from '../kube/index.ts';
import { jobNames, jobObject, type BuildNews } from '../osbuild/index.ts';
import { BuildJobs } from './build-jobs.ts';
import { FinishedJobs } from './finished-jobs.ts';
import { JOBS, OS_BUILDS } from './resources.ts';
import { FakeCluster } from './test-cluster.ts';
import { buildOf, IMAGE } from './test-images.ts';
import { jobOrder } from './test-jobs.ts';
import { notedLog } from './test-log.ts';

const SUCCEEDED: BuildNews = { state: 'succeeded', image: IMAGE };
const INTERRUPTED: BuildNews = { state: 'interrupted', reason: 'Superseded', message: 'another one' };
const FAILED: BuildNews = { state: 'failed', reason: 'CommandFailed', message: 'no' };

/** A cluster whose builds are followed. */
class Clearing {
  readonly cluster = new FakeCluster();
  readonly logged: string[] = [];
  readonly #stop = new AbortController();
  readonly #running: Promise<unknown>;

  constructor() {
    const { client } = this.cluster;
    const builds = new Informer(client, { type: OS_BUILDS });
    const { signal } = this.#stop;
    const finished = new FinishedJobs({
      client,
      namespace: 'varve',
      jobs: new BuildJobs(client),
      builds,
      log: notedLog(this.logged),
    });
    this.#running = Promise.all([builds.run(signal), finished.run(signal)]);
  }

  /** A build in a state, and its Job. */
  put(hash: string, news: BuildNews, more: { readonly jobOf?: string } = {}): MachineOSBuild {
    const build = buildOf('worker', hash, news);
    this.cluster.put(OS_BUILDS, build);
    const { name, uid } = build.metadata;
    const owner = { ...build, metadata: { ...build.metadata, uid: more.jobOf ?? uid } };
    const order = { ...jobOrder(), build: owner, names: jobNames(name, 'amd64') };
    if (this.cluster.find(JOBS, order.names.job) === undefined) this.cluster.put(JOBS, jobObject(order));
    return build;
  }

  async wait(milliseconds = 0): Promise<void> {
    for (let turn = 0; turn < 10; turn += 1) await this.cluster.clock.advance(0);
    await this.cluster.clock.advance(milliseconds);
    for (let turn = 0; turn < 10; turn += 1) await this.cluster.clock.advance(0);
  }

  /** The builds, by the letter of their hashes, whose Jobs are there. */
  get left(): string {
    const jobs = this.cluster.names.filter((name) => name.startsWith('Job'));
    return jobs.map((name) => name.at(-1)).join('');
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await this.#running;
    assert.equal(this.cluster.watches, 0);
    assert.equal(this.cluster.clock.pending, 0);
  }
}

test('the Jobs of builds that have come to a good end go; those that people look into, or that run, stay', async () => {
  const clearing = new Clearing();
  clearing.put('a', SUCCEEDED);
  clearing.put('b', INTERRUPTED);
  clearing.put('c', FAILED);
  clearing.put('d', { state: 'building' });
  clearing.put('e', SUCCEEDED, { jobOf: 'an earlier one' });
  await clearing.wait();
  assert.equal(clearing.left, 'cde');
  clearing.put('d', SUCCEEDED);
  await clearing.wait();
  assert.equal(clearing.left, 'ce');
  assert.deepEqual(clearing.logged, []);
  await clearing.close();
});

test('a Job whose build is not known, or gone, is left to the garbage collector', async () => {
  const clearing = new Clearing();
  const { metadata } = clearing.put('a', { state: 'building' });
  await clearing.wait();
  clearing.cluster.remove(OS_BUILDS, metadata.name);
  await clearing.wait(60_000);
  assert.equal(clearing.left, 'a');
  await clearing.close();
});

test('a Job that cannot be removed is tried again after a while, and not without a pause', async () => {
  const clearing = new Clearing();
  clearing.cluster.before = (call) => {
    if (call.startsWith('delete')) throw new KubeError('forbidden', 'no');
  };
  clearing.put('a', SUCCEEDED);
  await clearing.wait(60_000);
  assert.ok(clearing.logged.length > 5 && clearing.logged.length < 20, `${clearing.logged.length} times`);
  clearing.cluster.before = () => {};
  await clearing.wait(10_000);
  assert.equal(clearing.left, '');
  await clearing.close();
});

test('a server that was away has the Jobs removed that came to an end meanwhile', async () => {
  const clearing = new Clearing();
  clearing.put('a', { state: 'building' });
  await clearing.wait();
  clearing.cluster.fail(new KubeError('unavailable', 'away'));
  clearing.put('a', SUCCEEDED);
  clearing.put('b', INTERRUPTED);
  await clearing.wait(60_000);
  assert.equal(clearing.left, 'ab');
  clearing.cluster.compact();
  clearing.cluster.fail(undefined);
  await clearing.wait(120_000);
  assert.equal(clearing.left, '');
  await clearing.close();
});

test('it ends while it waits to try again', async () => {
  const clearing = new Clearing();
  clearing.cluster.before = (call) => {
    if (call.startsWith('delete')) throw new KubeError('forbidden', 'no');
  };
  clearing.put('a', SUCCEEDED);
  await clearing.wait(1000);
  await clearing.close();
});
