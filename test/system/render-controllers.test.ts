import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import {
  CURRENT_CONFIG_ANNOTATION,
  DESIRED_CONFIG_ANNOTATION,
  LAYERED_ANSWERED_ANNOTATION,
  LAYERED_LABEL,
  REASON_ANNOTATION,
  STATE_ANNOTATION,
  findCondition,
} from '../../src/api/index.ts';
import type { MachineConfig, MachineConfigPool } from '../../src/api/index.ts';
import type { ControllerSettings } from '../../src/controllers/index.ts';
import { MACHINE_CONFIGS, NODES, OS_BUILDS, OS_CONFIGS, POOLS } from '../../src/controllers/resources.ts';
import { EVENTS, type KubeObject } from '../../src/kube/index.ts';
import { renderPool } from '../../src/cli/render-command.ts';
import { decodeManifests } from '../../src/cli/manifests.ts';
import { LabControllers } from '../lab/cluster/lab-controllers.ts';
import { openCluster, type Cluster } from '../lab/cluster/cluster.ts';
import { furnishPools, machineConfigOf, poolOf } from '../lab/cluster/pool-objects.ts';
import { isOwn } from '../lab/cluster/own-objects.ts';
import { atRest, PATIENCE, until } from '../lab/until.ts';

const MOTD = '/etc/motd';

/** A cluster with a pool `a` of this test, and Varve's controllers. */
async function furnished(
  t: TestContext,
): Promise<{ readonly cluster: Cluster; readonly pool: string; readonly base: string }> {
  const cluster = await openCluster(t);
  const base = await furnishPools(cluster);
  const pool = `${cluster.name}-a`;
  await cluster.create(POOLS, poolOf(pool));
  return { cluster, pool, base };
}

/** Varve's controllers for the pools of this test, until it ends. */
function startControllers(
  t: TestContext,
  cluster: Cluster,
  settings: Partial<ControllerSettings> = {},
): LabControllers {
  const controllers = new LabControllers(cluster, { settings });
  cluster.beforeClose(async () => {
    await controllers.stop();
    for (const line of controllers.lines) if (!line.startsWith('info')) t.diagnostic(line);
  });
  return controllers;
}

async function configurationOf(cluster: Cluster, pool: string): Promise<string> {
  return (await cluster.get(POOLS, pool)).spec.configuration?.name ?? '';
}

async function conditionOf(cluster: Cluster, pool: string, type: string): Promise<string> {
  const found = findCondition((await cluster.get(POOLS, pool)).status?.conditions, type);
  return `${found?.status ?? 'absent'}: ${found?.message ?? ''}`;
}

/** Waits until a condition of the pool says this, `status: message`. */
async function said(cluster: Cluster, pool: string, type: string, expected: string): Promise<void> {
  await settled(() => conditionOf(cluster, pool, type), expected);
}

interface Counts {
  readonly machine: number;
  readonly updated: number;
  readonly ready: number;
  readonly unavailable: number;
  readonly degraded: number;
}

async function counted(cluster: Cluster, pool: string, expected: Counts): Promise<void> {
  await settled(async () => {
    const { status = {} } = await cluster.get(POOLS, pool);
    return {
      machine: status.machineCount,
      updated: status.updatedMachineCount,
      ready: status.readyMachineCount,
      unavailable: status.unavailableMachineCount,
      degraded: status.degradedMachineCount,
    };
  }, expected);
}

/** Waits until something is as expected; else says how it is. */
async function settled<T>(read: () => Promise<T>, expected: T): Promise<void> {
  let found = await read();
  for (const end = performance.now() + PATIENCE * 1000; performance.now() < end; found = await read()) {
    if (isDeepStrictEqual(found, expected)) return;
    await sleep(10);
  }
  assert.deepEqual(found, expected);
}

/** The versions of all objects of this test. */
async function versions(cluster: Cluster): Promise<Record<string, string | undefined>> {
  const found: Record<string, string | undefined> = {};
  for (const type of [POOLS, MACHINE_CONFIGS, OS_CONFIGS, OS_BUILDS, NODES] as const) {
    const { items } = await cluster.kube.list<KubeObject>(type);
    for (const { metadata } of items)
      if (isOwn(cluster.name, { metadata }))
        found[`${type.kind} ${metadata.name ?? ''}`] = metadata.resourceVersion;
  }
  return found;
}

