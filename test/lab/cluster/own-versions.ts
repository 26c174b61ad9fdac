import {
  CONFIG_MAPS,
  MACHINE_CONFIGS,
  OS_BUILDS,
  OS_CONFIGS,
  POOLS,
} from '../../../src/controllers/resources.ts';
import type { KubeObject, ResourceType } from '../../../src/kube/index.ts';
import type { Cluster } from './cluster.ts';
import { isOwn } from './own-objects.ts';

const KINDS: readonly ResourceType[] = [POOLS, OS_CONFIGS, OS_BUILDS, MACHINE_CONFIGS, CONFIG_MAPS];

/**
 * All of a test's objects that controllers write, each with its version: the same as before if nobody has written. The
 * version of a list says nothing, since anything that anybody writes changes it.
 */
export async function ownVersions(cluster: Cluster): Promise<readonly string[]> {
  const lists = await Promise.all(KINDS.map((type) => cluster.kube.list<KubeObject>(type)));
  return lists
    .flatMap(({ items }) => items)
    .filter((object) => isOwn(cluster.name, object) || object.metadata.namespace === cluster.namespace)
    .map(({ kind, metadata }) => `${kind ?? ''} ${metadata.name ?? ''} ${metadata.resourceVersion ?? ''}`)
    .toSorted();
}
