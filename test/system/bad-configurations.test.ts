import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  API_VERSION,
  findCondition,
  type ControllerConfig,
  type MachineConfigPool,
} from '../../src/api/index.ts';
import {
  CONFIG_MAPS,
  CONTROLLER_CONFIGS,
  MACHINE_CONFIGS,
  OS_BUILDS,
  OS_CONFIGS,
  OS_IMAGE_STREAMS,
  POOLS as POOL_TYPE,
  SECRETS as SECRET_TYPE,
} from '../../src/controllers/resources.ts';
import {
  clusterObjects,
  type EmbeddedRegistry,
  pushMiniatureBase,
  startRegistry,
} from '../../src/embedded/index.ts';
import { openRegistry, parseReference } from '../../src/oci/index.ts';
import { isKubeError, type KubeObject, type ResourceType } from '../../src/kube/index.ts';
import type { JsonObject } from '../../src/schema/index.ts';
import {
  MEND,
  SOUND,
  type BadConfiguration,
  type BadConfigurations,
  type Change,
  type ChangedKind,
} from '../lab/bad-configurations/bad-configuration.ts';
import { BASES, OS_CONFIGS as OS_CONFIG_ROWS, PLACEMENT, SECRETS } from '../lab/bad-configurations/builds.ts';
import { CONTAINERS } from '../lab/bad-configurations/containers.ts';
import { IGNITION, UNRECONCILABLE } from '../lab/bad-configurations/ignition.ts';
import { POOLS } from '../lab/bad-configurations/pools.ts';
import { Cluster, openCluster } from '../lab/cluster/cluster.ts';
import { LabControllers } from '../lab/cluster/lab-controllers.ts';
import { LabPool } from '../lab/cluster/lab-pool.ts';
import { DEFINITIONS } from '../lab/cluster/resources.ts';
import { pushOddBases } from '../lab/odd-bases.ts';
import { PATIENCE, until } from '../lab/until.ts';

const TABLE: Readonly<Record<string, BadConfigurations>> = {
  'a pool': POOLS,
  'an Ignition config': IGNITION,
  'a change that nodes cannot make': UNRECONCILABLE,
  'the place of an item': PLACEMENT,
  'a base': BASES,
  'a secret': SECRETS,
  'a MachineOSConfig': OS_CONFIG_ROWS,
  'a container build': CONTAINERS,
};

const TYPES: Readonly<Record<ChangedKind, ResourceType>> = {
  ConfigMap: CONFIG_MAPS,
  MachineConfig: MACHINE_CONFIGS,
  MachineConfigPool: POOL_TYPE,
  MachineOSConfig: OS_CONFIGS,
  Secret: SECRET_TYPE,
};

type PoolCondition = NonNullable<NonNullable<MachineConfigPool['status']>['conditions']>[number];

