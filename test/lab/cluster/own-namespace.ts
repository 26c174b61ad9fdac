import { setTimeout as sleep } from 'node:timers/promises';
import { CONFIG_MAPS, SECRETS } from '../../../src/controllers/resources.ts';
import { EVENTS, isKubeError, LEASES, type KubeClient } from '../../../src/kube/index.ts';
import { NAMESPACES } from './resources.ts';

/** How long whoever empties namespaces may take to begin, in milliseconds. */
const PATIENCE = 3000;

/**
 * Removes a namespace of a test with all in it. Where nobody empties namespaces that are to go, as beside a kube-apiserver
 * that runs by itself, that is done here.
 */
export async function removeNamespace(kube: KubeClient, name: string): Promise<void> {
  const key = { namespace: '', name };
  const isThere = async (): Promise<boolean> => {
    try {
      await kube.get(NAMESPACES, key);
      return true;
    } catch (error) {
      if (isKubeError(error, 'not-found')) return false;
      throw error;
    }
  };
  if (!(await isThere())) return;
  for (const type of [CONFIG_MAPS, SECRETS, LEASES, EVENTS])
    await kube.deleteCollection(type, { namespace: name });
  await kube.delete(NAMESPACES, key);
  for (const end = performance.now() + PATIENCE; performance.now() < end;) {
    if (!(await isThere())) return;
    await sleep(50);
  }
  const left = await kube.get(NAMESPACES, key);
  await kube.update(
    NAMESPACES,
    { ...left, spec: { ...left.spec, finalizers: [] } },
    { subresource: 'finalize' },
  );
}