/** Waits for another configuration than this one. */
async function next(cluster: Cluster, pool: string, than = ''): Promise<string> {
  await until(
    `another configuration than ${than}`,
    async () => (await configurationOf(cluster, pool)) !== than,
  );
  return configurationOf(cluster, pool);
}

/** What `varve render` makes of the same objects. */
function renderedByHand(
  pool: MachineConfigPool,
  machineConfigs: readonly MachineConfig[],
  base: string,
): string {
  const text = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: [pool, ...machineConfigs] });
  return renderPool(decodeManifests([{ name: 'objects', text }]), pool.metadata.name, base).name;
}

async function renderedNames(cluster: Cluster, pool: string): Promise<readonly string[]> {
  const { items } = await cluster.kube.list(MACHINE_CONFIGS);
  const names = items.map(({ metadata }) => metadata.name);
  return names.filter((name) => name.startsWith(`rendered-${pool}-`));
}

async function eventsOf(cluster: Cluster, name: string): Promise<readonly string[]> {
  const { items } = await cluster.kube.list(EVENTS, { namespace: 'default' });
  return items
    .filter(({ involvedObject }) => involvedObject.name === name)
    .map(({ type, reason, message }) => `${type} ${reason}: ${message}`);
}

test('a MachineConfig becomes the rendered one that `varve render` names, and its deletion restores the one before', async (t) => {
  const { cluster, pool, base } = await furnished(t);
  startControllers(t, cluster);
  const first = machineConfigOf(`${cluster.name}-10`, pool, MOTD, 'first');
  await cluster.create(MACHINE_CONFIGS, first);
  const before = await next(cluster, pool);
  assert.equal(before, renderedByHand(poolOf(pool), [first], base));
  const second = machineConfigOf(`${cluster.name}-20`, pool, MOTD, 'second');
  await cluster.create(MACHINE_CONFIGS, second);
  const after = await next(cluster, pool, before);
  assert.equal(after, renderedByHand(poolOf(pool), [first, second], base));
  const stored = await cluster.get(MACHINE_CONFIGS, after);
  assert.equal(stored.spec.osImageURL, base);
  const { spec } = await cluster.get(POOLS, pool);
  assert.deepEqual(
    spec.configuration?.source?.map(({ name }) => name),
    [first.metadata.name, second.metadata.name],
  );
  await cluster.delete(MACHINE_CONFIGS, second.metadata.name);
  assert.equal(await next(cluster, pool, after), before);
  assert.ok((await eventsOf(cluster, pool)).some((event) => event.includes('RenderedConfigGenerated')));
});

test('a burst of 50 MachineConfigs is rendered once', async (t) => {
  const { cluster, pool } = await furnished(t);
  // Longer than a busy machine keeps one object waiting.
  startControllers(t, cluster, { quiet: { period: 3000, longest: 120_000 } });
  await cluster.create(MACHINE_CONFIGS, machineConfigOf(`${cluster.name}-first`, pool, MOTD, 'x'));
  const before = await next(cluster, pool);
  const burst = Array.from({ length: 50 }, (_, at) =>
    machineConfigOf(`${cluster.name}-${at + 10}`, pool, `/etc/burst-${at}`, 'x'),
  );
  for (const machineConfig of burst) await cluster.create(MACHINE_CONFIGS, machineConfig);
  await next(cluster, pool, before);
  assert.equal((await renderedNames(cluster, pool)).length, 2);
  assert.equal((await cluster.get(POOLS, pool)).spec.configuration?.source?.length, 51);
});

