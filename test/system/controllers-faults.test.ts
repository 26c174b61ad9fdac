import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { buildStateOf, isTerminalState } from '../../src/api/index.ts';
import { OS_BUILDS } from '../../src/controllers/resources.ts';
import { pushMiniatureBase, startRegistry } from '../../src/embedded/index.ts';
import { LEASES } from '../../src/kube/index.ts';
import { openRegistry, parseReference } from '../../src/oci/index.ts';
import { openCluster, type Cluster } from '../lab/cluster/cluster.ts';
import { ControllersApart } from '../lab/cluster/controllers-apart.ts';
import { FaultyApi, type ApiCall, type ApiFault } from '../lab/cluster/faulty-api.ts';
import { LabControllers } from '../lab/cluster/lab-controllers.ts';
import { LabPool } from '../lab/cluster/lab-pool.ts';
import { ownVersions } from '../lab/cluster/own-versions.ts';
import { PushLog } from '../lab/cluster/push-log.ts';
import { ScopedClient } from '../lab/cluster/scoped-client.ts';
import { fastClock } from '../lab/fast-clock.ts';
import { randomOf, seedOf } from '../lab/random.ts';
import { startTamperingRegistry, type Script } from '../lab/tampering-registry.ts';
import { atRest, PATIENCE, until } from '../lab/until.ts';

interface Lab {
  readonly stack: AsyncDisposableStack;
  readonly folder: string;
  readonly cluster: Cluster;
  /** What pools push to. */
  readonly registry: string;
  readonly pushes: PushLog;
  /** What the registry does; undefined: as it should. */
  script: Script | undefined;
  poolOf(suffix: string): LabPool;
}

async function openLab(t: TestContext): Promise<Lab> {
  const stack = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'varve-controllers-'));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  const registry = await startRegistry({ directory: join(folder, 'registry') });
  stack.defer(() => registry.close());
  const pushes = new PushLog();
  const front = await startTamperingRegistry(registry.address, async (request, pass, die) => {
    return (await lab.script?.(request, pass, die)) ?? pushes.script(request, pass, die);
  });
  stack.defer(() => front.close());
  const client = openRegistry({});
  await pushMiniatureBase(client, parseReference(`${registry.address}/base/os:1`));
  client.close();
  const cluster = await openCluster(t);
  cluster.beforeClose(() => stack.disposeAsync());
  const lab: Lab = {
    stack,
    folder,
    cluster,
    registry: front.address,
    pushes,
    script: undefined,
    poolOf: (suffix) =>
      new LabPool(cluster, { suffix, registry: front.address, base: `${front.address}/base/os:1` }),
  };
  return lab;
}

/** One build for each configuration, none of them stuck, and no image made twice that was there. */
async function assertOrder(lab: Lab): Promise<void> {
  const { items } = await lab.cluster.kube.list(OS_BUILDS);
  const builds = items.filter(({ metadata }) => metadata.name.startsWith(lab.cluster.name));
  const inputs = builds.map(({ metadata }) => metadata.annotations?.['varve.dev/build-inputs']);
  assert.equal(new Set(inputs).size, builds.length, 'one build for each set of inputs');
  for (const build of builds) {
    assert.ok(isTerminalState(buildStateOf(build)), `${build.metadata.name} is stuck`);
    assert.equal(build.metadata['deletionTimestamp'], undefined);
  }
}

/** Waits until nothing is written any more. */
function written(lab: Lab): Promise<readonly string[]> {
  return atRest('what is written', () => ownVersions(lab.cluster));
}

/** How often what happens, for each hundred requests. */
const RATES: readonly (readonly [rate: number, fault: ApiFault, concerns: (call: ApiCall) => boolean])[] = [
  [8, { kind: 'refuse', status: 409 }, ({ isWrite }) => isWrite],
  [4, { kind: 'refuse', status: 429, retryAfter: 1 }, () => true],
  [8, { kind: 'refuse', status: 500 }, () => true],
  [5, { kind: 'lose', how: 500 }, ({ isWrite }) => isWrite],
  [3, { kind: 'lose', how: 'cut' }, ({ isWrite }) => isWrite],
  [1, { kind: 'cut' }, () => true],
  [10, { kind: 'delay', milliseconds: 300 }, ({ isWatch }) => !isWatch],
  [25, { kind: 'mute', milliseconds: 700 }, ({ isWatch }) => isWatch],
];

function faultOf(call: ApiCall, random: () => number): ApiFault | undefined {
  let chance = random() * 100;
  for (const [rate, fault, concerns] of RATES) {
    if (!concerns(call)) continue;
    if (chance < rate) return fault;
    chance -= rate;
  }
  return undefined;
}

