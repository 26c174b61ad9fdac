import { isDeepStrictEqual } from 'node:util';
import type { MachineConfigPool, MachineOSConfig } from '../api/index.ts';
import { keyOf, type Change, type Controller } from '../kube/index.ts';
import { buildInputObjects, buildSecrets } from '../osbuild/index.ts';
import { primaryPool } from '../rollout/index.ts';
import type { ClusterView } from './cluster-view.ts';
import { EXTENSIONS_CONFIG_MAP } from './extension-config.ts';
import { clusterKey, type PoolNode } from './resources.ts';

/** Brings a pool to a controller whenever something changes that its image depends on. */
export function watchPoolImages(controller: Controller, view: ClusterView, clusterPullSecret: string): void {
  controller.watch(view.pools, (change) => (isStatusAlone(change) ? [] : [keyOf(change.object)]));
  controller.watch(view.osConfigs, (change) => {
    // Whoever stood back from a repository may have it now: pushConflict().
    const others = isRepositoryLeft(change) ? view.osConfigs.cache.values() : [];
    const pools = new Set([...versionsOf(change), ...others].map(({ spec }) => spec.machineConfigPool.name));
    return [...pools].map(clusterKey);
  });
  controller.watch(view.osBuilds, ({ object }) => {
    const osConfig = view.osConfigs.cache.get(clusterKey(object.spec.machineOSConfig.name));
    return osConfig === undefined ? [] : [clusterKey(osConfig.spec.machineConfigPool.name)];
  });
  // A node of another architecture needs an image of it.
  controller.watch(view.nodes, (change) => {
    if (isStatusOfNode(change)) return [];
    const pools = new Map(view.pools.cache.values().map(({ metadata, spec }) => [metadata.name, spec]));
    return versionsOf(change).flatMap(({ metadata }) => {
      const membership = primaryPool(metadata.labels, pools);
      return membership.kind === 'member' ? [clusterKey(membership.pool)] : [];
    });
  });
  // What was rendered may be seen only after the pool that names it.
  controller.watch(view.machineConfigs, ({ object }) =>
    view.pools.cache
      .values()
      .filter(({ spec }) => spec.configuration?.name === object.metadata.name)
      .map(({ metadata }) => clusterKey(metadata.name)),
  );
  controller.watch(view.secrets, ({ object }) =>
    view.osConfigs.cache
      .values()
      .filter((osConfig) => {
        const { name } = object.metadata;
        const { pull, push } = buildSecrets(osConfig, clusterPullSecret);
        return name === pull || name === push || isBuildInput(osConfig, 'Secret', name);
      })
      .map(({ spec }) => clusterKey(spec.machineConfigPool.name)),
  );
  controller.watch(view.configMaps, ({ object }) =>
    view.osConfigs.cache
      .values()
      .filter(
        (osConfig) =>
          object.metadata.name === EXTENSIONS_CONFIG_MAP ||
          isBuildInput(osConfig, 'ConfigMap', object.metadata.name),
      )
      .map(({ spec }) => clusterKey(spec.machineConfigPool.name)),
  );
  controller.watch(view.controllerConfigs, () =>
    view.osConfigs.cache.values().map(({ spec }) => clusterKey(spec.machineConfigPool.name)),
  );
}

/** Whether a container build of the pool is given the object. */
function isBuildInput({ spec }: MachineOSConfig, kind: 'ConfigMap' | 'Secret', name: string): boolean {
  return buildInputObjects(spec.machineConfigPool.name).some(
    (input) => input.kind === kind && input.name === name,
  );
}

/** What a pool says of its nodes changes all the time, and with it no image. */
function isStatusAlone(change: Change<MachineConfigPool>): boolean {
  if (change.type !== 'updated') return false;
  const [before, after] = versionsOf(change).map(({ metadata, spec }) => [
    metadata.labels,
    metadata.annotations,
    metadata['deletionTimestamp'],
    spec,
  ]);
  return isDeepStrictEqual(before, after);
}

/** Nodes tell of themselves all the time, and neither of their pool nor of their architecture. */
function isStatusOfNode(change: Change<PoolNode>): boolean {
  if (change.type !== 'updated') return false;
  const [before, after] = versionsOf(change).map(({ metadata, status }) => [
    metadata.labels,
    status?.nodeInfo?.architecture,
  ]);
  return isDeepStrictEqual(before, after);
}

/** Whether a MachineOSConfig pushes to another repository than before, or nowhere any more. */
function isRepositoryLeft(change: Change<MachineOSConfig>): boolean {
  if (change.type !== 'updated') return change.type === 'deleted';
  const [before, after] = versionsOf(change).map(({ metadata, spec }) => [
    metadata['deletionTimestamp'],
    spec.machineConfigPool.name,
    spec.renderedImagePushSpec,
  ]);
  return !isDeepStrictEqual(before, after);
}

/** An object that changes what it belongs to concerns both. */
function versionsOf<T>(change: Change<T>): readonly T[] {
  return change.type === 'updated' ? [change.old, change.object] : [change.object];
}
