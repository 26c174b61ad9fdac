import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KubeError } from '../kube/index.ts';
import {
  formatOutput,
  formatReport,
  jobObject,
  jobObjects,
  REPORT_KEY,
  type BuildJob,
  type BuildPod,
} from '../osbuild/index.ts';
import { JobFollower, type JobEnd } from './job-follower.ts';
import { BUILD_PODS, CONFIG_MAPS, JOBS } from './resources.ts';
import { FakeCluster } from './test-cluster.ts';
import { DIGEST, endJob, jobOrder, putPod, write, type PodState } from './test-jobs.ts';

const AWAY = new KubeError('unavailable', 'the server is away');

/** A Job that is being followed. */
class Following {
  readonly cluster = new FakeCluster();
  readonly names = jobOrder().names;
  readonly said: string[] = [];
  readonly reported: unknown[] = [];
  readonly #abort = new AbortController();
  readonly ended: Promise<JobEnd>;
  #end: JobEnd | undefined;

  constructor() {
    const order = jobOrder();
    const { digest, output } = jobObjects(order);
    for (const object of [digest, output]) this.cluster.put(CONFIG_MAPS, object);
    const job = this.cluster.put(JOBS, jobObject(order)) as BuildJob;
    this.ended = new JobFollower({
      client: this.cluster.client,
      job,
      names: this.names,
      signal: this.#abort.signal,
      say: (line) => this.said.push(line),
      report: (error) => this.reported.push(error),
    }).untilEnd();
    this.ended.then(
      (end) => (this.#end = end),
      () => undefined,
    );
  }

  /** What came of it, as soon as something has. */
  end(): JobEnd | undefined {
    return this.#end;
  }

  stop(reason: Error): void {
    this.#abort.abort(reason);
  }

  /** Lets time pass. */
  async wait(milliseconds = 0): Promise<void> {
    for (let turn = 0; turn < 5; turn += 1) await this.cluster.clock.advance(0);
    await this.cluster.clock.advance(milliseconds);
    for (let turn = 0; turn < 5; turn += 1) await this.cluster.clock.advance(0);
  }

  output(lines: readonly string[], { pod = '1.p-1', gone = 0 } = {}): void {
    write(this.cluster, this.names.output, { [pod]: formatOutput(gone, lines) });
  }

  pod(name: string, state: PodState, status: BuildPod['status'] = {}): void {
    putPod(this.cluster, this.names, name, state, status);
  }

  succeed(pod = 'p-1'): void {
    write(this.cluster, this.names.digest, { [REPORT_KEY]: formatReport({ pod, digest: DIGEST }) });
    endJob(this.cluster, this.names, 'Complete');
  }

  /** Nothing runs on when it has ended. */
  assertStill(): void {
    assert.equal(this.cluster.watches, 0);
    assert.equal(this.cluster.clock.pending, 0);
  }
}

function assertFailed(end: JobEnd | undefined, code: string, message: RegExp): void {
  assert.ok(end !== undefined && 'error' in end, `it is ${end?.kind}`);
  assert.equal(end.error.code, code);
  assert.match(end.error.message, message);
}

const RUNNING: PodState = { running: {} };
const EVICTION = {
  type: 'DisruptionTarget',
  status: 'True',
  reason: 'TerminationByKubelet',
  message: 'The node was low on resource: ephemeral-storage.',
};
const NO_IMAGE: PodState = { waiting: { reason: 'ImagePullBackOff', message: 'no such image' } };

test('a Job that succeeds has told what its pods said, each line once, and its digest', async () => {
  const job = new Following();
  await job.wait();
  job.pod('p-1', RUNNING);
  job.output(['one']);
  await job.wait();
  job.output(['one', 'two']);
  await job.wait();
  assert.deepEqual(job.said, ['one', 'pod       p-1 on node node-1', 'two']);
  job.output(['one', 'two', 'three']);
  job.succeed();
  assert.deepEqual(await job.ended, { kind: 'succeeded', digest: DIGEST });
  assert.deepEqual(job.said, ['one', 'pod       p-1 on node node-1', 'two', 'three']);
  job.assertStill();
});

test('an end that comes before what was written for it asks the server, and does not go by the cache', async () => {
  const job = new Following();
  await job.wait();
  const { before } = job.cluster;
  job.cluster.before = (call) => {
    // The pod's last words are stored by the time at which the server is asked, and no watch has told of them.
    if (call !== `get ConfigMap ${job.names.digest}`) return;
    job.cluster.before = before;
    write(job.cluster, job.names.digest, { [REPORT_KEY]: formatReport({ pod: 'p-1', digest: DIGEST }) });
    job.output(['the last line']);
  };
  endJob(job.cluster, job.names, 'Complete');
  assert.deepEqual(await job.ended, { kind: 'succeeded', digest: DIGEST });
  assert.deepEqual(job.said, ['the last line']);
});

for (const forgotten of [false, true]) {
  const history = forgotten ? 'which has forgotten what came to pass' : 'which tells what came to pass';
  test(`watches that are lost go on with a server that comes back, ${history}`, async () => {
    const job = new Following();
    job.output(['one']);
    await job.wait();
    job.cluster.fail(AWAY);
    await job.wait();
    assert.equal(job.cluster.watches, 0);
    job.pod('p-1', RUNNING);
    job.output(['one', 'two']);
    job.succeed();
    if (forgotten) job.cluster.compact();
    await job.wait(60_000);
    assert.equal(job.end(), undefined);
    assert.ok(job.reported.length > 0);
    job.cluster.fail(undefined);
    await job.wait(120_000);
    assert.deepEqual(job.end(), { kind: 'succeeded', digest: DIGEST });
    assert.deepEqual(
      job.said.filter((line) => !line.startsWith('pod')),
      ['one', 'two'],
    );
    job.assertStill();
  });
}

test('a server that does not answer when the Job has ended is asked again', async () => {
  const job = new Following();
  await job.wait();
  const asked: string[] = [];
  job.cluster.before = (call) => {
    asked.push(call);
    if (asked.length <= 3) throw AWAY;
  };
  job.succeed();
  await job.wait(60_000);
  assert.deepEqual(job.end(), { kind: 'succeeded', digest: DIGEST });
  assert.equal(job.reported.length, 3);
});

test('a Job that somebody deletes has failed, and is tried again', async () => {
  const job = new Following();
  job.pod('p-1', RUNNING);
  job.output(['one']);
  await job.wait();
  job.cluster.remove(JOBS, job.names.job);
  assertFailed(await job.ended, 'evicted', /somebody deleted Job build-worker-/);
  assert.deepEqual(job.said, ['one', 'pod       p-1 on node node-1']);
});

test('so has one that is about to be deleted', async () => {
  const job = new Following();
  await job.wait();
  const found = job.cluster.find(JOBS, job.names.job) as BuildJob;
  const metadata = { ...found.metadata, finalizers: ['foregroundDeletion'] };
  job.cluster.put(JOBS, { ...found, metadata });
  await job.wait();
  assert.equal(job.end(), undefined);
  job.cluster.remove(JOBS, job.names.job);
  assertFailed(await job.ended, 'evicted', /somebody deleted/);
});

test('another Job of the same name is not taken for it, whatever has become of that one', async () => {
  const job = new Following();
  await job.wait();
  job.cluster.fail(AWAY);
  await job.wait();
  job.cluster.remove(JOBS, job.names.job);
  job.cluster.put(JOBS, jobObject(jobOrder()));
  job.succeed();
  job.cluster.fail(undefined);
  await job.wait(120_000);
  assertFailed(job.end(), 'evicted', /somebody deleted/);
});

test('a pod that is evicted is told of once, and the next one makes the image', async () => {
  const job = new Following();
  job.pod('p-1', RUNNING);
  job.output(['begun']);
  await job.wait();
  for (let times = 0; times < 3; times += 1) {
    job.pod('p-1', { terminated: { exitCode: 143 } }, { phase: 'Failed', conditions: [EVICTION] });
    await job.wait();
  }
  await job.cluster.clock.advance(1000);
  job.pod('p-2', RUNNING);
  await job.wait();
  job.output(['begun', 'done'], { pod: '2.p-2' });
  job.succeed('p-2');
  assert.deepEqual(await job.ended, { kind: 'succeeded', digest: DIGEST });
  assert.deepEqual(job.said, [
    'begun',
    'pod       p-1 on node node-1',
    `note: pod p-1 is evicted, and another one takes its place: TerminationByKubelet: ${EVICTION.message}`,
    'pod       p-2 on node node-1',
    'begun',
    'done',
  ]);
});

test('lines that a pod has said and that nobody keeps are told of as lost', async () => {
  const job = new Following();
  job.output(['1', '2']);
  await job.wait();
  job.output(['6', '7'], { gone: 5 });
  await job.wait();
  job.output(['7', '8'], { gone: 6 });
  job.succeed();
  await job.ended;
  assert.deepEqual(job.said, ['1', '2', '[3 lines are not kept]', '6', '7', '8']);
});

test('a pod that cannot start for three minutes is a failure; its Job is there yet', async () => {
  const job = new Following();
  job.pod('p-1', NO_IMAGE);
  await job.wait(179_000);
  assert.equal(job.end(), undefined);
  await job.wait(2000);
  assert.equal(job.end()?.kind, 'stuck');
  assertFailed(
    job.end(),
    'timeout',
    /no pod of Job build-worker-\w+ could begin, ImagePullBackOff: no such image/,
  );
  assert.deepEqual(job.said, ['note: pod p-1 waits: ImagePullBackOff: no such image']);
  assert.ok(job.cluster.find(JOBS, job.names.job) !== undefined);
  job.assertStill();
});

test('a Job that the cluster makes no pod for has failed as refused, and says where the reason is', async () => {
  const job = new Following();
  await job.wait(179_000);
  assert.equal(job.end(), undefined);
  await job.wait(2000);
  assert.equal(job.end()?.kind, 'stuck');
  assertFailed(
    job.end(),
    'builder-refused',
    /the cluster makes none: a quota, .* get events --namespace varve --field-selector involvedObject.name=build-worker-/,
  );
  assert.deepEqual(job.said, []);
});

test('a Job whose pods are not seen, or are not to be yet, is not taken for one without', async () => {
  for (const more of [{ status: { active: 1 } }, { spec: { suspend: true } }]) {
    const job = new Following();
    job.cluster.put(JOBS, { ...(job.cluster.find(JOBS, job.names.job) as BuildJob), ...more });
    await job.wait(400_000);
    assert.equal(job.end(), undefined);
    job.succeed();
    assert.equal((await job.ended).kind, 'succeeded');
  }
});

test('a pod that starts after all has all its time again', async () => {
  const job = new Following();
  job.pod('p-1', NO_IMAGE);
  await job.wait(170_000);
  job.pod('p-1', RUNNING);
  await job.wait(170_000);
  job.pod('p-2', NO_IMAGE);
  await job.wait(170_000);
  assert.equal(job.end(), undefined);
  await job.wait(20_000);
  assert.equal(job.end()?.kind, 'stuck');
});

test('a pod that has begun as the server has it is not stuck, whatever the caches say', async () => {
  const job = new Following();
  job.pod('p-1', NO_IMAGE);
  await job.wait(100_000);
  const isHeld = Promise.withResolvers<void>();
  job.cluster.before = (call) => (call === 'list Pod' ? isHeld.promise : undefined);
  await job.wait(90_000);
  job.pod('p-1', RUNNING);
  isHeld.resolve();
  await job.wait(300_000);
  assert.equal(job.end(), undefined);
  job.succeed();
  assert.deepEqual(await job.ended, { kind: 'succeeded', digest: DIGEST });
});

test('a pod that no node takes waits for as long as the Job may', async () => {
  const job = new Following();
  job.cluster.put(BUILD_PODS, {
    metadata: { name: 'p-1', namespace: 'varve', labels: { 'batch.kubernetes.io/job-name': job.names.job } },
    status: {
      phase: 'Pending',
      conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: '0/3 nodes' }],
    },
  });
  await job.wait(3_000_000);
  assert.equal(job.end(), undefined);
  endJob(job.cluster, job.names, 'Failed', 'DeadlineExceeded');
  assertFailed(await job.ended, 'timeout', /no node takes it: Unschedulable: 0\/3 nodes/);
});

test('what is stopped ends with the reason for that, wherever it is, and leaves nothing that runs on', async () => {
  const reason = new Error('stopped');
  for (const when of ['at once', 'while it follows', 'while the server is away', 'while it asks'] as const) {
    const job = new Following();
    if (when !== 'at once') await job.wait();
    if (when === 'while the server is away') job.cluster.fail(AWAY);
    if (when === 'while it asks') {
      job.cluster.before = (call) => {
        if (call.startsWith('get')) throw AWAY;
      };
      job.succeed();
    }
    if (when !== 'at once') await job.wait();
    job.stop(reason);
    await assert.rejects(job.ended, reason, when);
    job.assertStill();
  }
});