test('409, 429, 500, lost and slow answers, hung watches, broken and half-closed connections: the controllers converge', async (t) => {
  const seed = seedOf(t);
  const lab = await openLab(t);
  const api = await FaultyApi.start(lab.cluster.access);
  lab.stack.defer(() => api.close());
  const client = new ScopedClient(lab.cluster.name, {
    access: api.access,
    // Whoever cannot follow for long asks less often: after 30 s, which are 2 here.
    clock: fastClock(15),
    liveness: { interval: 5000, grace: 5000 },
    connectTimeout: 7500,
    requestTimeout: 45_000,
  });
  lab.stack.defer(() => client.close());
  const controllers = new LabControllers(lab.cluster, { client });
  lab.stack.defer(() => controllers.stop());
  const pools = ['a', 'b', 'c'].map((suffix) => lab.poolOf(suffix));
  const random = randomOf(seed);
  api.decide = (call) => faultOf(call, random);
  for (const pool of pools) await pool.create('0');
  const chance = randomOf(seed + 1);
  const end = performance.now() + 12_000;
  const isEnough = (): boolean => performance.now() > end && api.faults.size >= RATES.length;
  for (let round = 1; !isEnough() && performance.now() < end + PATIENCE * 1000; round += 1) {
    await pools[Math.floor(chance() * pools.length)]!.configure(String(round % 9));
    await pause(chance() * 400);
    if (round % 8 === 0) api.cut();
    if (round % 13 === 0) api.freeze();
  }
  for (const pool of pools) await pool.configure('last');
  for (const pool of pools) await pool.settled('last');
  t.diagnostic(JSON.stringify(Object.fromEntries(api.faults)));
  assert.ok(api.faults.size >= RATES.length, 'all of it has happened');
  api.decide = () => undefined;
  for (const pool of pools) await pool.settled('last');
  await assertOrder(lab);
  await written(lab);
  assert.deepEqual(controllers.defects, []);
});

/** Longer than a busy machine lets a leader stand still. */
const LEASE = { lease: 6000, renew: 5000, retry: 200 };

async function startApart(lab: Lab, identity: string): Promise<ControllersApart> {
  const started = await ControllersApart.start({
    test: lab.cluster.name,
    namespace: lab.cluster.namespace,
    kubeconfig: lab.cluster.kubeconfig,
    cache: join(lab.folder, identity),
    compiled: join(lab.folder, 'compiled'),
    identity,
    lease: LEASE,
  });
  lab.stack.defer(() => started.end());
  return started;
}

async function holder({ cluster }: Lab): Promise<string> {
  const { items } = await cluster.kube.list(LEASES, { namespace: cluster.namespace });
  return items[0]?.spec?.holderIdentity ?? '';
}

/** Whether the pool's tag names the image in force, and its configuration has followed. */
async function isTagged(lab: Lab, pool: LabPool): Promise<boolean> {
  const pushed = (tag: string): readonly string[] => lab.pushes.tags.get(`${pool.name}/os:${tag}`) ?? [];
  const images = pushed(pool.name);
  if (pushed(`${pool.name}-rendered-config`).length < images.length) return false;
  const image = (await pool.state()).osConfig?.status?.currentImagePullSpec;
  return image?.endsWith(images.at(-1) ?? 'none') === true;
}

test('a leader that is killed: the other one goes on when the lease is over', async (t) => {
  const lab = await openLab(t);
  const pool = lab.poolOf('a');
  const first = await startApart(lab, 'first');
  await pool.create('one');
  await pool.settled('one');
  await startApart(lab, 'second');
  for (let round = 0; round < 3; round += 1) {
    const text = `round-${round}`;
    await pool.configure(text);
    // Somewhere between the change and its image, or after that.
    await pause(round * 60);
    if (round === 0) await first.kill();
    await pool.settled(text);
  }
  assert.equal(await holder(lab), 'second');
  await assertOrder(lab);
  assert.equal(first.stderr, '');
});

test('a leader that sleeps until its lease is over: it acts no more when it wakes, and no build is made twice', async (t) => {
  const lab = await openLab(t);
  const pool = lab.poolOf('a');
  const sleeper = await startApart(lab, 'sleeper');
  await pool.create('one');
  await pool.settled('one');
  const other = await startApart(lab, 'other');
  // In the middle of a push.
  let isHeld = false;
  const { promise: released, resolve: release } = Promise.withResolvers<undefined>();
  lab.script = ({ method, path }) => {
    if (isHeld || method !== 'PUT' || !/\/manifests\/.*-[0-9a-f]{32}$/u.test(path)) return undefined;
    isHeld = true;
    return released;
  };
  await pool.configure('two');
  await until('a push is under way', () => isHeld);
  sleeper.pause();
  await pool.settled('two');
  assert.equal(await holder(lab), 'other');
  await pool.configure('three');
  await pool.settled('three');
  await until('the tag of the pool names its image', () => isTagged(lab, pool));
  const versions = await written(lab);
  const pushed = new Set([...lab.pushes.tags].map(([tag, { length }]) => `${tag} ${length}`));
  release(undefined);
  sleeper.resume();
  await pause(LEASE.renew);
  assert.equal(await sleeper.isLeading(), false);
  assert.equal(await other.isLeading(), true);
  assert.deepEqual(await ownVersions(lab.cluster), versions, 'who woke has written nothing');
  // The registry still gets what was on its way to it when the leader fell asleep, and nothing else.
  const again = [...lab.pushes.tags].map(([tag, { length }]) => `${tag} ${length}`);
  const news = again.filter((line) => !pushed.has(line));
  assert.ok(news.length <= 1, news.join('\n'));
  assert.ok(await isTagged(lab, pool), 'the tag of the pool names its image');
  for (const [tag, digests] of lab.pushes.tags)
    if (/-[0-9a-f]{32}$/u.test(tag)) assert.equal(new Set(digests).size, 1, tag);
  await pool.configure('four');
  await pool.settled('four');
  await assertOrder(lab);
  assert.equal(sleeper.stderr + other.stderr, '');
});
