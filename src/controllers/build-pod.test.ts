import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { KubeError } from '../kube/index.ts';
import {
  DIGEST_KEY,
  formatReport,
  JobExit,
  OsBuildError,
  OutputReader,
  parseReport,
  REPORT_KEY,
  type ContainerBuildRequest,
  type JobReport,
} from '../osbuild/index.ts';
import type { Digest } from '../oci/index.ts';
import { runBuildPod } from './build-pod.ts';
import { CONFIG_MAPS } from './resources.ts';
import { FakeCluster } from './test-cluster.ts';
import { DIGEST, jobOrder } from './test-jobs.ts';

const AWAY = new KubeError('unavailable', 'the server is away');
const PASSWORD = 'correct-horse';

interface PodLab {
  readonly cluster: FakeCluster;
  readonly printed: string[];
  readonly stop: AbortController;
  /** Runs the pod, whose builder does so. @returns the status that it exits with */
  readonly run: (build: (request: ContainerBuildRequest) => Promise<Digest>) => Promise<number>;
  /** What the kubelet is told. */
  readonly termination: () => Promise<string>;
  readonly report: () => JobReport | undefined;
  readonly output: () => readonly string[];
}

async function open(
  t: TestContext,
  { isAlone = false, read }: { readonly isAlone?: boolean; readonly read?: () => Promise<never> } = {},
): Promise<PodLab> {
  const folder = await mkdtemp(join(tmpdir(), 'varve-pod-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const termination = join(folder, 'termination-log');
  const cluster = new FakeCluster();
  for (const name of ['digest', 'output'])
    cluster.put(CONFIG_MAPS, { metadata: { name, namespace: 'varve' } });
  const printed: string[] = [];
  const stop = new AbortController();
  const { request, access } = jobOrder();
  const auth = Buffer.from(`me:${PASSWORD}`).toString('base64');
  const push = { ...access.push, document: JSON.stringify({ auths: { 'registry.example.com': { auth } } }) };
  const data = (name: string): Readonly<Record<string, string>> =>
    cluster.find(CONFIG_MAPS, name)?.data ?? {};
  return {
    cluster,
    printed,
    stop,
    run: async (build) => {
      const running = runBuildPod({
        identity: {
          pod: 'p-1',
          namespace: 'varve',
          digestConfigMap: 'digest',
          outputConfigMap: 'output',
        },
        client: isAlone ? undefined : cluster.client,
        read: read ?? (() => Promise.resolve({ request, access: { ...access, push } })),
        open: () => ({ for: (architecture) => ({ description: architecture, build }) }),
        architecture: 'amd64',
        termination,
        print: (line) => printed.push(line),
        signal: stop.signal,
      });
      const ended: unknown[] = [];
      const end = (): void => void ended.push(running);
      running.then(end, end);
      // Reports that fail are written again after a while.
      for (let turns = 0; turns < 200 && ended.length === 0; turns += 1) await cluster.clock.advance(1000);
      return running;
    },
    termination: () => readFile(termination, 'utf8'),
    report: () => parseReport(data('digest')[REPORT_KEY]),
    output: () => new OutputReader().next(data('output')),
  };
}

function failing(error: Error): () => Promise<Digest> {
  return () => Promise.reject(error);
}

test('a pod that has made an image says its digest to the kubelet and to the controllers', async (t) => {
  const { run, termination, cluster, report, output, printed } = await open(t);
  const status = await run(async ({ say }) => {
    say('one');
    await cluster.clock.advance(0);
    say('two');
    return DIGEST;
  });
  assert.equal(status, JobExit.done);
  assert.equal(await termination(), formatReport({ pod: 'p-1', digest: DIGEST }));
  assert.deepEqual(report(), { pod: 'p-1', digest: DIGEST });
  assert.equal(cluster.find(CONFIG_MAPS, 'digest')?.data?.[DIGEST_KEY], DIGEST);
  assert.deepEqual(output(), ['one', 'two']);
  assert.deepEqual(printed, ['one', 'two']);
  assert.equal(cluster.clock.pending, 0);
});

for (const [retryable, exit] of [
  [false, JobExit.permanent],
  [true, JobExit.transient],
] as const) {
  const who = retryable ? 'passes is worth another pod' : 'a person has to mend is not';
  test(`a failure that ${who}: exit status ${exit}`, async (t) => {
    const { run, termination, report, printed } = await open(t);
    const error = new OsBuildError('package-not-found', 'cannot install nothing', { retryable });
    assert.equal(await run(failing(error)), exit);
    const said = { pod: 'p-1', failure: error };
    assert.equal(await termination(), formatReport(said));
    assert.equal(formatReport(report() ?? { pod: '', digest: DIGEST }), formatReport(said));
    assert.deepEqual(printed, ['error: cannot install nothing']);
  });
}

test('an error that nobody knows is worth another pod, and is not quoted', async (t) => {
  const { run, termination, printed } = await open(t, {
    read: () => Promise.reject(new SyntaxError(`unexpected ${PASSWORD}`)),
  });
  assert.equal(await run(() => assert.fail('nothing was read')), JobExit.transient);
  const told = [await termination(), ...printed].join('\n');
  assert.match(told, /an unexpected SyntaxError/);
  assert.ok(!told.includes(PASSWORD));
});

test('credentials of the pool are in nothing that a pod tells', async (t) => {
  const { run, termination, cluster, printed } = await open(t);
  await run(({ say }) => {
    say(`login with ${PASSWORD}`);
    say('fetch https://somebody:something@mirror.example.com/x');
    return Promise.reject(new OsBuildError('command-failed', `curl -u me:${PASSWORD} failed`));
  });
  const stored = ['digest', 'output'].map((name) => cluster.find(CONFIG_MAPS, name)?.data);
  const told = [await termination(), JSON.stringify(stored), ...printed].join('\n');
  assert.match(told, /login with \*\*\*/);
  assert.match(told, /https:\/\/\*\*\*@mirror/);
  assert.ok(!told.includes(PASSWORD));
  assert.ok(!told.includes('something'));
});

test('controllers that cannot be told at first are told later', async (t) => {
  const { run, cluster, report, printed } = await open(t);
  let failures = 0;
  cluster.before = (call) => {
    if (call !== 'patch ConfigMap digest' || failures === 3) return;
    failures += 1;
    throw AWAY;
  };
  assert.equal(await run(() => Promise.resolve(DIGEST)), JobExit.done);
  assert.deepEqual(report(), { pod: 'p-1', digest: DIGEST });
  assert.deepEqual(printed, ['warning: cannot tell the controllers: the server is away']);
});

for (const failure of [AWAY, new KubeError('forbidden', 'no')]) {
  test(`controllers that cannot be told at all: ${failure.code} ends nothing, and the kubelet is told`, async (t) => {
    const { run, termination, cluster } = await open(t);
    cluster.before = () => {
      throw failure;
    };
    assert.equal(await run(() => Promise.resolve(DIGEST)), JobExit.done);
    assert.equal(await termination(), formatReport({ pod: 'p-1', digest: DIGEST }));
    assert.ok(cluster.writes.length <= 6);
    assert.equal(cluster.clock.pending, 0);
  });
}

test('a pod without a service account builds all the same', async (t) => {
  const { run, termination, cluster } = await open(t, { isAlone: true });
  assert.equal(await run(() => Promise.resolve(DIGEST)), JobExit.done);
  assert.equal(await termination(), formatReport({ pod: 'p-1', digest: DIGEST }));
  assert.deepEqual(cluster.writes, []);
});

test('a pod that is evicted reports nothing: another one begins anew', async (t) => {
  const { run, termination, cluster, stop, report, output } = await open(t);
  const reason = new Error('SIGTERM');
  const running = run(({ say, signal }) => {
    say('begun');
    stop.abort(reason);
    assert.ok(signal.aborted);
    return Promise.reject(new OsBuildError('command-failed', 'the build was stopped', { retryable: true }));
  });
  await assert.rejects(running, reason);
  await assert.rejects(termination(), { code: 'ENOENT' });
  assert.equal(report(), undefined);
  assert.deepEqual(output(), ['begun'], 'what it said is for people');
  assert.equal(cluster.clock.pending, 0);
});
