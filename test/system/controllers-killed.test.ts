import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import {
  buildStateOf,
  isTerminalState,
  REBUILD_ANNOTATION,
  type MachineOSBuild,
} from '../../src/api/index.ts';
import {
  CONFIG_MAPS,
  MACHINE_CONFIGS,
  OS_BUILDS,
  OS_CONFIGS,
  POOLS as POOL_TYPE,
} from '../../src/controllers/resources.ts';
import { pushMiniatureBase, startRegistry } from '../../src/embedded/index.ts';
import { isKubeError, type KubeObject, type ResourceType } from '../../src/kube/index.ts';
import { openRegistry, parseReference } from '../../src/oci/index.ts';
import { describeImage, diffConfigurations, readConfiguration } from '../../src/osbuild/index.ts';
import { atEnd } from '../lab/at-end.ts';
import { Cluster } from '../lab/cluster/cluster.ts';
import { ControllersApart } from '../lab/cluster/controllers-apart.ts';
import { insist } from '../lab/cluster/insist.ts';
import { LabPool, type PoolState } from '../lab/cluster/lab-pool.ts';
import { PushLog } from '../lab/cluster/push-log.ts';
import { RestlessServer } from '../lab/faults/restless-server.ts';
import { randomOf, seedOf } from '../lab/random.ts';
import { startTamperingRegistry } from '../lab/tampering-registry.ts';
import { until } from '../lab/until.ts';

const GIVEN = process.env['VARVE_TEST_KUBECONFIG'] || undefined;

/** Of controllers; the API server beside them is killed once for every so many. */
const KILLS = Number(process.env['VARVE_TEST_KILLS'] ?? 200);
const KILLS_FOR_A_SERVER = 5;

/** Controllers live at most so long, in milliseconds: long enough that some of them finish a build. */
const LIFE = 500;

const POOLS = 3;

/** Builds of a pool that stay although nobody needs them. */
const KEPT = 2;

interface Lab {
  readonly folder: string;
  readonly registry: string;
  readonly base: string;
  readonly pushes: PushLog;
}

async function openLab(stack: AsyncDisposableStack): Promise<Lab> {
  const folder = await mkdtemp(join(tmpdir(), 'varve-killed-'));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  const registry = await startRegistry({ directory: join(folder, 'registry') });
  const pushes = new PushLog();
  const front = await startTamperingRegistry(registry.address, pushes.script);
  const client = openRegistry({});
  const base = parseReference(`${front.address}/base/os:1`);
  await pushMiniatureBase(client, base);
  client.close();
  stack.defer(async () => {
    await front.close();
    await registry.close();
  });
  return { folder, registry: front.address, base: `${front.address}/base/os:1`, pushes };
}

/** Somebody who changes pools all the time, and can tell what they are to say in the end. */
class Editor {
  readonly #pools: readonly LabPool[];
  readonly #random: () => number;
  #round = 0;

  constructor(pools: readonly LabPool[], random: () => number) {
    this.#pools = pools;
    this.#random = random;
  }

