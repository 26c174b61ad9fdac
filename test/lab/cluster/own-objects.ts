import { setTimeout as sleep } from 'node:timers/promises';
import { MACHINE_CONFIGS, NODES, OS_BUILDS, OS_CONFIGS, POOLS } from '../../../src/controllers/resources.ts';
import {
  EVENTS,
  isKubeError,
  keyOf,
  type KubeClient,
  type KubeObject,
  type ObjectKey,
  type ResourceType,
} from '../../../src/kube/index.ts';
import { MACHINE_CONFIG_NODES } from './resources.ts';

/** Label of all that a test has made: what of it is still there when no test runs may be removed. */
export const TEST_LABEL = 'varve.dev/test';

/** In the order in which they go: what others are made of first. */
const KINDS: readonly ResourceType[] = [
  POOLS,
  OS_CONFIGS,
  OS_BUILDS,
  MACHINE_CONFIGS,
  MACHINE_CONFIG_NODES,
  NODES,
];

/** Whether an object without a namespace is of the test of this name: by its own name, or by the pool's that it is for. */
export function isOwn(test: string, { metadata }: KubeObject): boolean {
  const { name = '' } = metadata;
  return name.startsWith(test) || name.startsWith(`rendered-${test}`);
}

/**
 * Removes all objects of a test, and those that Varve has made of them. There may be nobody who lets objects go whose owner
 * is gone, or takes their finalizers away.
 *
 * @param others by kind and name
 */
export async function removeOwnObjects(
  kube: KubeClient,
  test: string,
  others: readonly (readonly [ResourceType, ObjectKey])[],
): Promise<void> {
  for (const [type, key] of others) await remove(kube, type, key);
  for (const type of KINDS) {
    for (let round = 0; ; round += 1) {
      const own = (await listAll(kube, type)).filter((object) => isOwn(test, object));
      if (own.length === 0) break;
      if (round > 100) throw new Error(`cannot remove ${type.kind} ${own[0]?.metadata.name ?? ''}`);
      for (const { metadata } of own) {
        const key = { namespace: '', name: metadata.name ?? '' };
        if (metadata.deletionTimestamp === undefined) await remove(kube, type, key);
        else if ((metadata.finalizers ?? []).length > 0 && round > 5) await release(kube, type, key);
      }
      await sleep(10 * round);
    }
  }
  // Events about objects without a namespace are in this one.
  const events = await kube.list(EVENTS, { namespace: 'default' });
  for (const event of events.items) {
    if (isOwn(test, { metadata: event.involvedObject })) await remove(kube, EVENTS, keyOf(event));
  }
}

async function listAll(kube: KubeClient, type: ResourceType): Promise<readonly KubeObject[]> {
  try {
    return (await kube.list(type)).items;
  } catch (error) {
    // The kind itself could not be installed.
    if (isKubeError(error, 'not-found', 'not-served')) return [];
    throw error;
  }
}

async function remove(kube: KubeClient, type: ResourceType, key: ObjectKey): Promise<void> {
  await unlessGone(() => kube.delete(type, key, { propagationPolicy: 'Background' }));
}

async function release(kube: KubeClient, type: ResourceType, key: ObjectKey): Promise<void> {
  await unlessGone(() => kube.patch(type, key, { type: 'merge', patch: { metadata: { finalizers: null } } }));
}

async function unlessGone(act: () => Promise<unknown>): Promise<void> {
  try {
    await act();
  } catch (error) {
    if (!isKubeError(error, 'not-found')) throw error;
  }
}