test('what somebody does to a rendered MachineConfig is undone', async (t) => {
  const { cluster, pool } = await furnished(t);
  startControllers(t, cluster);
  await cluster.create(MACHINE_CONFIGS, machineConfigOf(`${cluster.name}-10`, pool, MOTD, 'first'));
  const name = await next(cluster, pool);
  const before = await cluster.get(MACHINE_CONFIGS, name);
  await cluster.patch(MACHINE_CONFIGS, name, { spec: { kernelArguments: ['quiet'], config: { more: 1 } } });
  await until('it is as before', async () => {
    const { spec } = await cluster.get(MACHINE_CONFIGS, name);
    return JSON.stringify(spec) === JSON.stringify(before.spec);
  });
  await until('somebody says so', async () =>
    (await eventsOf(cluster, pool)).some((event) => event.startsWith('Warning RenderedConfigRestored')),
  );
  await cluster.delete(MACHINE_CONFIGS, name);
  await until('it is there again', async () => (await cluster.find(MACHINE_CONFIGS, name)) !== undefined);
  await cluster.patch(POOLS, pool, { spec: { configuration: { name: 'another', kind: 'MachineConfig' } } });
  await until('the pool names it', async () => (await configurationOf(cluster, pool)) === name);
  const { configuration } = (await cluster.get(POOLS, pool)).spec;
  assert.deepEqual(Object.keys(configuration ?? {}).sort(), ['name', 'source']);
});

test('a MachineConfig that cannot be rendered degrades the pool, which keeps its configuration; correcting it is enough', async (t) => {
  const { cluster, pool } = await furnished(t);
  startControllers(t, cluster);
  const site = machineConfigOf(`${cluster.name}-10`, pool, MOTD, 'first');
  await cluster.create(MACHINE_CONFIGS, site);
  const before = await next(cluster, pool);
  await cluster.patch(MACHINE_CONFIGS, site.metadata.name, { spec: { kernelType: 'sometimes' } });
  const why = `MachineConfig "${site.metadata.name}": spec.kernelType: "sometimes" is not a kernel type; write default, realtime or 64k-pages`;
  const message = `Failed to render configuration for pool ${pool}: ${why}`;
  await said(cluster, pool, 'RenderDegraded', `True: ${message}`);
  await said(cluster, pool, 'Degraded', `True: ${message}`);
  assert.equal(await configurationOf(cluster, pool), before);
  await until('an event says so', async () =>
    (await eventsOf(cluster, pool)).includes(`Warning RenderedConfigFailed: ${message}`),
  );
  await cluster.patch(MACHINE_CONFIGS, site.metadata.name, { spec: { kernelType: 'realtime' } });
  await next(cluster, pool, before);
  await said(cluster, pool, 'RenderDegraded', 'False: ');
  await said(cluster, pool, 'Degraded', 'False: ');
});

test('a pool that would select everything is not rendered', async (t) => {
  const { cluster, pool } = await furnished(t);
  startControllers(t, cluster);
  await cluster.create(MACHINE_CONFIGS, machineConfigOf(`${cluster.name}-10`, pool, MOTD, 'first'));
  const before = await next(cluster, pool);
  await cluster.patch(POOLS, pool, { spec: { machineConfigSelector: { matchLabels: null } } });
  await until('an event says so', async () =>
    (await eventsOf(cluster, pool)).some((event) => event.startsWith('Warning SelectingAll')),
  );
  assert.equal(await configurationOf(cluster, pool), before);
});

test('the status of a pool counts its nodes, and takes the configuration over when all have it', async (t) => {
  const { cluster, pool } = await furnished(t);
  const node = (number: number): string => `${cluster.name}-n${number}`;
  for (const number of [1, 2, 3]) {
    const labels = { [`node-role.kubernetes.io/${pool}`]: '', 'node-role.kubernetes.io/worker': '' };
    await cluster.create(NODES, { metadata: { name: node(number), labels } });
  }
  startControllers(t, cluster);
  await cluster.create(MACHINE_CONFIGS, machineConfigOf(`${cluster.name}-10`, pool, MOTD, 'first'));
  const name = await next(cluster, pool);
  const agent = (number: number, state: string, current: string, reason = ''): Promise<unknown> => {
    const annotations = {
      [CURRENT_CONFIG_ANNOTATION]: current,
      [DESIRED_CONFIG_ANNOTATION]: name,
      [STATE_ANNOTATION]: state,
      [REASON_ANNOTATION]: reason,
    };
    return cluster.patch(NODES, node(number), { metadata: { annotations } });
  };
  await agent(1, 'Done', name);
  await agent(2, 'Working', 'rendered-before');
  await agent(3, 'Degraded', 'rendered-before', 'disk full');
  await counted(cluster, pool, { machine: 3, updated: 1, ready: 1, unavailable: 1, degraded: 1 });
  await said(cluster, pool, 'NodeDegraded', `True: Node ${node(3)} is reporting: "disk full"`);
  await said(cluster, pool, 'Updated', 'False: ');
  assert.equal((await cluster.get(POOLS, pool)).status?.configuration, undefined);
  await agent(2, 'Done', name);
  await agent(3, 'Done', name);
  await said(cluster, pool, 'Updated', `True: All nodes are updated with MachineConfig ${name}`);
  await counted(cluster, pool, { machine: 3, updated: 3, ready: 3, unavailable: 0, degraded: 0 });
  const { metadata, spec, status } = await cluster.get(POOLS, pool);
  assert.deepEqual(status?.configuration, spec.configuration);
  assert.equal(status?.observedGeneration, metadata['generation']);
  await cluster.delete(NODES, node(3));
  await counted(cluster, pool, { machine: 2, updated: 2, ready: 2, unavailable: 0, degraded: 0 });
});

