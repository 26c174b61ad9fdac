import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { KubeError } from '../kube/index.ts';
import {
  jobObject,
  jobObjects,
  JOB_UID_ANNOTATION,
  OsBuildError,
  REQUEST_ANNOTATION,
  type JobOrder,
} from '../osbuild/index.ts';
import { BuildJobs, type BegunJob } from './build-jobs.ts';
import { CONFIG_MAPS, JOBS, OS_BUILDS, SECRETS } from './resources.ts';
import { FakeCluster } from './test-cluster.ts';
import { jobOrder } from './test-jobs.ts';

const AWAY = new KubeError('unavailable', 'the server is away');
const GOES_ON = new AbortController().signal;

function open(): {
  readonly cluster: FakeCluster;
  readonly order: JobOrder;
  readonly begin: () => Promise<BegunJob>;
} {
  const cluster = new FakeCluster();
  const order = jobOrder();
  cluster.put(OS_BUILDS, order.build);
  return {
    cluster,
    order,
    // As another process does that has just read what there is.
    begin: () => {
      const build = cluster.find(OS_BUILDS, order.build.metadata.name) ?? order.build;
      return new BuildJobs(cluster.client).begin({ ...order, build }, GOES_ON);
    },
  };
}

/** All that a Job needs is there, and goes with it; the build names it. */
function assertWhole(cluster: FakeCluster, order: JobOrder, { job }: BegunJob): void {
  const { uid } = job.metadata;
  assert.equal(cluster.find(JOBS, order.names.job)?.metadata.uid, uid);
  const { configMaps, secrets, digest, output } = jobObjects(order);
  const owners = [
    ...[...configMaps, output].map(({ metadata }) => cluster.find(CONFIG_MAPS, metadata.name)),
    ...secrets.map(({ metadata }) => cluster.find(SECRETS, metadata.name)),
  ].map((object) => object?.metadata.ownerReferences?.map((owner) => owner.uid));
  assert.deepEqual(
    owners,
    owners.map(() => [uid]),
  );
  const report = cluster.find(CONFIG_MAPS, digest.metadata.name);
  assert.equal(report?.metadata.ownerReferences?.[0]?.uid, order.build.metadata['uid']);
  const { annotations } = cluster.find(OS_BUILDS, order.build.metadata.name)?.metadata ?? {};
  assert.equal(annotations?.[JOB_UID_ANNOTATION], uid);
}

test('a Job is made after all that it is given, and found by whoever comes next, who writes nothing', async () => {
  const { cluster, order, begin } = open();
  const first = await begin();
  assert.equal(first.isAdopted, false);
  assertWhole(cluster, order, first);
  const created = cluster.writes.filter((call) => call.startsWith('create'));
  assert.equal(created.at(-1), `create Job ${order.names.job}`);
  const { length } = cluster.writes;
  const second = await begin();
  assert.equal(second.isAdopted, true);
  assert.equal(second.job.metadata.uid, first.job.metadata.uid);
  assert.equal(cluster.writes.length, length);
});

for (const lost of ['the call', 'the answer'] as const) {
  test(`a process that ends where ${lost} is lost, anywhere, leaves what the next one completes`, async () => {
    let isCutOff = true;
    for (let at = 0; isCutOff; at += 1) {
      assert.ok(at < 100);
      const { cluster, order, begin } = open();
      let calls = 0;
      const cut = (): void => {
        calls += 1;
        if (calls === at + 1) throw AWAY;
      };
      if (lost === 'the call') cluster.before = cut;
      else cluster.after = cut;
      isCutOff = await begin().then(
        () => false,
        (error: unknown) => error === AWAY,
      );
      const left = cluster.find(JOBS, order.names.job)?.metadata.uid;
      cluster.before = cluster.after = () => {};
      const begun = await begin();
      assertWhole(cluster, order, begun);
      if (left !== undefined)
        assert.equal(begun.job.metadata.uid, left, 'what runs already is not begun again');
    }
  });
}

test('two controllers that begin the same build at once have one Job, whoever is faster when', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(), { minLength: 5, maxLength: 60 }), async (choices) => {
      const { cluster, order, begin } = open();
      const waiting: (() => void)[] = [];
      cluster.before = () => new Promise<void>((resolve) => void waiting.push(resolve));
      const done: BegunJob[] = [];
      const both = [begin(), begin()].map(async (begun) => void done.push(await begun));
      for (let step = 0; done.length < both.length; step += 1) {
        assert.ok(step < 1000, 'they keep each other from it');
        await cluster.clock.advance(waiting.length === 0 ? 1000 : 0);
        const at = (choices[step % choices.length] ?? 0) % Math.max(1, waiting.length);
        waiting.splice(at, 1)[0]?.();
      }
      await Promise.all(both);
      for (const begun of done) assertWhole(cluster, order, begun);
      assert.equal(cluster.writes.filter((call) => call.startsWith('delete Job')).length, 0);
    }),
    { numRuns: 60 },
  );
});

