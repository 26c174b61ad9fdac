import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MachineOSBuild } from '../api/index.ts';
import { buildStateOf, findCondition, WARNINGS_ANNOTATION } from '../api/index.ts';
import { KubeError } from '../kube/index.ts';
import { OciError } from '../oci/index.ts';
import type { PoolBuildResult } from '../osbuild/index.ts';
import { BuildRunner } from './build-runner.ts';
import { mayRunOn } from './container-building.ts';
import { FakeBuilds } from './test-builds.ts';
import { buildOf, IMAGE } from './test-images.ts';

const RESULT: PoolBuildResult = { image: IMAGE, upToDate: false, warnings: [] };
const BUILDS = ['a', 'b', 'c', 'd'].map((hash) => buildOf(`pool-${hash}`, hash));
const [BUILD] = BUILDS as [MachineOSBuild];

interface Lab {
  readonly server: FakeBuilds;
  readonly runner: BuildRunner;
  /** What the builds that are being made wait for, by name. */
  readonly making: ReadonlyMap<string, PromiseWithResolvers<PoolBuildResult>>;
  readonly ended: readonly string[];
  readonly events: readonly string[];
  readonly defects: readonly unknown[];
  run(build?: MachineOSBuild): void;
  /** Lets everything happen that waits for nothing. */
  settle(): Promise<void>;
}

function open(concurrency = 2): Lab {
  const server = new FakeBuilds(...BUILDS);
  const making = new Map<string, PromiseWithResolvers<PoolBuildResult>>();
  const ended: string[] = [];
  const events: string[] = [];
  const defects: unknown[] = [];
  const runner = new BuildRunner({
    client: server.client,
    events: { record: ({ reason, message }) => void events.push(`${reason}: ${message}`) },
    log: { info: () => {}, warn: () => {}, error: (_message, _fields, error) => void defects.push(error) },
    namespace: 'varve',
    concurrency,
    onEnd: (pool) => ended.push(pool),
  });
  return {
    server,
    runner,
    making,
    ended,
    events,
    defects,
    run: (build = BUILD) =>
      runner.run({
        pool: build.spec.machineOSConfig.name,
        build,
        make: (_say, signal) => {
          const made = Promise.withResolvers<PoolBuildResult>();
          signal.addEventListener('abort', () => made.reject(new OciError('aborted', 'cannot go on')));
          making.set(build.metadata.name, made);
          return made.promise;
        },
      }),
    settle: () => server.clock.advance(0),
  };
}

function stateOf({ server }: Lab, { metadata }: MachineOSBuild): string {
  const build = server.find(metadata.name);
  return build === undefined ? 'gone' : buildStateOf(build);
}

test('a build is prepared, building, and succeeded, and made once however often it is asked for', async () => {
  const lab = open();
  lab.run();
  lab.run();
  await lab.settle();
  assert.equal(stateOf(lab, BUILD), 'building');
  lab.run();
  lab.making.get(BUILD.metadata.name)?.resolve(RESULT);
  await lab.settle();
  assert.deepEqual(lab.server.states, ['prepared', 'building', 'succeeded']);
  assert.deepEqual(lab.ended, ['pool-a']);
  assert.deepEqual(lab.events, [
    'BuildStarted: Building the image of pool pool-a',
    `BuildCompleted: Image ${IMAGE}`,
  ]);
  // Before the cache has seen the end, and after that.
  lab.run();
  const seen = lab.runner.latest(BUILD);
  assert.equal(buildStateOf(seen), 'succeeded');
  assert.equal(seen.metadata.name, BUILD.metadata.name);
  const stored = lab.server.find(BUILD.metadata.name)!;
  assert.equal(lab.runner.latest(stored), stored);
  assert.deepEqual(lab.server.states.length, 3);
  await lab.runner.close();
});

test('what people may not expect of an image is said on its build', async () => {
  const lab = open();
  lab.run();
  await lab.settle();
  const warnings = Array.from({ length: 21 }, (_, index) => `/etc/${index} is written by both`);
  lab.making.get(BUILD.metadata.name)?.resolve({ ...RESULT, warnings });
  await lab.settle();
  assert.equal(stateOf(lab, BUILD), 'succeeded');
  const text = lab.server.find(BUILD.metadata.name)?.metadata.annotations?.[WARNINGS_ANNOTATION] ?? '';
  assert.match(text, /^\/etc\/0 is written by both\n(?:.+\n){19}and 1 more, which are in the log$/u);
  await lab.runner.close();
});

test('an end that the server has lost is not believed for ever', async () => {
  const lab = open();
  lab.run();
  await lab.settle();
  lab.making.get(BUILD.metadata.name)?.resolve(RESULT);
  await lab.settle();
  await lab.server.clock.advance(31_000);
  assert.equal(lab.runner.latest(BUILD), BUILD);
  lab.run();
  assert.ok(lab.runner.has(BUILD));
  await lab.runner.close();
});

