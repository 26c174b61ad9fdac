import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  CONFIG_MAPS,
  CONTROLLER_CONFIGS,
  MACHINE_CONFIGS,
  OS_BUILDS,
  POOLS,
  SECRETS,
} from '../../src/controllers/resources.ts';
import { API_VERSION } from '../../src/api/index.ts';
import { LEASES, type KubeClient, type KubeObject, type ResourceType } from '../../src/kube/index.ts';
import { Cluster, openCluster } from '../lab/cluster/cluster.ts';
import { DEFINITIONS, NAMESPACES } from '../lab/cluster/resources.ts';
import { until } from '../lab/until.ts';

const KINDS: readonly ResourceType[] = [
  NAMESPACES,
  DEFINITIONS,
  CONFIG_MAPS,
  SECRETS,
  LEASES,
  POOLS,
  MACHINE_CONFIGS,
  OS_BUILDS,
  CONTROLLER_CONFIGS,
];

/** All that a server has, by kind and name. */
async function contents(kube: KubeClient): Promise<Record<string, KubeObject>> {
  const found: Record<string, KubeObject> = {};
  for (const type of KINDS) {
    if (!(await kube.serves(type))) continue;
    for (const object of (await kube.list<KubeObject>(type)).items) {
      const { namespace = '', name = '' } = object.metadata;
      found[`${type.plural} ${namespace}/${name}`] = object;
    }
  }
  return found;
}

for (const isFurnished of [false, true]) {
  const whose = isFurnished ? 'in use' : 'that knows nothing of Varve';
  test(`a test against a server ${whose} leaves nothing behind and touches nothing`, async (t) => {
    const server = await openCluster(t, { embeddedBecause: 'compares all that is there before and after' });
    const { kube, kubeconfig } = server;
    if (isFurnished) {
      const metadata = { name: `${server.name}-worker`, labels: { their: 'own' } };
      await server.create(POOLS, {
        apiVersion: API_VERSION,
        kind: 'MachineConfigPool',
        metadata,
        spec: { paused: true },
      });
    } else {
      for (const { metadata } of (await kube.list(DEFINITIONS)).items)
        await kube.delete(DEFINITIONS, { namespace: '', name: metadata.name ?? '' });
      await until('no kinds of ours', async () => (await kube.list(DEFINITIONS)).items.length === 0);
    }
    const before = await contents(kube);
    const cluster = await Cluster.open({ kubeconfig });
    const { name, namespace } = cluster;
    await cluster.create(POOLS, {
      apiVersion: API_VERSION,
      kind: 'MachineConfigPool',
      metadata: { name: `${name}-a` },
      spec: {},
    });
    await cluster.create(OS_BUILDS, {
      apiVersion: API_VERSION,
      kind: 'MachineOSBuild',
      metadata: { name: `${name}-a-1`, finalizers: ['foregroundDeletion', 'lab.example.com/nobody'] },
      spec: {
        machineConfig: { name: `rendered-${name}-a` },
        machineOSConfig: { name: `${name}-a` },
        renderedImagePushSpec: 'registry.example.com/os/a:1',
      },
    });
    await cluster.create(CONFIG_MAPS, { metadata: { name: 'log', namespace } });
    assert.deepEqual(
      (await cluster.scopedClient().list(POOLS)).items.map(({ metadata }) => metadata.name),
      [`${name}-a`],
      'controllers see this pool only',
    );
    await cluster.close();
    const after = await contents(kube);
    assert.deepEqual(Object.keys(after).sort(), Object.keys(before).sort());
    assert.deepEqual(after, before);
  });
}