test('the label of a pool brings a MachineOSConfig, and without one of them goes the other', async (t) => {
  const { cluster, pool } = await furnished(t);
  // Nobody listens there: what is built is no question here.
  const imageMode = { pushRepository: '127.0.0.1:10/os/images', pushSecret: 'registry', everyPool: false };
  startControllers(t, cluster, { imageMode });
  const label = (value: '' | null): Promise<unknown> =>
    cluster.patch(POOLS, pool, { metadata: { labels: { [LAYERED_LABEL]: value } } });
  const isThere = async (): Promise<boolean> => (await cluster.find(OS_CONFIGS, pool)) !== undefined;
  const isAnswered = async (): Promise<boolean> =>
    (await cluster.get(POOLS, pool)).metadata.annotations?.[LAYERED_ANSWERED_ANNOTATION] === 'true';
  await label('');
  await until('there is a MachineOSConfig', isThere);
  const { spec } = await cluster.get(OS_CONFIGS, pool);
  assert.equal(spec.renderedImagePushSpec, `127.0.0.1:10/os/images:${pool}`);
  await until('the pool says that it has been answered', isAnswered);
  await label(null);
  await until('the MachineOSConfig goes', async () => !(await isThere()));
  await until('the pool forgets', async () => !(await isAnswered()));
  await label('');
  await until('there is a MachineOSConfig again', isThere);
  await until('the pool says so again', isAnswered);
  await cluster.delete(OS_CONFIGS, pool);
  await until('the label goes', async () => {
    const { labels } = (await cluster.get(POOLS, pool)).metadata;
    return labels?.[LAYERED_LABEL] === undefined;
  });
  await sleep(200);
  assert.equal(await isThere(), false);
  const reasons = new Set((await eventsOf(cluster, pool)).map((event) => event.split(':')[0]));
  for (const reason of ['MachineOSConfigCreated', 'MachineOSConfigDeleted', 'LayeredLabelRemoved'])
    assert.ok(reasons.has(`Normal ${reason}`), reason);
});

test('the label of a pool is answered with what to do where nobody said where images go', async (t) => {
  const { cluster, pool } = await furnished(t);
  startControllers(t, cluster);
  await cluster.create(MACHINE_CONFIGS, machineConfigOf(`${cluster.name}-10`, pool, MOTD, 'first'));
  await cluster.patch(POOLS, pool, { metadata: { labels: { [LAYERED_LABEL]: '' } } });
  const why = `metadata.labels: ${LAYERED_LABEL} asks for an image of pool ${pool}, but no repository to push images to is configured; configure one, or create a MachineOSConfig named ${pool}`;
  await said(cluster, pool, 'ImageBuildDegraded', `True: Failed to build OS image for pool ${pool}: ${why}`);
  await cluster.patch(POOLS, pool, { metadata: { labels: { [LAYERED_LABEL]: null } } });
  await said(
    cluster,
    pool,
    'ImageBuildDegraded',
    'False: No layered pool objects found, clearing stale build degraded condition',
  );
  await said(cluster, pool, 'Degraded', 'False: ');
});

