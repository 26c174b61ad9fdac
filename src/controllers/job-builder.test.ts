import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KubeError } from '../kube/index.ts';
import type { Digest } from '../oci/index.ts';
import { formatReport, OsBuildError, REPORT_KEY } from '../osbuild/index.ts';
import { BuildJobs } from './build-jobs.ts';
import { BuildStop } from './container-building.ts';
import { JobBuilder } from './job-builder.ts';
import { JOBS, OS_BUILDS } from './resources.ts';
import { FakeCluster } from './test-cluster.ts';
import { DIGEST, endJob, jobOrder, putPod, write } from './test-jobs.ts';
import { notedLog } from './test-log.ts';

const AWAY = new KubeError('unavailable', 'the server is away');

/** A controller that has a build made. */
class Building {
  readonly cluster: FakeCluster;
  readonly said: string[] = [];
  readonly logged: string[] = [];
  readonly names = jobOrder().names;
  readonly #abort = new AbortController();
  readonly made: Promise<Digest>;

  constructor(cluster: FakeCluster) {
    this.cluster = cluster;
    const { request, ...order } = jobOrder({
      signal: this.#abort.signal,
      say: (line) => this.said.push(line),
    });
    const { client } = cluster;
    const builder = new JobBuilder({
      client,
      jobs: new BuildJobs(client),
      log: notedLog(this.logged),
      description: 'Job',
      order,
    });
    this.made = builder.build(request);
    this.made.catch(() => undefined);
  }

  stop(kind: 'unwanted' | 'left'): void {
    this.#abort.abort(new BuildStop(kind));
  }

  async wait(milliseconds = 0): Promise<void> {
    for (let turn = 0; turn < 20; turn += 1) await this.cluster.clock.advance(0);
    await this.cluster.clock.advance(milliseconds);
    for (let turn = 0; turn < 20; turn += 1) await this.cluster.clock.advance(0);
  }

  succeed(): void {
    write(this.cluster, this.names.digest, { [REPORT_KEY]: formatReport({ pod: 'p-1', digest: DIGEST }) });
    endJob(this.cluster, this.names, 'Complete');
  }
}

function openCluster(): FakeCluster {
  const cluster = new FakeCluster();
  cluster.put(OS_BUILDS, jobOrder().build);
  return cluster;
}

async function failureOf({ made }: Building): Promise<OsBuildError> {
  const error = await made.then(
    () => assert.fail('it succeeded'),
    (failure: unknown) => failure,
  );
  assert.ok(error instanceof OsBuildError, String(error));
  return error;
}

test('a Job is begun as soon as the cluster answers, and gives its digest; it stays for whoever comes next', async () => {
  const cluster = openCluster();
  cluster.fail(AWAY);
  const build = new Building(cluster);
  await build.wait(60_000);
  assert.match(build.logged[0] ?? '', /cannot begin the Job of a build/);
  cluster.fail(undefined);
  await build.wait(60_000);
  build.succeed();
  assert.equal(await build.made, DIGEST);
  assert.deepEqual(build.said, [`job       Job varve/${build.names.job}`]);
  const next = new Building(cluster);
  assert.equal(await next.made, DIGEST);
  assert.deepEqual(next.said, [
    `note: Job varve/${build.names.job} is under way: this build goes on with it`,
  ]);
});

test('a Job whose pod cannot start goes, and the build says why', async () => {
  const build = new Building(openCluster());
  await build.wait();
  putPod(build.cluster, build.names, 'p-1', { waiting: { reason: 'ImagePullBackOff', message: 'nowhere' } });
  await build.wait(190_000);
  const { code, message } = await failureOf(build);
  assert.equal(code, 'timeout');
  assert.match(message, /ImagePullBackOff: nowhere/);
  assert.equal(build.cluster.find(JOBS, build.names.job), undefined);
});

test('and says the same where the Job cannot be removed', async () => {
  const build = new Building(openCluster());
  await build.wait();
  putPod(build.cluster, build.names, 'p-1', { waiting: { reason: 'ImagePullBackOff', message: 'nowhere' } });
  build.cluster.before = (call) => {
    if (call.startsWith('delete')) throw AWAY;
  };
  await build.wait(190_000);
  const { code, message } = await failureOf(build);
  assert.equal(code, 'timeout');
  assert.match(message, /ImagePullBackOff: nowhere/);
  assert.match(build.logged.at(-1) ?? '', /cannot remove the Job of a build .*the server is away/);
});

test('a process that leaves does not take the Job with it', async () => {
  const build = new Building(openCluster());
  await build.wait();
  const before = build.cluster.names;
  build.stop('left');
  assert.equal((await failureOf(build)).code, 'command-failed');
  assert.deepEqual(build.cluster.names, before);
  assert.equal(build.cluster.watches, 0);
  assert.equal(build.cluster.clock.pending, 0);
});

test('what nobody wants leaves nothing, whether it has begun or is about to', async () => {
  for (const isBegun of [true, false]) {
    const build = new Building(openCluster());
    if (isBegun) {
      await build.wait();
      build.stop('unwanted');
    } else {
      build.cluster.after = (call) => {
        // The server takes it, and the process is told to stop in that moment.
        if (!call.startsWith('create Job')) return;
        build.stop('unwanted');
        throw new KubeError('aborted', 'it was stopped');
      };
    }
    await failureOf(build);
    assert.deepEqual(build.cluster.names, [`MachineOSBuild ${jobOrder().build.metadata.name}`]);
    assert.equal(build.cluster.clock.pending, 0);
  }
});

test('what cannot be removed then is said, and the build has been stopped all the same', async () => {
  const build = new Building(openCluster());
  await build.wait();
  build.cluster.before = (call) => {
    if (call.startsWith('delete')) throw new KubeError('forbidden', 'no');
  };
  build.stop('unwanted');
  assert.match((await failureOf(build)).message, /the build was stopped/);
  assert.match(build.logged.at(-1) ?? '', /cannot remove the Job of a build/);
});
