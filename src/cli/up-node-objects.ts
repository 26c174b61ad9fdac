import {
  isKubeError,
  type KubeClient,
  type KubeObject,
  resourceType,
  type ResourceType,
} from '../kube/index.ts';
import { machineArchitecture } from './environment.ts';

const NODES: ResourceType = resourceType({
  group: '',
  version: 'v1',
  kind: 'Node',
  plural: 'nodes',
  namespaced: false,
});

const ZONES = ['zone-a', 'zone-b', 'zone-c'] as const;

/** `node-1` is the first. */
export function nodeNames(count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => `node-${index + 1}`);
}

/**
 * Makes the Node of a machine, as whoever installs a cluster does: its role is not for its kubelet to say. One that is there stays as
 * a person has changed it.
 */
export async function ensureNode(client: KubeClient, name: string, signal: AbortSignal): Promise<void> {
  const index = Number(/\d+$/.exec(name)?.[0] ?? '1') - 1;
  const object: KubeObject = {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name,
      labels: {
        'kubernetes.io/hostname': name,
        'kubernetes.io/os': 'linux',
        'kubernetes.io/arch': machineArchitecture(),
        'node-role.kubernetes.io/worker': '',
        'topology.kubernetes.io/zone': ZONES[index % ZONES.length] ?? ZONES[0],
      },
    },
  };
  try {
    await client.create(NODES, object, { signal });
  } catch (error) {
    if (!isKubeError(error, 'already-exists')) throw error;
  }
}

/** Takes a Node out of the cluster whose machine is not to run; its disk stays. */
export async function removeNode(client: KubeClient, name: string, signal: AbortSignal): Promise<void> {
  try {
    await client.delete(NODES, { namespace: '', name }, { signal });
  } catch (error) {
    if (!isKubeError(error, 'not-found')) throw error;
  }
}
