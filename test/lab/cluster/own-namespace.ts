import { setTimeout as sleep } from 'node:timers/promises';
import { CONFIG_MAPS, SECRETS } from '../../../src/controllers/resources.ts';
import {
  EVENTS,
  isKubeError,
  LEASES,
  type KubeClient,
  type ObjectKey,
  type ResourceType,
} from '../../../src/kube/index.ts';
import { NAMESPACES } from './resources.ts';

/** How long whoever empties namespaces may take, in milliseconds: if there is somebody, and if nobody knows. */
const PATIENCE = { known: 60_000, unknown: 3000 };

/** Whether nobody did, the last time. */
let isAlone = false;

/** What the controllers of namespaces put into each. */
const ROOT_AUTHORITY = 'kube-root-ca.crt';

/**
 * Removes a namespace of a test with all in it. Where nobody empties namespaces that are to go, as beside a kube-apiserver
 * that runs by itself, that is done here.
 */
export async function removeNamespace(kube: KubeClient, name: string): Promise<void> {
  const key = { namespace: '', name };
  if (!(await isThere(kube, NAMESPACES, key))) return;
  const isWatched = await isThere(kube, CONFIG_MAPS, { namespace: name, name: ROOT_AUTHORITY });
  const patience = isWatched ? PATIENCE.known : isAlone ? 0 : PATIENCE.unknown;
  for (const type of [CONFIG_MAPS, SECRETS, LEASES, EVENTS])
    await kube.deleteCollection(type, { namespace: name });
  await kube.delete(NAMESPACES, key);
  const end = performance.now() + patience;
  while (performance.now() < end) {
    if (!(await isThere(kube, NAMESPACES, key))) return;
    await sleep(50);
  }
  isAlone = true;
  const left = await kube.get(NAMESPACES, key);
  await kube.update(
    NAMESPACES,
    { ...left, spec: { ...left.spec, finalizers: [] } },
    { subresource: 'finalize' },
  );
}

async function isThere(kube: KubeClient, type: ResourceType, key: ObjectKey): Promise<boolean> {
  try {
    await kube.get(type, key);
    return true;
  } catch (error) {
    if (isKubeError(error, 'not-found')) return false;
    throw error;
  }
}
