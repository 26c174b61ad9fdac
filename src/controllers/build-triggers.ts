import type { Change, Controller, ObjectKey } from '../kube/index.ts';
import { buildSecrets } from '../osbuild/index.ts';
import type { ClusterView } from './cluster-view.ts';

/** Brings a pool to a controller whenever something changes that its image depends on. */
export function watchPoolImages(controller: Controller, view: ClusterView, clusterPullSecret: string): void {
  controller.watch(view.pools);
  controller.watch(view.osConfigs, (change) =>
    versionsOf(change).map(({ spec }) => poolKey(spec.machineConfigPool.name)),
  );
  controller.watch(view.osBuilds, ({ object }) => {
    const osConfig = view.osConfigs.cache.get(poolKey(object.spec.machineOSConfig.name));
    return osConfig === undefined ? [] : [poolKey(osConfig.spec.machineConfigPool.name)];
  });
  // What was rendered may be seen only after the pool that names it.
  controller.watch(view.machineConfigs, ({ object }) =>
    view.pools.cache
      .values()
      .filter(({ spec }) => spec.configuration?.name === object.metadata.name)
      .map(({ metadata }) => poolKey(metadata.name)),
  );
  controller.watch(view.secrets, ({ object }) =>
    view.osConfigs.cache
      .values()
      .filter((osConfig) => {
        const { pull, push } = buildSecrets(osConfig, clusterPullSecret);
        return object.metadata.name === pull || object.metadata.name === push;
      })
      .map(({ spec }) => poolKey(spec.machineConfigPool.name)),
  );
  controller.watch(view.controllerConfigs, () =>
    view.osConfigs.cache.values().map(({ spec }) => poolKey(spec.machineConfigPool.name)),
  );
}

/** The key of an object without a namespace. */
export function poolKey(name: string): ObjectKey {
  return { namespace: '', name };
}

/** An object that changes what it belongs to concerns both. */
function versionsOf<T>(change: Change<T>): readonly T[] {
  return change.type === 'updated' ? [change.old, change.object] : [change.object];
}