suite('controllers say what is wrong', { concurrency: 8 }, () => {
  let folder: string;
  let registry: EmbeddedRegistry;
  let cluster: Cluster;
  let controllers: LabControllers;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'varve-bad-configurations-'));
    registry = await startRegistry({ directory: join(folder, 'registry') });
    await pushOddBases(registry.address);
    cluster = await Cluster.open();
    const facts = { registry: registry.address, base: `${registry.address}/base/os:1`, authority: 'none' };
    const config = clusterObjects(facts).find(({ kind }) => kind === 'ControllerConfig');
    await cluster.createUnlessThere(CONTROLLER_CONFIGS, config as unknown as ControllerConfig);
    controllers = new LabControllers(cluster);
  });
  after(async () => {
    await controllers.stop();
    await cluster.close();
    await registry.close();
    await rm(folder, { recursive: true, force: true });
    assert.deepEqual(controllers.defects, []);
    assert.doesNotMatch(controllers.lines.join('\n'), /s3cret/u);
  });

  let number = 0;
  for (const [kind, rows] of Object.entries(TABLE)) {
    for (const [what, row] of Object.entries(rows)) {
      number += 1;
      const suffix = `-${number}`;
      test(`${kind}: ${what}`, () => check(`${cluster.name}${suffix}`, row));
    }
  }

  async function check(pool: string, row: BadConfiguration): Promise<void> {
    const { given = [], bases = [] } = row;
    for (const reference of bases) await pushBase(fill(pool, reference));
    const isGiven = ({ kind, name }: Change): boolean =>
      given.some((other) => other.kind === kind && other.name === name);
    await apply(pool, [...given, ...SOUND.filter((change) => !isGiven(change))]);
    const first = await settled(pool);
    await apply(pool, row.bad);
    await until(
      `${row.condition} of ${pool}`,
      async () => conditionOf(await poolOf(pool), row.condition)?.status === 'True',
    );
    await says(pool, row);
    await sleep(50);
    const then = await stateOf(pool);
    if (row.condition === 'RenderDegraded')
      assert.equal(then.rendered, first.rendered, 'the configuration stays');
    assert.equal(then.image, first.image, 'the image stays');
    await apply(pool, row.mend ?? MEND);
    await until(
      `${row.condition} of ${pool} is over`,
      async () => conditionOf(await poolOf(pool), row.condition)?.status !== 'True',
    );
    await settled(pool);
  }

  /** Waits for the row's message, which another one may precede. */
  async function says(pool: string, row: BadConfiguration): Promise<void> {
    const said = async (): Promise<string> =>
      plain(pool, conditionOf(await poolOf(pool), row.condition)?.message ?? '');
    const holds = (message: string): boolean =>
      typeof row.says === 'string' ? message === row.says : row.says.test(message);
    for (const end = performance.now() + PATIENCE * 1000; performance.now() < end;) {
      if (holds(await said())) break;
      await sleep(20);
    }
    const message = await said();
    if (typeof row.says === 'string') assert.equal(message, row.says);
    else assert.match(message, row.says);
    assert.doesNotMatch(message, /s3cret/u);
    if (row.reason === undefined) return;
    const { items } = await cluster.kube.list(OS_BUILDS);
    const reasons = items
      .filter(({ spec }) => spec.machineOSConfig.name === pool)
      .map(({ status }) => findCondition(status?.conditions, 'Failed'))
      .filter((failed) => failed?.status === 'True')
      .map((failed) => failed?.reason);
    assert.deepEqual(reasons, [row.reason]);
  }

  /** The words that rows use for what differs from run to run. */
  function plain(pool: string, message: string): string {
    return message
      .replaceAll(registry.address, 'REGISTRY')
      .replaceAll(`"${cluster.namespace}/`, '"NAMESPACE/')
      .replaceAll(pool, 'POOL')
      .replaceAll(/sha256:[0-9a-f]{64}/gu, 'sha256:…')
      .replaceAll(/rendered-POOL-[0-9a-f]{32}/gu, 'rendered-POOL-…')
      .replace(/^Failed to render configuration for pool POOL: /u, '')
      .replace(
        /^Failed to build OS image for pool POOL(?: \(MachineOSBuild: POOL-[0-9a-f]{32}\))?: (?:Build Failed: )?/u,
        '',
      );
  }

  /** Waits until a pool has the image of its configuration, and nothing is wrong with it. */
  async function settled(pool: string): Promise<State> {
    const problem = async (): Promise<string> => {
      const { rendered, image, conditions } = await stateOf(pool);
      if (rendered === '') return 'not rendered';
      const degraded = conditions.find(
        ({ type, status }) => (type ?? '').endsWith('Degraded') && status === 'True',
      );
      if (degraded !== undefined) return `${degraded.type ?? ''}: ${degraded.message ?? ''}`;
      const name = (await cluster.find(OS_CONFIGS, pool))?.status?.machineOSBuild?.name ?? '';
      const build = name === '' ? undefined : await cluster.find(OS_BUILDS, name);
      const isInForce =
        image !== '' &&
        build?.spec.machineConfig.name === rendered &&
        build.status?.digestedImagePushSpec === image;
      return isInForce ? '' : `no image of ${rendered}`;
    };
    const end = performance.now() + PATIENCE * 1000;
    let why = await problem();
    while (why !== '') {
      assert.ok(performance.now() < end, `after ${PATIENCE} s: ${pool}: ${why}`);
      await sleep(50);
      why = await problem();
    }
    return stateOf(pool);
  }

  interface State {
    readonly rendered: string;
    readonly image: string;
    readonly conditions: readonly PoolCondition[];
  }

  async function stateOf(pool: string): Promise<State> {
    const found = await poolOf(pool);
    const osConfig = await cluster.find(OS_CONFIGS, pool);
    return {
      rendered: found.spec.configuration?.name ?? '',
      image: osConfig?.status?.currentImagePullSpec ?? '',
      conditions: found.status?.conditions ?? [],
    };
  }

  function poolOf(pool: string): Promise<MachineConfigPool> {
    return cluster.get(POOL_TYPE, pool);
  }

  async function apply(pool: string, changes: readonly Change[]): Promise<void> {
    for (const change of JSON.parse(fill(pool, JSON.stringify(changes))) as readonly Change[])
      await applyOne(change);
  }

  function fill(pool: string, text: string): string {
    return text
      .replaceAll('POOL', pool)
      .replaceAll('REGISTRY', registry.address)
      .replaceAll('NAMESPACE', cluster.namespace);
  }

  async function pushBase(reference: string): Promise<void> {
    const client = openRegistry({});
    try {
      await pushMiniatureBase(client, parseReference(reference));
    } finally {
      client.close();
    }
  }

  async function applyOne({ kind, name, members = {}, remove }: Change): Promise<void> {
    const type = TYPES[kind];
    if (remove === true) return cluster.delete(type, name);
    for (;;) {
      const found = (await cluster.find(type, name)) as (KubeObject & JsonObject) | undefined;
      try {
        await (found === undefined || found.metadata.deletionTimestamp !== undefined
          ? cluster.create(type, created(kind, name, members))
          : cluster.kube.update(type, changed(found, members)));
        return;
      } catch (error) {
        if (!isKubeError(error, 'conflict', 'already-exists')) throw error;
      }
    }
  }

  function created(kind: ChangedKind, name: string, members: JsonObject): KubeObject {
    const { metadata, ...rest } = members as JsonObject & { metadata?: JsonObject };
    const isCore = kind === 'ConfigMap' || kind === 'Secret';
    const namespace = isCore ? { namespace: cluster.namespace } : {};
    const apiVersion = isCore ? 'v1' : API_VERSION;
    return { apiVersion, kind, metadata: { ...metadata, name, ...namespace }, ...rest };
  }
});

