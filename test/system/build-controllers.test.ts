import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import type { MachineConfig, MachineOSBuild } from '../../src/api/index.ts';
import { API_VERSION, buildStateOf } from '../../src/api/index.ts';
import { MACHINE_CONFIGS, OS_BUILDS, OS_CONFIGS, POOLS, SECRETS } from '../../src/controllers/resources.ts';
import { pushMiniatureBase, startRegistry, type EmbeddedRegistry } from '../../src/embedded/index.ts';
import { openRegistry, parseReference, type RegistryClient } from '../../src/oci/index.ts';
import { openCluster, type Cluster } from '../lab/cluster/cluster.ts';
import { LabControllers, type LabControllersOptions } from '../lab/cluster/lab-controllers.ts';
import { furnishPools, machineConfigOf, poolOf } from '../lab/cluster/pool-objects.ts';
import { until } from '../lab/until.ts';

interface Lab {
  readonly cluster: Cluster;
  readonly registry: EmbeddedRegistry;
  readonly client: RegistryClient;
  readonly pool: string;
  readonly repository: string;
  controllers(options?: LabControllersOptions): LabControllers;
}

async function openLab(t: TestContext): Promise<Lab> {
  const folder = await mkdtemp(join(tmpdir(), 'varve-builds-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const registry = await startRegistry({ directory: folder });
  const client = openRegistry({});
  t.after(async () => {
    client.close();
    await registry.close();
  });
  const cluster = await openCluster(t);
  const digest = await pushMiniatureBase(client, parseReference(`${registry.address}/base/os:1`));
  const base = `${registry.address}/base/os@${digest}`;
  await furnishPools(cluster);
  const pool = `${cluster.name}-a`;
  await cluster.create(MACHINE_CONFIGS, {
    ...machineConfigOf(`${pool}-00-os`, pool, '/etc/first', 'first'),
    spec: { osImageURL: base },
  } as MachineConfig);
  await cluster.create(SECRETS, secretOf(cluster, 'push', registry.address));
  return {
    cluster,
    registry,
    client,
    pool,
    repository: `${registry.address}/images/${pool}`,
    controllers: (options) => {
      const controllers = new LabControllers(cluster, options);
      cluster.beforeClose(async () => {
        await controllers.stop();
        if (process.env['SHOW']) console.log(controllers.lines.join('\n'));
        assert.deepEqual(controllers.defects, []);
      });
      return controllers;
    },
  };
}

function secretOf(
  cluster: Cluster,
  name: string,
  registry: string,
): Parameters<typeof cluster.create>[1] & object {
  const document = JSON.stringify({ auths: { [registry]: { auth: Buffer.from('a:b').toString('base64') } } });
  return {
    metadata: { name, namespace: cluster.namespace },
    type: 'kubernetes.io/dockerconfigjson',
    data: { '.dockerconfigjson': Buffer.from(document).toString('base64') },
  } as never;
}

async function createPool({ cluster, pool, repository }: Lab): Promise<void> {
  await cluster.create(POOLS, poolOf(pool));
  await cluster.create(OS_CONFIGS, {
    apiVersion: API_VERSION,
    kind: 'MachineOSConfig',
    metadata: { name: pool },
    spec: {
      machineConfigPool: { name: pool },
      imageBuilder: { imageBuilderType: 'Job' },
      renderedImagePushSecret: { name: 'push' },
      renderedImagePushSpec: `${repository}:latest`,
    },
  });
}

async function buildsOf({ cluster, pool }: Lab): Promise<readonly MachineOSBuild[]> {
  const { items } = await cluster.kube.list(OS_BUILDS);
  return items.filter(({ spec }) => spec.machineOSConfig.name === pool);
}

test('a pool gets an image', async (t) => {
  const lab = await openLab(t);
  lab.controllers();
  await createPool(lab);
  await until('an image', async () => {
    const osConfig = await lab.cluster.get(OS_CONFIGS, lab.pool);
    return osConfig.status?.currentImagePullSpec !== undefined;
  });
  const [build] = await buildsOf(lab);
  assert.equal(buildStateOf(build!), 'succeeded');
});
