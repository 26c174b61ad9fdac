import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import type { MachineOSBuild } from '../../src/api/index.ts';
import {
  buildStateOf,
  CURRENT_BUILD_ANNOTATION,
  CURRENT_CONFIG_ANNOTATION,
  CURRENT_IMAGE_ANNOTATION,
  DESIRED_CONFIG_ANNOTATION,
  DESIRED_IMAGE_ANNOTATION,
  findCondition,
  isConditionTrue,
  PRE_BUILT_IMAGE_KEY,
  REBUILD_ANNOTATION,
  STATE_ANNOTATION,
} from '../../src/api/index.ts';
import { build as buildOffline } from '../../src/cli/build-command.ts';
import {
  CONFIG_MAPS,
  MACHINE_CONFIGS,
  NODES,
  OS_BUILDS,
  OS_CONFIGS,
  POOLS,
  SECRETS,
} from '../../src/controllers/resources.ts';
import { pushMiniatureBase, startRegistry } from '../../src/embedded/index.ts';
import { EVENTS } from '../../src/kube/index.ts';
import { openRegistry, parseReference, withTag, type RegistryClient } from '../../src/oci/index.ts';
import { atEnd } from '../lab/at-end.ts';
import { openCluster, type Cluster, type ClusterOptions } from '../lab/cluster/cluster.ts';
import { LabControllers, type LabControllersOptions } from '../lab/cluster/lab-controllers.ts';
import { LabPool } from '../lab/cluster/lab-pool.ts';
import { ownVersions } from '../lab/cluster/own-versions.ts';
import { startTamperingRegistry, type Script, type TamperingRegistry } from '../lab/tampering-registry.ts';
import { atRest, until } from '../lab/until.ts';

interface Lab {
  readonly cluster: Cluster;
  /** What the controllers know as the registry. */
  readonly proxy: TamperingRegistry;
  /** What the registry does; undefined: as it should. */
  script: Script | undefined;
  readonly client: RegistryClient;
  readonly base: string;
  readonly pool: LabPool;
  /** `name state` of builds, as a watch shows them. */
  readonly seen: readonly string[];
  start(options?: LabControllersOptions): LabControllers;
}

async function openLab(t: TestContext, options: ClusterOptions = {}): Promise<Lab> {
  const folder = await mkdtemp(join(tmpdir(), 'varve-builds-'));
  const registry = await startRegistry({ directory: folder });
  const client = openRegistry({});
  const proxy = await startTamperingRegistry(registry.address, (...request) => lab.script?.(...request));
  atEnd(t, async () => {
    client.close();
    await proxy.close();
    await registry.close();
    await rm(folder, { recursive: true, force: true });
  });
  const cluster = await openCluster(t, options);
  const digest = await pushMiniatureBase(client, parseReference(`${registry.address}/base/os:1`));
  const base = `${proxy.address}/base/os@${digest}`;
  const pool = new LabPool(cluster, { suffix: 'a', registry: proxy.address, base });
  const seen: string[] = [];
  const watching = new AbortController();
  const watched = record(cluster, watching.signal, seen);
  cluster.beforeClose(async () => {
    watching.abort();
    await watched;
  });
  const lab: Lab = {
    cluster,
    proxy,
    script: undefined,
    client,
    base,
    pool,
    seen,
    start: (options = {}) => {
      const controllers = new LabControllers(cluster, {
        ...options,
        settings: { retention: { delay: 100, period: 3_600_000 }, ...options.settings },
      });
      cluster.beforeClose(async () => {
        await controllers.stop();
        assert.deepEqual(controllers.defects, []);
      });
      return controllers;
    },
  };
  return lab;
}