function conditionOf(pool: MachineConfigPool, type: string): PoolCondition | undefined {
  return findCondition(pool.status?.conditions, type);
}

/** Members of `spec` take the place of those that were there; null takes one away. A MachineConfig's spec is replaced whole. */
function changed(found: KubeObject & JsonObject, { spec, ...rest }: JsonObject): KubeObject {
  const { metadata: _, ...others } = rest;
  if (spec === undefined) return { ...found, ...others };
  const isWhole = found['kind'] === 'MachineConfig';
  const merged = { ...(isWhole ? {} : (found['spec'] as JsonObject)), ...(spec as JsonObject) };
  const kept = Object.entries(merged).filter(([, value]) => value !== null);
  return { ...found, ...others, spec: Object.fromEntries(kept) } as KubeObject;
}

test('two MachineOSConfigs for one pool, which an earlier definition let pass: the older one stays in force', async (t) => {
  const cluster = await openCluster(t, { embeddedBecause: 'changes the definition of MachineOSConfigs' });
  const folder = await mkdtemp(join(tmpdir(), 'varve-two-os-configs-'));
  const registry = await startRegistry({ directory: folder });
  await pushOddBases(registry.address);
  const controllers = new LabControllers(cluster);
  cluster.beforeClose(async () => {
    await controllers.stop();
    await registry.close();
    await rm(folder, { recursive: true, force: true });
  });
  const { address } = registry;
  const pool = new LabPool(cluster, { suffix: 'a', registry: address, base: `${address}/base/os:1` });
  await pool.create('one');
  const { osConfig } = await pool.settled('one');
  assert.ok(osConfig !== undefined);
  const name = `${pool.name}-more`;
  const more = { ...osConfig, metadata: { name }, status: {} };
  const rules = '/spec/versions/0/schema/openAPIV3Schema/x-kubernetes-validations';
  await cluster.kube.patch(
    DEFINITIONS,
    { namespace: '', name: 'machineosconfigs.machineconfiguration.openshift.io' },
    { type: 'json', operations: [{ op: 'remove', path: rules }] },
  );
  // Definitions take effect after a moment; times of objects are whole seconds, and the older one is to be older.
  await sleep(1100);
  await until('the definition is the earlier one', () =>
    cluster.create(OS_CONFIGS, more).then(
      () => true,
      () => false,
    ),
  );
  const said = async (): Promise<string> =>
    conditionOf((await pool.state()).pool, 'ImageBuildDegraded')?.message ?? '';
  const expected = `Failed to build OS image for pool ${pool.name}: MachineOSConfigs ${pool.name}, ${name} all have spec.machineConfigPool.name "${pool.name}"; ${pool.name} stays in force, delete the others`;
  await until('the pool says so', async () => (await said()) === expected);
  await pool.configure('two');
  await until('the older one has the new image', async () => {
    const { currentImagePullSpec } = (await pool.state()).osConfig?.status ?? {};
    return (
      currentImagePullSpec !== undefined && currentImagePullSpec !== osConfig.status?.currentImagePullSpec
    );
  });
  assert.equal((await cluster.get(OS_CONFIGS, name)).status?.currentImagePullSpec, undefined);
  await cluster.delete(OS_CONFIGS, name);
  await pool.settled('two');
  assert.deepEqual(controllers.defects, []);
});

