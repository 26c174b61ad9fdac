import { listByPages, type KubeClient, type KubeObject, type ResourceType } from '../kube/index.ts';

/** All objects of a kind, read by pages. */
export async function listAll<T extends KubeObject>(
  client: KubeClient,
  type: ResourceType<T>,
  signal: AbortSignal,
): Promise<readonly T[]> {
  let objects: T[] = [];
  await listByPages(client, type, {
    signal,
    onPage: (items) => objects.push(...(items as T[])),
    onRestart: () => {
      objects = [];
    },
  });
  return objects;
}