async function record(cluster: Cluster, signal: AbortSignal, seen: string[]): Promise<void> {
  try {
    for await (const event of cluster.scopedClient().watch(OS_BUILDS, { signal, timeoutSeconds: 600 })) {
      if (event.type === 'BOOKMARK') continue;
      const state = event.type === 'DELETED' ? 'deleted' : buildStateOf(event.object);
      seen.push(`${event.object.metadata.name} ${state}`);
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

/** States of one build, each once, in their order. */
function statesOf(lab: Lab, build: string): readonly string[] {
  const states = lab.seen.filter((line) => line.startsWith(`${build} `)).map((line) => line.split(' ')[1]!);
  return states.filter((state, at) => state !== states[at - 1]);
}

function currentBuild({ builds, osConfig }: Awaited<ReturnType<LabPool['state']>>): MachineOSBuild {
  const name = osConfig?.metadata.annotations?.[CURRENT_BUILD_ANNOTATION];
  return builds.find(({ metadata }) => metadata.name === name)!;
}

async function conditionOf({ pool }: Lab, type: string): Promise<string> {
  const condition = findCondition((await pool.state()).pool.status?.conditions, type);
  return condition?.status === 'True' ? `${condition.reason}: ${condition.message}` : '';
}

async function eventsOf({ cluster }: Lab, reason: string): Promise<readonly string[]> {
  const { items } = await cluster.kube.list(EVENTS, { namespace: 'default' });
  return items
    .filter((event) => event.reason === reason && event.involvedObject.name.startsWith(cluster.name))
    .map(({ message }) => message);
}

/** Waits until a build has been seen in its last state, and answers all that it was seen in. */
async function passed(lab: Lab, build: string, last = 'succeeded'): Promise<readonly string[]> {
  // A watch may tell later than a GET.
  await until(`${build} was seen to be ${last}`, () => statesOf(lab, build).at(-1) === last);
  return statesOf(lab, build);
}

/** Waits until the pool's tags have followed its image. */
async function tagged({ client, pool }: Lab, { spec, status }: MachineOSBuild): Promise<void> {
  const tag = withTag(parseReference(spec.renderedImagePushSpec), pool.name);
  await until('the tag of the pool names its image', async () => {
    const found = await client.resolve(tag);
    return found !== undefined && status?.digestedImagePushSpec?.endsWith(found.digest) === true;
  });
}

/** Configures the pool, and holds up the push of its image where it would be tagged; @returns what lets it go on */
async function hold(lab: Lab, text: string): Promise<() => void> {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  let isHeld = false;
  lab.script = ({ method, path }) => {
    if (method !== 'PUT' || !/\/manifests\/.*-[0-9a-f]{32}$/u.test(path)) return undefined;
    isHeld = true;
    return promise;
  };
  await lab.pool.configure(text);
  await until('the push is held up', () => isHeld);
  await until('the build says that it is under way', async () => {
    return (await lab.pool.state()).builds.some((build) => buildStateOf(build) === 'building');
  });
  return () => resolve(undefined);
}

function writes({ proxy }: Lab): number {
  return proxy.requests.filter((line) => /^(?:PUT|POST|PATCH) /u.test(line)).length;
}

test('an image is made of the objects of a pool, the one that `varve build` makes of the same objects', async (t) => {
  const lab = await openLab(t);
  const { pool, cluster, proxy, client } = lab;
  lab.start();
  await pool.create();
  const state = await pool.settled('first');
  const build = currentBuild(state);
  const { name } = build.metadata;
  assert.deepEqual(await passed(lab, name), ['none', 'prepared', 'building', 'succeeded']);
  const image = build.status?.digestedImagePushSpec ?? '';
  assert.equal(image, state.osConfig?.status?.currentImagePullSpec);

  const file = join(await mkdtemp(join(tmpdir(), 'varve-objects-')), 'objects.json');
  const machineConfigs = await cluster.kube.list(MACHINE_CONFIGS);
  const sources = machineConfigs.items.filter(({ metadata }) => metadata.name.startsWith(pool.name));
  const items = [state.pool, ...sources].map(({ apiVersion, kind, metadata: { name, labels }, spec }) => ({
    apiVersion,
    kind,
    metadata: { name, labels },
    spec,
  }));
  await writeFile(file, JSON.stringify({ apiVersion: 'v1', kind: 'List', items }));
  const offline = await buildOffline(
    {
      pool: pool.name,
      filename: [file],
      base: lab.base,
      push: `${proxy.address}/elsewhere/os:1`,
      arch: 'all',
      compression: 'gzip',
      cache: join(file, '../cache'),
      dryRun: false,
      quiet: true,
      output: 'text',
    },
    { variables: {}, program: [] },
  );
  await rm(join(file, '..'), { recursive: true });
  assert.equal(image, `${proxy.address}/${pool.name}/os@${offline.digest}`);

  const repository = parseReference(build.spec.renderedImagePushSpec);
  await tagged(lab, build);
  assert.deepEqual(
    (await client.listTags(repository)).toSorted(),
    [pool.name, name, `${pool.name}-rendered-config`].toSorted(),
  );
  for (const tag of [pool.name, name])
    assert.equal((await client.resolve(withTag(repository, tag)))?.digest, offline.digest);

  await until('the log is whole', async () => {
    return (await cluster.find(CONFIG_MAPS, `build-log-${name}`))?.data?.['whole'] === 'true';
  });
  const log = await cluster.get(CONFIG_MAPS, `build-log-${name}`);
  assert.match(log.data?.['log'] ?? '', /^\d{4}-\d\d-\d\dT[\d:.]+Z building the image of pool /u);
  assert.match(log.data?.['log'] ?? '', new RegExp(`pushed ${image}\\n$`, 'u'));
  for (const reason of ['BuildStarted', 'BuildCompleted'])
    await until('events', async () => (await eventsOf(lab, reason)).length === 1);
});

test('at rest nothing is written, whatever is asked', async (t) => {
  const lab = await openLab(t);
  lab.start({ settings: { registryPoll: 50 } });
  await lab.pool.create();
  await lab.pool.settled('first');
  const written = async (): Promise<unknown> => [await ownVersions(lab.cluster), writes(lab)];
  await until('nothing is written while the base and the image are watched', async () => {
    const before = await written();
    const asked = lab.proxy.requests.length;
    await until('they are watched', () => lab.proxy.requests.length > asked + 10);
    return isDeepStrictEqual(await written(), before);
  });
});

test('the configuration of before is the image of before, with no build and no push', async (t) => {
  const lab = await openLab(t);
  const { pool } = lab;
  lab.start();
  await pool.create('one');
  const first = currentBuild(await pool.settled('one'));
  await pool.configure('two');
  const second = currentBuild(await pool.settled('two'));
  assert.notEqual(second.metadata.name, first.metadata.name);
  await atRest('what is seen of builds', () => lab.seen.length);
  const seen = lab.seen.length;
  const pushed = lab.proxy.requests.length;
  await pool.configure('one');
  const third = currentBuild(await pool.settled('one'));
  assert.equal(third.metadata['uid'], first.metadata['uid']);
  await sleep(200);
  assert.equal(lab.seen.length, seen);
  const since = lab.proxy.requests.slice(pushed).filter((line) => /^(?:PUT|POST|PATCH) /u.test(line));
  // Only the tags of the pool follow, and the artifact of its configuration.
  assert.ok(
    since.every((line) => !line.includes(first.metadata.name)),
    since.join('\n'),
  );
});

test('a burst of changes makes two builds at the most, and what is superseded says so', async (t) => {
  const lab = await openLab(t);
  const { pool } = lab;
  // Longer than a busy machine keeps one change waiting.
  lab.start({ settings: { quiet: { period: 3000, longest: 120_000 } } });
  await pool.create('start');
  await pool.settled('start');
  for (let at = 0; at < 50; at += 1) await pool.configure(`burst-${at}`);
  const state = await pool.settled('burst-49');
  assert.ok(state.builds.length <= 3, String(state.builds.length));
});

test('a build whose image nobody wants any more is interrupted', async (t) => {
  const lab = await openLab(t);
  const { pool } = lab;
  lab.start();
  await pool.create('one');
  await pool.settled('one');
  const held = await hold(lab, 'two');
  const slow = (await pool.state()).builds.find((build) => buildStateOf(build) === 'building');
  lab.script = undefined;
  await pool.configure('three');
  await pool.settled('three');
  held();
  const { name } = slow!.metadata;
  await until('the build says so', async () => {
    return buildStateOf(await lab.cluster.get(OS_BUILDS, name)) === 'interrupted';
  });
  const stopped = await lab.cluster.get(OS_BUILDS, name);
  const { reason, message } = findCondition(stopped.status?.conditions, 'Interrupted')!;
  assert.equal(reason, 'Superseded');
  assert.match(message, /^Build Interrupted: pool \S+ wants another image, for MachineConfig rendered-/u);
  await until('an event', async () => (await eventsOf(lab, 'BuildInterrupted')).length === 1);
  await until('the log says so', async () => {
    const log = await lab.cluster.find(CONFIG_MAPS, `build-log-${slow!.metadata.name}`);
    return log?.data?.['log']?.includes('stopped: pool') === true && log.data['whole'] === 'true';
  });
  await pool.configure('two');
  const again = currentBuild(await pool.settled('two'));
  assert.equal(again.metadata.name, slow!.metadata.name);
  assert.notEqual(again.metadata['uid'], slow!.metadata['uid']);
});

// Contract §4.10.
test('a pool begins with an image that had been built before, and builds what comes after it', async (t) => {
  const lab = await openLab(t);
  const { pool, proxy, client } = lab;
  lab.start({ settings: { registryPoll: 100 } });
  const golden = parseReference(`${proxy.address}/golden/os:1`);
  const address = parseReference(lab.base).digest;
  const image = `${proxy.address}/golden/os@${address}`;
  await pool.create('one', { [PRE_BUILT_IMAGE_KEY]: `${proxy.address}/golden/os:1` });
  const said = async (words: string): Promise<boolean> =>
    (await conditionOf(lab, 'ImageBuildDegraded')).includes(words);
  await until('what is wrong with the annotation', () =>
    said('is not an image by its sha256 digest alone, as builds record it; write HOST/NAME@sha256:DIGEST'),
  );
  await pool.patch(OS_CONFIGS, '', { metadata: { annotations: { [PRE_BUILT_IMAGE_KEY]: image } } });
  await until('that the image is missing', () => said('and the registry does not have it; push it'));
  await pool.configure('two');
  await until('the other configuration', async () => {
    const name = (await pool.state()).pool.spec.configuration?.name ?? '';
    return name !== '' && JSON.stringify((await pool.rendered(name)).spec).includes('data:,two');
  });
  assert.deepEqual(lab.seen, [], 'nothing is built in its place');

  assert.equal(await pushMiniatureBase(client, golden), address);
  const pushed = writes(lab);
  const state = await pool.settled('two');
  const seeded = currentBuild(state);
  assert.equal(state.osConfig?.status?.currentImagePullSpec, image);
  const { reason } = findCondition(state.osConfig.status.conditions, 'Seeded')!;
  assert.equal(reason, 'PreBuiltImageSeeded');
  assert.equal(seeded.metadata.labels?.[PRE_BUILT_IMAGE_KEY], 'true');
  assert.equal(findCondition(seeded.status?.conditions, 'Succeeded')?.reason, 'PreBuiltImageSeeded');
  const { buildStart = '', buildEnd = '' } = seeded.status!;
  assert.equal(Date.parse(buildEnd) - Date.parse(buildStart), 1000);
  await until('the request has gone', async () => {
    return (await pool.state()).osConfig?.metadata.annotations?.[PRE_BUILT_IMAGE_KEY] === undefined;
  });
  assert.deepEqual(await passed(lab, seeded.metadata.name), ['none', 'succeeded'], 'it is never run');
  assert.equal(writes(lab), pushed, 'nothing is written where the pool does not push to');
  await until('an event', async () => (await eventsOf(lab, 'PreBuiltImageSeeded')).length === 1);

  await pool.configure('three');
  const built = currentBuild(await pool.settled('three'));
  assert.deepEqual(await passed(lab, built.metadata.name), ['none', 'prepared', 'building', 'succeeded']);
  await pool.configure('two');
  const again = currentBuild(await pool.settled('two'));
  assert.equal(again.metadata['uid'], seeded.metadata['uid']);
});

test('nothing is built of a rendered MachineConfig that somebody has edited, while nobody can put it right', async (t) => {
  const lab = await openLab(t);
  const { pool, cluster } = lab;
  lab.start({ settings: { registryPoll: 100 } });
  await pool.create('one');
  const state = await pool.settled('one');
  const target = state.pool.spec.configuration?.name ?? '';
  const { osImageURL } = (await pool.rendered(target)).spec;
  await pool.patch(MACHINE_CONFIGS, 'site', { spec: { kernelType: 'sometimes' } });
  await until('it cannot be rendered', async () => (await conditionOf(lab, 'RenderDegraded')) !== '');
  const { length } = lab.seen;
  const other = `${lab.proxy.address}/elsewhere/os@sha256:${'0'.repeat(64)}`;
  await cluster.patch(MACHINE_CONFIGS, target, { spec: { osImageURL: other } });
  await until('somebody says so', async () =>
    (await conditionOf(lab, 'ImageBuildDegraded')).includes(
      `MachineConfig ${target}, which pool ${pool.name} names in spec.configuration.name, has been edited`,
    ),
  );
  assert.equal(lab.seen.length, length, 'nothing is built of it');
  await pool.patch(MACHINE_CONFIGS, 'site', { spec: { kernelType: 'default' } });
  assert.equal(currentBuild(await pool.settled('one')).metadata['uid'], currentBuild(state).metadata['uid']);
  assert.equal((await pool.rendered(target)).spec.osImageURL, osImageURL);
  assert.equal(lab.seen.length, length);
});

// Architecture D11: who moves the nodes finds in the objects what they are to run.
test('a pool that has left image mode is updating until no node has an image', async (t) => {
  const lab = await openLab(t);
  const { pool, cluster } = lab;
  lab.start();
  await pool.create('one');
  const state = await pool.settled('one');
  const target = state.pool.spec.configuration?.name ?? '';
  const image = state.osConfig?.status?.currentImagePullSpec ?? '';
  const node = `${cluster.name}-n1`;
  const runs = (running: string | null): Readonly<Record<string, string | null>> => ({
    [CURRENT_CONFIG_ANNOTATION]: target,
    [DESIRED_CONFIG_ANNOTATION]: target,
    [CURRENT_IMAGE_ANNOTATION]: running,
    [DESIRED_IMAGE_ANNOTATION]: running,
    [STATE_ANNOTATION]: 'Done',
  });
  const says = (type: string, words: string): Promise<void> =>
    until(`${type}: ${words}`, async () => {
      const condition = findCondition((await pool.state()).pool.status?.conditions, type);
      return `${condition?.status ?? ''}: ${condition?.message ?? ''}` === words;
    });
  await cluster.create(NODES, { metadata: { name: node, labels: { 'varve.dev/pool': pool.name } } });
  await cluster.patch(NODES, node, { metadata: { annotations: runs(image) } });
  await says('Updated', `True: All nodes are updated with MachineConfig ${target} / Image ${image}`);
  await cluster.delete(OS_CONFIGS, pool.name);
  await says('Updating', `True: All nodes are updating to MachineConfig ${target}`);
  await says('Updated', 'False: ');
  await until('its builds go', async () => (await pool.state()).builds.length === 0);
  assert.equal((await pool.state()).pool.status?.updatedMachineCount, 0);
  assert.ok((await lab.client.resolve(parseReference(image))) !== undefined, 'a node runs it still');
  await cluster.patch(NODES, node, { metadata: { annotations: runs(null) } });
  await says('Updated', `True: All nodes are updated with MachineConfig ${target}`);
  await says('Updating', 'False: ');
});

test('a secret that is missing is named, and making it is enough', async (t) => {
  const lab = await openLab(t);
  const { pool, cluster } = lab;
  lab.start();
  await pool.create('one');
  const secret = await cluster.get(SECRETS, pool.name);
  const first = currentBuild(await pool.settled('one'));
  await cluster.delete(SECRETS, pool.name);
  await until('a condition', async () => (await conditionOf(lab, 'ImageBuildDegraded')) !== '');
  assert.equal(
    await conditionOf(lab, 'ImageBuildDegraded'),
    `BuildFailed: Failed to build OS image for pool ${pool.name}: cannot use secret "${cluster.namespace}/${pool.name}", which MachineOSConfig "${pool.name}" names in spec.renderedImagePushSecret.name: there is none; create it, or name another`,
  );
  await pool.configure('two');
  await sleep(100);
  const state = await pool.state();
  assert.equal(state.osConfig?.status?.currentImagePullSpec, first.status?.digestedImagePushSpec);
  const { data, type } = secret;
  const broken = { '.dockerconfigjson': Buffer.from('{"auths": 1}').toString('base64') };
  const metadata = { name: pool.name, namespace: cluster.namespace };
  await cluster.create(SECRETS, { metadata, type: type!, data: broken });
  await until('what is wrong with the secret', async () =>
    (await conditionOf(lab, 'ImageBuildDegraded')).includes('auths: must be an object, is a number'),
  );
  await cluster.patch(SECRETS, pool.name, { data: data! });
  await pool.settled('two');
});

test('a registry that fails for a while costs a failed build that says so, and another try', async (t) => {
  const lab = await openLab(t);
  const { pool } = lab;
  lab.start();
  await pool.create('one');
  await pool.settled('one');
  lab.script = ({ method }) =>
    method === 'PUT' || method === 'POST' ? { status: 500, body: 'no' } : undefined;
  await pool.configure('two');
  await until('a condition', async () => (await conditionOf(lab, 'ImageBuildDegraded')) !== '');
  // The next try may have begun meanwhile.
  let failed: MachineOSBuild | undefined;
  await until('the build has failed', async () => {
    failed = currentBuild(await pool.state());
    return isConditionTrue(failed?.status?.conditions, 'Failed');
  });
  assert.ok(failed !== undefined);
  const { reason, message } = findCondition(failed.status?.conditions, 'Failed')!;
  assert.equal(reason, 'RegistryError');
  assert.match(message, /^Build Failed: cannot .*500/u);
  lab.script = undefined;
  const build = currentBuild(await pool.settled('two'));
  assert.equal(build.metadata.name, failed.metadata.name);
  assert.ok(Number(build.metadata.annotations?.['varve.dev/build-attempt']) >= 2);
});

test('a registry that is down leaves the image in force alone, also after a restart', async (t) => {
  const lab = await openLab(t);
  const { pool } = lab;
  const controllers = lab.start({ settings: { registryPoll: 100 } });
  await pool.create('one');
  const before = await pool.settled('one');
  lab.script = () => ({ status: 503, body: 'no' });
  await sleep(1500);
  await pool.settled('one');
  await controllers.stop();
  lab.start({ settings: { registryPoll: 100 } });
  await sleep(3000);
  const after = await pool.settled('one');
  assert.equal(currentBuild(after).metadata['uid'], currentBuild(before).metadata['uid']);
  lab.script = undefined;
  await pool.configure('two');
  await pool.settled('two');
});

test('a rebuild that is asked for happens once, under the same name', async (t) => {
  const lab = await openLab(t);
  const { pool } = lab;
  lab.start();
  await pool.create('one');
  const first = currentBuild(await pool.settled('one'));
  await pool.patch(OS_CONFIGS, '', { metadata: { annotations: { [REBUILD_ANNOTATION]: '' } } });
  await until('another build', async () => {
    const build = currentBuild(await pool.state());
    return build !== undefined && build.metadata['uid'] !== first.metadata['uid'];
  });
  const state = await pool.settled('one');
  assert.equal(currentBuild(state).metadata.name, first.metadata.name);
  await until('the notes are gone', async () => {
    const { annotations = {} } = (await pool.state()).osConfig!.metadata;
    return Object.keys(annotations).length === 1;
  });
  await atRest('what is seen of builds', () => lab.seen.length);
  const states = statesOf(lab, first.metadata.name);
  assert.equal(states.filter((one) => one === 'building').length, 2);
  await until('an event', async () => (await eventsOf(lab, 'RebuildRequested')).length === 1);
});

test('an image that is gone from the registry is made again', async (t) => {
  const lab = await openLab(t);
  const { pool, client } = lab;
  lab.start({ settings: { registryPoll: 100 } });
  await pool.create('one');
  const first = currentBuild(await pool.settled('one'));
  await tagged(lab, first);
  const image = parseReference(first.status?.digestedImagePushSpec ?? '');
  assert.equal(await client.deleteManifest(image), true);
  await until('the image is there again', async () => (await client.resolve(image)) !== undefined);
  const second = currentBuild(await pool.settled('one'));
  assert.notEqual(second.metadata['uid'], first.metadata['uid']);
  assert.equal(second.status?.digestedImagePushSpec, first.status?.digestedImagePushSpec);
});

test("an administrator's image under the pool's external tag takes the place of the base, and goes with the tag", async (t) => {
  const lab = await openLab(t);
  const { pool, client } = lab;
  lab.start({ settings: { registryPoll: 100 } });
  await pool.create('one');
  const before = (await pool.settled('one')).osConfig?.status?.currentImagePullSpec;
  const push = parseReference(`${lab.proxy.address}/${pool.name}/os:${pool.name}-external`);
  await pushMiniatureBase(client, push, { architectures: ['arm64'] });
  await until('another image', async () => {
    return (await pool.state()).osConfig?.status?.currentImagePullSpec !== before;
  });
  await pool.settled('one');
});

test('builds, images and rendered MachineConfigs go when nothing needs them, and stay while a node runs them', async (t) => {
  const lab = await openLab(t);
  const { pool, cluster, client } = lab;
  lab.start({ settings: { keptBuilds: 0, keptRendered: 1 } });
  await pool.create('t0');
  const first = currentBuild(await pool.settled('t0'));
  const image = first.status?.digestedImagePushSpec ?? '';
  await cluster.create(NODES, {
    metadata: {
      name: `${cluster.name}-n1`,
      annotations: {
        'machineconfiguration.openshift.io/currentImage': image,
        'machineconfiguration.openshift.io/currentConfig': first.spec.machineConfig.name,
      },
    },
  });
  for (const text of ['t1', 't2', 't3']) {
    await pool.configure(text);
    await pool.settled(text);
    // Whole seconds tell which is newer.
    await sleep(1100);
  }
  await until('only two builds', async () => (await pool.state()).builds.length === 2);
  const state = await pool.state();
  assert.ok(state.builds.some(({ metadata }) => metadata['uid'] === first.metadata['uid']));
  const push = parseReference(first.spec.renderedImagePushSpec);
  const wanted = [
    first.metadata.name,
    currentBuild(state).metadata.name,
    pool.name,
    `${pool.name}-rendered-config`,
  ].toSorted();
  await until('the other images are gone', async () => {
    return (await client.listTags(push)).toSorted().join(' ') === wanted.join(' ');
  });
  await until('the other rendered MachineConfigs are gone', async () => {
    const { items } = await cluster.kube.list(MACHINE_CONFIGS);
    return items.filter(({ metadata }) => metadata.name.startsWith(`rendered-${pool.name}`)).length === 2;
  });
  await pool.settled('t3');
});

test('a registry that does not delete is told of once', async (t) => {
  const lab = await openLab(t);
  const { pool, cluster } = lab;
  lab.start();
  lab.script = ({ method }) => (method === 'DELETE' ? { status: 405, body: '{}' } : undefined);
  await pool.create('one');
  const first = currentBuild(await pool.settled('one'));
  await pool.configure('two');
  const second = currentBuild(await pool.settled('two'));
  await pool.configure('three');
  await pool.settled('three');
  await cluster.kube.delete(
    OS_BUILDS,
    { namespace: '', name: first.metadata.name },
    { propagationPolicy: 'Background' },
  );
  await until('a warning', async () => (await eventsOf(lab, 'ImagesNotDeleted')).length === 1);
  await cluster.kube.delete(
    OS_BUILDS,
    { namespace: '', name: second.metadata.name },
    { propagationPolicy: 'Background' },
  );
  await sleep(500);
  assert.ok((await eventsOf(lab, 'ImagesNotDeleted')).length <= 2);
});

test('controllers that stop in the middle of a build leave it to the next ones', async (t) => {
  const lab = await openLab(t);
  const { pool } = lab;
  const controllers = lab.start();
  await pool.create('one');
  await pool.settled('one');
  await hold(lab, 'two');
  const under = (await pool.state()).builds.find((build) => buildStateOf(build) === 'building')!;
  await controllers.stop();
  assert.equal(buildStateOf(await lab.cluster.get(OS_BUILDS, under.metadata.name)), 'building');
  lab.script = undefined;
  lab.start();
  const build = currentBuild(await pool.settled('two'));
  assert.equal(build.metadata['uid'], under.metadata['uid']);
  assert.deepEqual(await passed(lab, build.metadata.name), ['none', 'prepared', 'building', 'succeeded']);
});

test('a MachineOSConfig, or a pool, that goes in the middle of a build takes it along; the next one has its own', async (t) => {
  const lab = await openLab(t, { embeddedBecause: 'has builds collected as garbage' });
  const { pool, cluster } = lab;
  lab.start();
  await pool.create('one');
  const before = await pool.settled('one');
  await hold(lab, 'two');
  await cluster.delete(OS_CONFIGS, pool.name);
  await until('no build is left', async () => (await pool.state()).builds.length === 0);
  lab.script = undefined;
  const { apiVersion, kind, spec } = before.osConfig!;
  await cluster.create(OS_CONFIGS, { apiVersion, kind, metadata: { name: pool.name }, spec });
  await pool.settled('two');

  await hold(lab, 'three');
  await cluster.delete(POOLS, pool.name);
  await until('the build is interrupted', async () => {
    return (
      (await pool.state().catch(() => undefined)) === undefined && lab.seen.at(-1)!.endsWith(' interrupted')
    );
  });
  lab.script = undefined;
  const { metadata, ...rest } = before.pool;
  await cluster.create(POOLS, { ...rest, metadata: { name: metadata.name } });
  await pool.settled('three');
});

test('of two pools that take tags from each other in one repository the younger one is told', async (t) => {
  const lab = await openLab(t);
  const { pool, cluster } = lab;
  lab.start();
  await pool.create('one');
  await pool.settled('one');
  await sleep(1100);
  const other = new LabPool(cluster, { suffix: 'a-external', registry: lab.proxy.address, base: lab.base });
  await other.create('one');
  await other.settled('one');
  await other.patch(OS_CONFIGS, '', {
    spec: { renderedImagePushSpec: `${lab.proxy.address}/${pool.name}/os:latest` },
  });
  await until('a condition', async () => {
    const { conditions } = (await other.state()).pool.status ?? {};
    return (
      findCondition(conditions, 'ImageBuildDegraded')?.message?.includes('push to another repository') ===
      true
    );
  });
  await pool.settled('one');
  await other.patch(OS_CONFIGS, '', {
    spec: { renderedImagePushSpec: `${lab.proxy.address}/${other.name}/os:latest` },
  });
  await other.settled('one');
});