test('runc where the stream of a pool has none, and a stream that there is not', async (t) => {
  const cluster = await openCluster(t, { embeddedBecause: 'has the one OSImageStream of a cluster' });
  const folder = await mkdtemp(join(tmpdir(), 'varve-streams-'));
  const registry = await startRegistry({ directory: folder });
  const controllers = new LabControllers(cluster);
  cluster.beforeClose(async () => {
    await controllers.stop();
    await registry.close();
    await rm(folder, { recursive: true, force: true });
  });
  const { address } = registry;
  const client = openRegistry({});
  const digest = await pushMiniatureBase(client, parseReference(`${address}/base/os:1`));
  client.close();
  const osImage = `${address}/base/os@${digest}`;
  const stream = { apiVersion: API_VERSION, kind: 'OSImageStream', metadata: { name: 'cluster' } } as const;
  await cluster.createUnlessThere(OS_IMAGE_STREAMS, { ...stream, spec: { defaultStream: 'rhel-9' } });
  const streams = ['rhel-9', 'rhel-10'].map((name) => ({ name, osImage, osExtensionsImage: osImage }));
  const status = { defaultStream: 'rhel-9', availableStreams: streams };
  await cluster.patch(OS_IMAGE_STREAMS, 'cluster', { status }, 'status');
  const pool = new LabPool(cluster, { suffix: 'a', registry: address, base: '' });
  await pool.create('one');
  await pool.patch(POOL_TYPE, '', { spec: { osImageStream: { name: 'rhel-10' } } });
  const first = await pool.settled('one');

  const path = '/etc/crio/crio.conf.d/99-runtime.conf';
  const setRuntime = async (runtime: string): Promise<void> => {
    const source = `data:,${encodeURIComponent(`[crio.runtime]\ndefault_runtime = "${runtime}"\n`)}`;
    const files = [
      { path: '/etc/motd', contents: { source: 'data:,one' } },
      { path, contents: { source } },
    ];
    await pool.patch(MACHINE_CONFIGS, 'site', { spec: { config: { storage: { files } } } });
  };
  const said = async (): Promise<string> =>
    conditionOf((await pool.state()).pool, 'RenderDegraded')?.message ?? '';
  const failed = `Failed to render configuration for pool ${pool.name}: `;
  await setRuntime('runc');
  const runc = `${failed}MachineConfig "${pool.name}-site": spec.config.storage.files[1]: ${path}: it makes runc the default runtime, which rhel-10 does not have; set default_runtime to "crun"`;
  await until('the pool says so', async () => (await said()) === runc);
  assert.equal(
    (await pool.state()).pool.spec.configuration?.name,
    first.pool.spec.configuration?.name,
    'the configuration stays',
  );
  await setRuntime('crun');
  await pool.settled('one');

  await pool.patch(POOL_TYPE, '', { spec: { osImageStream: { name: 'nonesuch' } } });
  const unknown = `${failed}MachineConfigPool "${pool.name}": spec.osImageStream.name: "nonesuch": OSImageStream "cluster" has no such stream in status.availableStreams; choose one of rhel-9, rhel-10`;
  await until('the pool says so', async () => (await said()) === unknown);
  await pool.patch(POOL_TYPE, '', { spec: { osImageStream: { name: 'rhel-9' } } });
  await pool.settled('one');
  assert.deepEqual(controllers.defects, []);
});
