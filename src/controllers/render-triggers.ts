import { isDeepStrictEqual } from 'node:util';
import {
  GENERATED_BY_ANNOTATION,
  isEmptySelector,
  matchesSelector,
  ROLLBACK_TO_ANNOTATION,
} from '../api/index.ts';
import type { MachineConfig, MachineConfigPool } from '../api/index.ts';
import type { Change, Controller, KubeObject, ObjectKey } from '../kube/index.ts';
import { renderedOwner } from '../machineconfig/index.ts';
import type { ClusterView } from './cluster-view.ts';
import { EXTENSIONS_CONFIG_MAP } from './extension-config.ts';
import type { QuietPeriod } from './quiet-period.ts';
import type { RenderView } from './render-input.ts';
import { clusterKey } from './resources.ts';

type Pools = Pick<RenderView, 'pools'>;

/**
 * Adds the pools to the render controller's queue whose configuration a change may change (contract §2.1).
 *
 * @param isInForce whether a pool has the very configuration that this process has given it: to look at it again because it
 *   has arrived would be to render everything twice
 */
export function watchRenderSources(
  controller: Controller,
  view: ClusterView,
  quiet: QuietPeriod,
  isInForce: (pool: MachineConfigPool) => boolean,
): void {
  // What a change sets off waits until there are no more of them.
  const later = (pools: readonly string[]): readonly ObjectKey[] => {
    for (const pool of pools) quiet.changed(pool);
    return pools.map(clusterKey);
  };
  controller.watch(view.pools, (change) => [
    ...later(poolsOfPool(view, change)),
    ...(isConfigurationChanged(change) && !isInForce(change.object)
      ? [clusterKey(change.object.metadata.name)]
      : []),
  ]);
  controller.watch(view.machineConfigs, (change) => [
    ...later(poolsOfMachineConfig(view, change)),
    ...poolsOfRendered(view, change).map(clusterKey),
  ]);
  controller.watch(view.controllerConfigs, (change) => later(isSpecChanged(change) ? allPools(view) : []));
  controller.watch(view.machineConfigurations, (change) =>
    later(isSpecChanged(change) ? allPools(view) : []),
  );
  controller.watch(view.configMaps, ({ object }) =>
    later(object.metadata.name === EXTENSIONS_CONFIG_MAP ? allPools(view) : []),
  );
  // Which streams there are is in its status.
  controller.watch(view.osImageStreams, () => later(allPools(view)));
}

/** The pools that a change to a pool concerns: itself, and all if it is the one whose stream they take over. */
export function poolsOfPool(view: Pools, change: Change<MachineConfigPool>): readonly string[] {
  const { object } = change;
  const old = change.type === 'updated' ? change.old : undefined;
  const isStreamChanged = !isDeepStrictEqual(old?.spec.osImageStream, object.spec.osImageStream);
  if (object.metadata.name === 'worker' && isStreamChanged) return allPools(view);
  const isSame =
    old !== undefined &&
    !isStreamChanged &&
    old.metadata.annotations?.[ROLLBACK_TO_ANNOTATION] ===
      object.metadata.annotations?.[ROLLBACK_TO_ANNOTATION] &&
    isDeepStrictEqual(old.spec.machineConfigSelector, object.spec.machineConfigSelector);
  return isSame ? [] : [object.metadata.name];
}

/** The pools that select a MachineConfig, or did. Those that were rendered are nobody's source. */
export function poolsOfMachineConfig(view: Pools, change: Change<MachineConfig>): readonly string[] {
  const { object } = change;
  const old = change.type === 'updated' ? change.old : undefined;
  if (renderedOwner(object.metadata) !== undefined) return [];
  if (old !== undefined && isSameSource(old, object)) return [];
  const states = old === undefined ? [object] : [old, object];
  return view.pools.cache
    .values()
    .filter(({ spec: { machineConfigSelector: selector } }) => {
      // One that would select everything is refused whatever there is.
      if (selector === undefined || isEmptySelector(selector)) return false;
      return states.some(({ metadata }) => matchesSelector(selector, metadata.labels));
    })
    .map(({ metadata }) => metadata.name)
    .toArray();
}

/** The pool whose rendered MachineConfig somebody has edited, or deleted although the pool names it. */
export function poolsOfRendered(view: Pools, { type, object }: Change<MachineConfig>): readonly string[] {
  const owner = renderedOwner(object.metadata);
  if (owner === undefined || type === 'added') return [];
  const pool = view.pools.cache.get(clusterKey(owner.name));
  return pool?.spec.configuration?.name === object.metadata.name ? [owner.name] : [];
}

function isConfigurationChanged(change: Change<MachineConfigPool>): boolean {
  return (
    change.type === 'updated' &&
    !isDeepStrictEqual(change.old.spec.configuration, change.object.spec.configuration)
  );
}

function isSameSource(old: MachineConfig, now: MachineConfig): boolean {
  const generatedBy = (machineConfig: MachineConfig): string | undefined =>
    machineConfig.metadata.annotations?.[GENERATED_BY_ANNOTATION];
  return (
    isSameGeneration(old, now) &&
    isDeepStrictEqual(old.metadata.labels, now.metadata.labels) &&
    generatedBy(old) === generatedBy(now)
  );
}

function isSpecChanged<T extends KubeObject>(change: Change<T>): boolean {
  return change.type !== 'updated' || !isSameGeneration(change.old, change.object);
}

/** The API server counts what changes but for metadata and status. */
function isSameGeneration(old: KubeObject, now: KubeObject): boolean {
  return old.metadata.generation !== undefined && old.metadata.generation === now.metadata.generation;
}

function allPools(view: Pools): readonly string[] {
  return view.pools.cache
    .values()
    .map(({ metadata }) => metadata.name)
    .toArray();
}
