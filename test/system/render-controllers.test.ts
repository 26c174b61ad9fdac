import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { MachineConfig, MachineConfigPool } from '../../src/api/index.ts';
import { DEFAULT_SETTINGS, type ControllerSettings } from '../../src/controllers/index.ts';
import { MACHINE_CONFIGS, POOLS } from '../../src/controllers/resources.ts';
import { EVENTS } from '../../src/kube/index.ts';
import { renderPool } from '../../src/cli/render-command.ts';
import { decodeManifests } from '../../src/cli/manifests.ts';
import { LabControllers } from '../lab/cluster/lab-controllers.ts';
import { openCluster, type Cluster } from '../lab/cluster/cluster.ts';
import { furnishPools, machineConfigOf, poolOf, BASE_IMAGE } from '../lab/cluster/pool-objects.ts';
import { until } from '../lab/until.ts';

const MOTD = '/etc/motd';

/** A cluster with a pool `a` of this test, and Varve's controllers. */
async function furnished(t: TestContext): Promise<{ readonly cluster: Cluster; readonly pool: string }> {
  const cluster = await openCluster(t);
  await furnishPools(cluster);
  const pool = `${cluster.name}-a`;
  await cluster.create(POOLS, poolOf(pool));
  return { cluster, pool };
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

/** Waits for another configuration than this one. */
async function next(cluster: Cluster, pool: string, than = ''): Promise<string> {
  await until(
    `another configuration than ${than}`,
    async () => (await configurationOf(cluster, pool)) !== than,
  );
  return configurationOf(cluster, pool);
}

/** What `varve render` makes of the same objects. */
function renderedByHand(pool: MachineConfigPool, machineConfigs: readonly MachineConfig[]): string {
  const text = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: [pool, ...machineConfigs] });
  return renderPool(decodeManifests([{ name: 'objects', text }]), pool.metadata.name, BASE_IMAGE).name;
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
  const { cluster, pool } = await furnished(t);
  startControllers(t, cluster);
  const first = machineConfigOf(`${cluster.name}-10`, pool, MOTD, 'first');
  await cluster.create(MACHINE_CONFIGS, first);
  const before = await next(cluster, pool);
  assert.equal(before, renderedByHand(poolOf(pool), [first]));
  const second = machineConfigOf(`${cluster.name}-20`, pool, MOTD, 'second');
  await cluster.create(MACHINE_CONFIGS, second);
  const after = await next(cluster, pool, before);
  assert.equal(after, renderedByHand(poolOf(pool), [first, second]));
  const stored = await cluster.get(MACHINE_CONFIGS, after);
  assert.equal(stored.spec.osImageURL, BASE_IMAGE);
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
  startControllers(t, cluster, { quiet: DEFAULT_SETTINGS.quiet });
  await cluster.create(MACHINE_CONFIGS, machineConfigOf(`${cluster.name}-first`, pool, MOTD, 'x'));
  const before = await next(cluster, pool);
  const burst = Array.from({ length: 50 }, (_, at) =>
    machineConfigOf(`${cluster.name}-${at + 10}`, pool, `/etc/burst-${at}`, 'x'),
  );
  for (const machineConfig of burst) await cluster.create(MACHINE_CONFIGS, machineConfig);
  await next(cluster, pool, before);
  await sleep(500);
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