test('so many builds are made at once, the others in the order in which they came', async () => {
  const lab = open(2);
  for (const build of BUILDS) lab.run(build);
  await lab.settle();
  assert.deepEqual(
    BUILDS.map((build) => stateOf(lab, build)),
    ['building', 'building', 'prepared', 'prepared'],
  );
  lab.runner.stop(BUILDS[2]!);
  lab.making.get(BUILDS[1]!.metadata.name)?.resolve(RESULT);
  await lab.settle();
  assert.deepEqual(
    BUILDS.map((build) => stateOf(lab, build)),
    ['building', 'succeeded', 'prepared', 'building'],
  );
  assert.equal(lab.runner.has(BUILDS[2]!), false);
  await lab.runner.close();
});

test('a build that fails says why', async () => {
  const lab = open();
  lab.run();
  await lab.settle();
  lab.making.get(BUILD.metadata.name)?.reject(new OciError('denied', 'cannot push: it says no'));
  await lab.settle();
  const failed = findCondition(lab.server.find(BUILD.metadata.name)?.status?.conditions, 'Failed');
  assert.equal(failed?.reason, 'RegistryRefused');
  assert.equal(failed?.message, 'Build Failed: cannot push: it says no');
  assert.deepEqual(lab.events[1], 'BuildFailed: RegistryRefused: cannot push: it says no');
  assert.deepEqual(lab.defects, []);
});

test('an error that nobody expected is a failure, and in the log with its trace', async () => {
  const lab = open();
  lab.run();
  await lab.settle();
  const defect = new TypeError('x is not a function');
  lab.making.get(BUILD.metadata.name)?.reject(defect);
  await lab.settle();
  assert.equal(stateOf(lab, BUILD), 'failed');
  assert.deepEqual(lab.defects, [defect]);
});

test('what is stopped stays as it is, and may be begun again', async () => {
  const lab = open();
  lab.run();
  await lab.settle();
  lab.runner.stopOthers('pool-a', BUILD);
  lab.runner.stopOthers('pool-b');
  await lab.settle();
  assert.ok(lab.runner.has(BUILD));
  lab.runner.stopOthers('pool-a');
  await lab.settle();
  assert.equal(stateOf(lab, BUILD), 'building');
  assert.deepEqual(lab.ended, ['pool-a']);
  lab.run(lab.server.find(BUILD.metadata.name));
  await lab.settle();
  lab.making.get(BUILD.metadata.name)?.resolve(RESULT);
  await lab.settle();
  assert.equal(stateOf(lab, BUILD), 'succeeded');
});

test('a build that gives way says so in its log', async () => {
  const lab = open();
  const logs: unknown[] = [];
  lab.server.onOther = (change) => logs.push(change);
  lab.run();
  await lab.settle();
  lab.runner.stop(BUILD, 'stopped: another one is wanted');
  await lab.settle();
  assert.equal(logs.length, 1);
  assert.match(JSON.stringify(logs[0]), /stopped: another one is wanted\\n","whole":"true"/u);
});

test('a build that somebody else has ended stays so', async () => {
  const lab = open();
  lab.run();
  await lab.settle();
  lab.server.change(() => undefined);
  lab.making.get(BUILD.metadata.name)?.resolve(RESULT);
  await lab.settle();
  assert.equal(stateOf(lab, BUILD), 'gone');
  assert.equal(lab.runner.has(BUILD), false);
  assert.equal(lab.runner.latest(BUILD), BUILD);
});

test('close() ends all work, writes nothing more, and begins nothing', async () => {
  const lab = open(1);
  for (const build of BUILDS.slice(0, 2)) lab.run(build);
  await lab.settle();
  lab.server.failure = new KubeError('unavailable', 'nothing is to be written');
  await lab.runner.close();
  lab.run(BUILDS[3]);
  await lab.settle();
  assert.deepEqual(
    BUILDS.map((build) => stateOf(lab, build)),
    ['building', 'prepared', 'none', 'none'],
  );
  assert.deepEqual(lab.server.reported, []);
  assert.equal(lab.server.clock.pending, 0);
});

const ENDS: Readonly<Record<string, readonly [(runner: BuildRunner) => unknown, boolean]>> = {
  'superseded ends': [(runner) => runner.stop(BUILD, 'm'), false],
  'of a pool that wants another one ends': [(runner) => runner.stopOthers('pool-a'), false],
  'deleted ends': [(runner) => runner.forget(BUILD), false],
  'left by this process may run on': [(runner) => runner.close(), true],
};

for (const [what, [end, expected]] of Object.entries(ENDS)) {
  test(`what runs for a build that is ${what}`, async () => {
    const lab = open();
    let signal: AbortSignal | undefined;
    lab.runner.run({
      pool: 'pool-a',
      build: BUILD,
      make: (_teller, given) => {
        signal = given;
        const { promise, reject } = Promise.withResolvers<PoolBuildResult>();
        given.addEventListener('abort', () => reject(new OciError('aborted', 'cannot go on')));
        return promise;
      },
    });
    await lab.settle();
    const ended = end(lab.runner);
    assert.ok(signal?.aborted === true);
    assert.equal(mayRunOn(signal), expected);
    await ended;
    await lab.settle();
  });
}