  /** @param mayOptOut whether there is somebody who removes the builds of a MachineOSConfig that is gone */
  async work(isOver: () => boolean, mayOptOut: boolean): Promise<string> {
    const text = 'last';
    while (!isOver()) {
      await this.#edit(this.#pools[Math.floor(this.#random() * this.#pools.length)]!, mayOptOut);
      await pause(this.#random() * 250);
    }
    for (const pool of this.#pools) {
      await pool.configure(text);
      await pool.optIn();
      await pool.patch(POOL_TYPE, '', { spec: { paused: false } });
    }
    return text;
  }

  async #edit(pool: LabPool, mayOptOut: boolean): Promise<void> {
    this.#round += 1;
    const what = this.#random();
    if (what < 0.1) return pool.unconfigure();
    // Something that was there before: its build is there already, or was interrupted.
    if (what < 0.3)
      return pool.configure(`change-${Math.max(0, this.#round - 1 - Math.floor(this.#random() * 6))}`);
    if (what < 0.35) return pool.patch(POOL_TYPE, '', { spec: { paused: this.#random() < 0.5 } });
    if (what < 0.4) return this.#rebuild(pool);
    if (what < 0.45 && mayOptOut) return pool.optOut();
    if (what < 0.5) return pool.optIn();
    return pool.configure(`change-${this.#round}`);
  }

  async #rebuild(pool: LabPool): Promise<void> {
    try {
      await pool.patch(OS_CONFIGS, '', { metadata: { annotations: { [REBUILD_ANNOTATION]: '' } } });
    } catch (error) {
      // It has opted out.
      if (!isKubeError(error, 'not-found')) throw error;
    }
  }
}

function buildsOf(cluster: Cluster): Promise<readonly MachineOSBuild[]> {
  return insist(async () => {
    const { items } = await cluster.kube.list(OS_BUILDS);
    return items.filter(({ metadata }) => metadata.name.startsWith(cluster.name));
  });
}

/**
 * Checks that images are the same but for what they say of the MachineConfigs that each part is from: who makes an image that
 * another one has begun may not know that any more.
 */
async function assertSame(lab: Lab, repository: string, digests: readonly string[]): Promise<void> {
  const client = openRegistry({});
  try {
    const references = digests.map((digest) => parseReference(`${lab.registry}/${repository}@${digest}`));
    const there = await Promise.all(references.map((reference) => client.resolve(reference)));
    const [first, ...others] = await Promise.all(
      references
        // What nobody needs any more is deleted.
        .filter((_, index) => there[index] !== undefined)
        .map(async (reference) => readConfiguration(client, await describeImage(client, reference, 'amd64'))),
    );
    for (const other of others) {
      const { renderedConfig, base, kernelArguments, paths } = diffConfigurations(first!, other);
      assert.equal(renderedConfig.from, renderedConfig.to);
      assert.equal(base.from, base.to);
      assert.deepEqual([kernelArguments.added, kernelArguments.removed], [[], []]);
      assert.deepEqual(
        paths.filter(({ path }) => path !== '/usr/lib/varve/provenance.json'),
        [],
      );
    }
  } finally {
    client.close();
  }
}

async function areLogsOwned(cluster: Cluster): Promise<boolean> {
  const builds = new Set((await buildsOf(cluster)).map(({ metadata }) => `build-log-${metadata.name}`));
  const { items } = await cluster.kube.list(CONFIG_MAPS, { namespace: cluster.namespace });
  return items.every(({ metadata: { name } }) => !name.startsWith('build-log-') || builds.has(name));
}

/** The registry has these images. */
async function assertThere(images: readonly string[]): Promise<void> {
  const client = openRegistry({});
  try {
    for (const image of images) assert.ok((await client.resolve(parseReference(image))) !== undefined, image);
  } finally {
    client.close();
  }
}

function uidOf({ uid }: Readonly<Record<string, unknown>>): string {
  return typeof uid === 'string' ? uid : '';
}

/** What is left of a pool, less what differs from run to run. */
function summary({ pool, osConfig, builds }: PoolState): unknown {
  const current = builds.find(({ metadata }) => metadata.name === osConfig?.status?.machineOSBuild?.name);
  const conditions = (
    all: readonly { type?: string; status?: string; reason?: string; message?: string }[],
  ): unknown =>
    all
      .map(({ type, status, reason = '', message = '' }) => [type, status, reason, message].join('|'))
      .sort();
  return {
    configuration: pool.spec.configuration,
    pool: conditions(pool.status?.conditions ?? []),
    counts: [pool.status?.machineCount, pool.status?.updatedMachineCount, pool.status?.degradedMachineCount],
    image: osConfig?.status?.currentImagePullSpec,
    annotations: osConfig?.metadata.annotations,
    build: current?.metadata.name,
    spec: current?.spec,
    built: conditions(current?.status?.conditions ?? []),
  };
}

const server = GIVEN === undefined ? ', and of the API server beside it' : '';

test(`kill -9 of controllers, ${KILLS} times at random moments${server}: no build is made twice, nothing is stuck, and all ends as without`, async (t) => {
  const seed = seedOf(t);
  const stack = new AsyncDisposableStack();
  atEnd(t, () => stack.disposeAsync());
  const lab = await openLab(stack);
  const restless =
    GIVEN === undefined ? new RestlessServer({ directory: join(lab.folder, 'plane') }) : undefined;
  await restless?.start();
  stack.defer(async () => restless?.leave());
  const kubeconfig = GIVEN ?? join(lab.folder, 'plane', 'kubeconfig');
  const cluster = await Cluster.open({ kubeconfig });
  stack.defer(() => cluster.close());
  const pools = Array.from(
    { length: POOLS },
    (_, index) => new LabPool(cluster, { suffix: `p${index}`, registry: lab.registry, base: lab.base }),
  );
  for (const pool of pools) await pool.create();
  const processes = new Set<ControllersApart>();
  stack.defer(async () => {
    for (const controllers of processes) await controllers.end();
  });
  const prepare = async (): Promise<ControllersApart> => {
    const prepared = await ControllersApart.prepare({
      test: cluster.name,
      namespace: cluster.namespace,
      kubeconfig,
      cache: join(lab.folder, 'cache'),
      identity: `lab-${Math.random()}`,
      compiled: join(lab.folder, 'compiled'),
      settings: { keptBuilds: KEPT, keptRendered: KEPT, retention: { delay: 50, period: 3_600_000 } },
    });
    processes.add(prepared);
    return prepared;
  };
  const start = async (): Promise<ControllersApart> => {
    const started = await prepare();
    started.begin();
    return started;
  };

  let isOver = false;
  const editor = new Editor(pools, randomOf(seed));
  const editing = editor.work(() => isOver, restless !== undefined);
  const random = randomOf(seed + 1);
  /** By uid: how often the image of a build had been pushed when the build was first seen to have succeeded. */
  const finished = new Map<string, { readonly name: string; readonly pushes: number }>();
  const look = async (): Promise<void> => {
    for (const { metadata, status } of await buildsOf(cluster)) {
      const uid = uidOf(metadata);
      if (status?.digestedImagePushSpec === undefined || finished.has(uid)) continue;
      finished.set(uid, { name: metadata.name, pushes: lab.pushes.of(metadata.name).length });
    }
  };
  let serverKills = 0;
  let changes = Promise.resolve();
  let next = prepare();
  for (let kill = 1; kill <= KILLS; kill += 1) {
    const controllers = await next;
    controllers.begin();
    // Gets ready meanwhile.
    next = prepare();
    // On a busy machine they come to nothing in so short a life.
    await pause(random() * (lab.pushes.tags.size * 10 < kill ? 4 * LIFE : LIFE));
    if (restless !== undefined && kill % KILLS_FOR_A_SERVER === 0) {
      await changes;
      serverKills += 1;
      changes = restless.kill().then(async (said) => {
        assert.equal(said, '');
        await restless.start();
      });
    }
    await controllers.kill();
    processes.delete(controllers);
    assert.equal(controllers.stderr, '');
    await look();
  }
  await changes;
  isOver = true;
  const text = await editing;
  const last = await next;
  last.begin();
  const states = await Promise.all(pools.map((pool) => pool.settled(text)));

  const mine = await buildsOf(cluster);
  const pushed = mine.map(({ metadata }) => lab.pushes.of(metadata.name));
  t.diagnostic(
    `${mine.length} builds, ${[...lab.pushes.tags.keys()].length} tags, ${pushed.flat().length} pushes of images, ${finished.size} seen to succeed, ${serverKills} kills of the server`,
  );
  assert.ok(lab.pushes.tags.size > POOLS * 4, 'too few builds to mean anything');
  for (const [tag, digests] of lab.pushes.tags) {
    if (/-[0-9a-f]{32}$/u.test(tag) && new Set(digests).size > 1)
      await assertSame(lab, tag.split(':')[0]!, [...new Set(digests)]);
  }
  const alive = new Map(mine.map((build) => [uidOf(build.metadata), build]));
  for (const [uid, { name, pushes }] of finished) {
    if (alive.has(uid)) assert.equal(lab.pushes.of(name).length, pushes, `${name} was made and made again`);
  }
  const inputs = mine.map(
    ({ metadata }) => metadata.annotations?.['varve.dev/build-inputs'] ?? metadata.name,
  );
  assert.equal(new Set(inputs).size, inputs.length, 'one build for each set of inputs');
  for (const build of mine) {
    assert.ok(isTerminalState(buildStateOf(build)), `${build.metadata.name} is stuck`);
    assert.equal(build.metadata['deletionTimestamp'], undefined);
  }
  const disturbed = states.map(summary);
  const versions = async (): Promise<unknown> => {
    const kinds: readonly ResourceType[] = [MACHINE_CONFIGS, OS_BUILDS, POOL_TYPE, OS_CONFIGS, CONFIG_MAPS];
    const lists = await Promise.all(kinds.map((type) => cluster.kube.list<KubeObject>(type)));
    return lists.map(({ items }) => items.map(({ metadata }) => [metadata.name, metadata.resourceVersion]));
  };
  let before = await versions();
  await until('nothing is written any more', async () => {
    await pause(500);
    const now = await versions();
    const isSame = isDeepStrictEqual(now, before);
    before = now;
    return isSame;
  });
  const left = (await buildsOf(cluster)).length;
  // The one in force, and three that came to no image, stay as well.
  assert.ok(left <= POOLS * (KEPT + 4), `${left} builds are left`);
  // Beside a kube-apiserver that runs by itself nobody lets objects go whose owner is gone.
  if (restless !== undefined)
    await until('no log is left of a build that is gone', () => areLogsOwned(cluster));
  await assertThere(states.map(({ osConfig }) => osConfig?.status?.currentImagePullSpec ?? ''));
  assert.equal(await last.stop(), 0);
  assert.equal(last.stderr, '');

  // The same end without kills, by the same names.
  for (const pool of pools) await pool.remove();
  const calm = await start();
  for (const pool of pools) await pool.create(text);
  const undisturbed = (await Promise.all(pools.map((pool) => pool.settled(text)))).map(summary);
  assert.equal(await calm.stop(), 0);
  assert.deepEqual(disturbed, undisturbed);
});