test('nothing is written once all is said, not by the next process either', async (t) => {
  const { cluster, pool } = await furnished(t);
  const other = `${cluster.name}-b`;
  await cluster.create(POOLS, poolOf(other, { paused: true }));
  await cluster.create(MACHINE_CONFIGS, machineConfigOf(`${cluster.name}-10`, pool, MOTD, 'first'));
  const bad = machineConfigOf(`${cluster.name}-20`, other, 'relative', 'first');
  await cluster.create(MACHINE_CONFIGS, bad);
  await cluster.create(NODES, {
    metadata: { name: `${cluster.name}-n1`, labels: { [`node-role.kubernetes.io/${pool}`]: '' } },
  });
  const first = startControllers(t, cluster);
  await next(cluster, pool);
  await until('the other pool is degraded', async () =>
    (await conditionOf(cluster, other, 'Degraded')).startsWith('True'),
  );
  const before = await atRest('what is written', () => versions(cluster));
  await first.stop();
  startControllers(t, cluster);
  await sleep(1000);
  assert.deepEqual(await versions(cluster), before);
});

test('two processes at once come to the same end as one, and to rest', async (t) => {
  const { cluster, pool, base } = await furnished(t);
  const imageMode = { pushRepository: '127.0.0.1:10/os/images', pushSecret: 'registry', everyPool: false };
  for (const _ of [1, 2]) startControllers(t, cluster, { imageMode });
  const site = machineConfigOf(`${cluster.name}-10`, pool, MOTD, 'first');
  await cluster.create(MACHINE_CONFIGS, site);
  const name = await next(cluster, pool);
  assert.equal(name, renderedByHand(poolOf(pool), [site], base));
  await cluster.patch(MACHINE_CONFIGS, name, { spec: { kernelArguments: ['quiet'] } });
  await until('it is put right', async () => {
    const { spec } = await cluster.get(MACHINE_CONFIGS, name);
    return (spec.kernelArguments ?? []).length === 0;
  });
  for (const kernelType of ['sometimes', 'realtime', 'never', 'default'])
    await cluster.patch(MACHINE_CONFIGS, site.metadata.name, { spec: { kernelType } });
  await said(cluster, pool, 'RenderDegraded', 'False: ');
  assert.equal(await configurationOf(cluster, pool), name);
  await until('the configuration is in force', async () =>
    (await conditionOf(cluster, pool, 'Updated')).startsWith('True'),
  );
  await atRest('what is written', () => versions(cluster));
});

test('what the API server refuses to store degrades the pool as well', async (t) => {
  const { cluster } = await furnished(t);
  startControllers(t, cluster);
  const role = `${cluster.name}-long`;
  const pool = `${cluster.name}-${'x'.repeat(215)}`;
  const { spec } = poolOf(role);
  await cluster.create(POOLS, poolOf(pool, { ...spec }));
  await cluster.create(MACHINE_CONFIGS, machineConfigOf(`${cluster.name}-10`, role, MOTD, 'first'));
  await until('the pool says why', async () => {
    const message = await conditionOf(cluster, pool, 'RenderDegraded');
    return message.startsWith('True') && message.includes('metadata.name');
  });
  assert.equal(await configurationOf(cluster, pool), '');
});

test('a default MachineOSConfig goes with its pool; one of a person stays', async (t) => {
  const { cluster, pool } = await furnished(t);
  const imageMode = { pushRepository: '127.0.0.1:10/os/images', pushSecret: 'registry', everyPool: true };
  startControllers(t, cluster, { imageMode });
  const other = `${cluster.name}-b`;
  await cluster.create(POOLS, poolOf(other));
  const isThere = async (name: string): Promise<boolean> =>
    (await cluster.find(OS_CONFIGS, name)) !== undefined;
  await until('there are both', async () => (await isThere(pool)) && (await isThere(other)));
  await cluster.patch(OS_CONFIGS, other, { metadata: { annotations: { 'varve.dev/default': null } } });
  await cluster.delete(POOLS, pool);
  await cluster.delete(POOLS, other);
  await until('the default goes', async () => !(await isThere(pool)));
  await sleep(200);
  assert.equal(await isThere(other), true);
});
