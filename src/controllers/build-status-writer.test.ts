import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MachineOSBuild } from '../api/index.ts';
import { buildStateOf } from '../api/index.ts';
import { FakeClock, KubeError } from '../kube/index.ts';
import type { BuildNews } from '../osbuild/index.ts';
import { buildStatus } from '../osbuild/index.ts';
import { BuildStatusWriter } from './build-status-writer.ts';
import { FakeBuilds } from './test-builds.ts';
import { buildOf, IMAGE } from './test-images.ts';

const SUCCEEDED: BuildNews = { state: 'succeeded', image: IMAGE };
const BUILD = buildOf('worker', 'a');

function writerOf(server: FakeBuilds, signal: AbortSignal = new AbortController().signal): BuildStatusWriter {
  const { client, reported } = server;
  return new BuildStatusWriter({ client, build: BUILD, signal, report: (error) => reported.push(error) });
}

function inState(build: MachineOSBuild, news: BuildNews): MachineOSBuild {
  return { ...build, status: buildStatus(build, news, new Date(0)) ?? {} };
}

test('news is written in its order, each once', async () => {
  const server = new FakeBuilds(BUILD);
  const writer = writerOf(server);
  writer.say({ state: 'prepared' });
  writer.say({ state: 'building' });
  writer.say({ state: 'building' });
  const fate = await writer.end(SUCCEEDED);
  assert.deepEqual(server.states, ['prepared', 'building', 'succeeded']);
  assert.ok(fate.kind === 'written');
  assert.equal(fate.build.status?.digestedImagePushSpec, IMAGE);
});

test('a build that somebody else changes meanwhile is read again', async () => {
  const server = new FakeBuilds(BUILD);
  const writer = writerOf(server);
  writer.say({ state: 'prepared' });
  server.change((build) => ({ ...build, metadata: { ...build.metadata, annotations: { a: 'b' } } }));
  const fate = await writer.end(SUCCEEDED);
  assert.equal(fate.kind, 'written');
  assert.deepEqual(server.states, ['prepared', 'succeeded']);
  assert.equal(server.build?.metadata.annotations?.['a'], 'b');
});

test('a build that somebody else has ended stays as it is', async () => {
  const server = new FakeBuilds(BUILD);
  server.change((build) => inState(build, { state: 'interrupted', reason: 'Superseded', message: 'm' }));
  const fate = await writerOf(server).end(SUCCEEDED);
  assert.ok(fate.kind === 'ended');
  assert.equal(buildStateOf(fate.build), 'interrupted');
  assert.deepEqual(server.states, []);
});

const GONE: Readonly<Record<string, (build: MachineOSBuild) => MachineOSBuild | undefined>> = {
  deleted: () => undefined,
  'another of its name': (build) => ({ ...build, metadata: { ...build.metadata, uid: 'other' } }),
  'about to go': (build) => ({
    ...build,
    metadata: { ...build.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' },
  }),
};

for (const [what, change] of Object.entries(GONE)) {
  test(`nothing is written to a build that is ${what}`, async () => {
    const server = new FakeBuilds(BUILD);
    const writer = writerOf(server);
    server.change(change);
    writer.say({ state: 'prepared' });
    assert.deepEqual(await writer.end(SUCCEEDED), { kind: 'gone' });
    assert.deepEqual(server.states, []);
  });
}

test('the end is written as often as it takes, what comes before only once', async () => {
  const server = new FakeBuilds(BUILD);
  const writer = writerOf(server);
  server.failure = new KubeError('unavailable', 'down');
  writer.say({ state: 'prepared' });
  const ended = writer.end(SUCCEEDED);
  await server.clock.advance(60_000);
  assert.ok(server.reported.length > 5);
  server.failure = undefined;
  await server.clock.advance(60_000);
  assert.equal((await ended).kind, 'written');
  assert.deepEqual(server.states, ['succeeded']);
});

test('an answer that was lost is no second end', async () => {
  const server = new FakeBuilds(BUILD);
  server.losesAnswers = 1;
  const ended = writerOf(server).end(SUCCEEDED);
  await server.clock.advance(60_000);
  const fate = await ended;
  assert.ok(fate.kind === 'ended');
  assert.equal(buildStateOf(fate.build), 'succeeded');
  assert.deepEqual(server.states, ['succeeded']);
});

test('nothing is written once the signal has aborted', async () => {
  const server = new FakeBuilds(BUILD);
  const abort = new AbortController();
  const writer = writerOf(server, abort.signal);
  server.failure = new KubeError('unavailable', 'down');
  const ended = writer.end(SUCCEEDED);
  await server.clock.advance(100);
  abort.abort();
  server.failure = undefined;
  assert.deepEqual(await ended, { kind: 'gone' });
  assert.deepEqual(server.states, []);
  assert.equal(server.clock instanceof FakeClock && server.clock.pending, 0);
});

test('which builder it has is written once, beside what somebody else writes', async () => {
  const server = new FakeBuilds(BUILD);
  const patches: object[] = [];
  const { client } = server;
  const recording = {
    ...client,
    patch: ((...call) => {
      patches.push((call[2] as { readonly patch: object }).patch);
      return client.patch(...call);
    }) as typeof client.patch,
  };
  const writer = new BuildStatusWriter({
    client: recording,
    build: BUILD,
    signal: new AbortController().signal,
    report: (error) => server.reported.push(error),
  });
  writer.say({ state: 'building' });
  writer.choose({ description: 'Job varve/build-worker', job: { namespace: 'varve', name: 'build-worker' } });
  const fate = await writer.end(SUCCEEDED);
  assert.equal(fate.kind, 'written');
  const [, annotated, chosen] = patches as [
    object,
    { metadata: MachineOSBuild['metadata'] },
    Pick<MachineOSBuild, 'status'>,
  ];
  assert.deepEqual(annotated.metadata.annotations, { 'varve.dev/builder': 'Job varve/build-worker' });
  assert.deepEqual(chosen.status?.builder, {
    imageBuilderType: 'Job',
    job: { group: 'batch', resource: 'jobs', namespace: 'varve', name: 'build-worker' },
  });
  assert.deepEqual(server.reported, []);
});