test('the Job of another build of this name goes first, as long as its finalizers take', async () => {
  const { cluster, order, begin } = open();
  const other = {
    ...order,
    build: { ...order.build, metadata: { ...order.build.metadata, uid: 'another' } },
  };
  for (const object of jobObjects(other).configMaps) cluster.put(CONFIG_MAPS, object);
  const { metadata, ...rest } = jobObject(other);
  const old = cluster.put(JOBS, {
    ...rest,
    metadata: { ...metadata, finalizers: ['batch.kubernetes.io/job-tracking'] },
  });
  const begun = begin();
  await cluster.clock.advance(5500);
  const found = cluster.find(JOBS, order.names.job);
  assert.equal(found?.metadata.uid, old.metadata.uid);
  assert.notEqual(found?.metadata.deletionTimestamp, undefined);
  assert.ok(found !== undefined);
  cluster.put(JOBS, { ...found, metadata: { ...found.metadata, finalizers: [] } });
  await cluster.clock.advance(5000);
  const { job, isAdopted } = await begun;
  assert.equal(isAdopted, false);
  assert.notEqual(job.metadata.uid, old.metadata.uid);
  assertWhole(cluster, order, { job, isAdopted });
});

test('a Job that makes another image than this one gives way', async () => {
  const { cluster, order, begin } = open();
  const first = await begin();
  const changed = { ...order.request, policy: '{"default":[]}' };
  const next = new BuildJobs(cluster.client).begin({ ...order, request: changed }, GOES_ON);
  await cluster.clock.advance(2000);
  const second = await next;
  assert.notEqual(second.job.metadata.uid, first.job.metadata.uid);
  assertWhole(cluster, { ...order, request: changed }, second);
});

test('where a build is pushed to does not matter: the next process gives it another tag', async () => {
  const { cluster, order, begin } = open();
  await begin();
  const push = { ...order.request.push, tag: 'build-2' };
  const request = { ...order.request, push };
  const { isAdopted } = await new BuildJobs(cluster.client).begin({ ...order, request }, GOES_ON);
  assert.ok(isAdopted);
});

test('what is left of an earlier build and does not go is asked about once a second, until the signal aborts', async () => {
  const { cluster, order } = open();
  const [left] = jobObjects(order).configMaps;
  assert.ok(left !== undefined);
  cluster.put(CONFIG_MAPS, {
    ...left,
    metadata: { ...left.metadata, finalizers: ['example.com/held'] },
  });
  cluster.before = () => {
    if (cluster.writes.length > 500) throw new Error('it asks without a pause');
  };
  const stop = new AbortController();
  const begun = new BuildJobs(cluster.client).begin(order, stop.signal);
  await cluster.clock.advance(60_000);
  assert.ok(cluster.writes.length < 200, `${cluster.writes.length} writes in a minute`);
  stop.abort();
  await assert.rejects(begun);
});

test('what a cluster refuses is a failure of the build, what it does not answer is not', async () => {
  const { cluster, order, begin } = open();
  cluster.before = (call) => {
    if (call.startsWith('create Secret')) throw new KubeError('forbidden', 'exceeded quota: secrets');
  };
  await assert.rejects(begin(), (error: unknown) => {
    assert.ok(error instanceof OsBuildError);
    assert.equal(error.code, 'builder-refused');
    assert.match(error.message, /the cluster refuses Secret base-worker-\w+: exceeded quota/);
    return true;
  });
  assert.equal(cluster.find(JOBS, order.names.job), undefined);
  cluster.before = () => {
    throw AWAY;
  };
  await assert.rejects(begin(), AWAY);
});

test('a build that is not wanted leaves nothing, whatever there was of it', async () => {
  const { cluster, order, begin } = open();
  const jobs = new BuildJobs(cluster.client);
  await begin();
  cluster.remove(SECRETS, order.names.pull);
  await jobs.discard(order);
  const { name } = order.build.metadata;
  assert.deepEqual(cluster.names, [`MachineOSBuild ${name}`]);
  await jobs.discard(order);
});

test('so does one whose Job was never made', async () => {
  const { cluster, order, begin } = open();
  cluster.before = (call) => {
    if (call.startsWith('create Job')) throw AWAY;
  };
  await assert.rejects(begin());
  await new BuildJobs(cluster.client).discard(order);
  assert.deepEqual(cluster.names, [`MachineOSBuild ${order.build.metadata.name}`]);
});

test('nothing of a later build of the same name goes with one that is not wanted', async () => {
  const { cluster, order, begin } = open();
  const old = { ...order, build: { ...order.build, metadata: { ...order.build.metadata, uid: 'earlier' } } };
  const begun = await begin();
  const before = cluster.names;
  await new BuildJobs(cluster.client).discard(old);
  assert.deepEqual(cluster.names, before);
  assertWhole(cluster, order, begun);
  const gone = { ...begun.job, metadata: { ...begun.job.metadata, uid: 'earlier' } };
  await new BuildJobs(cluster.client).remove(gone);
  assert.deepEqual(cluster.names, before);
});

test('the hash of what an image is made of is with a Secret, and nowhere else', async () => {
  const { cluster, order, begin } = open();
  await begin();
  const { names } = order;
  const hash = cluster.find(SECRETS, names.push)?.metadata.annotations?.[REQUEST_ANNOTATION] ?? '';
  assert.match(hash, /^[0-9a-f]{64}$/);
  const others = [cluster.find(JOBS, names.job), cluster.find(CONFIG_MAPS, names.containerfile)];
  assert.ok(others.every((object) => object !== undefined && !JSON.stringify(object).includes(hash)));
});
