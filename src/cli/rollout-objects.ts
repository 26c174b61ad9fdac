import type { MachineConfig, MachineConfigNode, MachineConfiguration } from '../api/index.ts';
import {
  COMPONENT_LABEL,
  COMPONENTS,
  MACHINE_CONFIG_NODES,
  MACHINE_CONFIGS,
  MACHINE_CONFIGURATIONS,
  NODES,
  OS_BUILDS,
  OS_CONFIGS,
  PODS,
  POOLS,
  type Pod,
  type PoolNode,
} from '../controllers/index.ts';
import { isKubeError, Informer, type KubeClient, type KubeObject, type ResourceType } from '../kube/index.ts';
import type { ClusterObjects } from './cluster-summary.ts';
import { listAll } from './list-all.ts';

/** What there is in a cluster, as far as a rollout depends on it. */
export interface RolloutObjects extends ClusterObjects {
  readonly nodes: readonly PoolNode[];
  readonly machineConfigNodes: readonly MachineConfigNode[];
  /** The sources, and what was rendered of them. */
  readonly machineConfigs: readonly MachineConfig[];
  readonly machineConfigurations: readonly MachineConfiguration[];
  /** Pods of etcd and the API server, where those are pods. */
  readonly controlPlanePods: readonly Pod[];
}

/** Reads all of it at once. What the user may not see, and what the cluster does not serve, counts as not there. */
export async function readRolloutObjects(client: KubeClient, signal: AbortSignal): Promise<RolloutObjects> {
  const perhaps = <T extends KubeObject>(type: ResourceType<T>): Promise<readonly T[]> =>
    listAll(client, type, signal).catch((error: unknown) => {
      if (isKubeError(error, 'forbidden', 'not-served')) return [];
      throw error;
    });
  const [pools, osConfigs, osBuilds, machineConfigs, nodes, machineConfigNodes, policies, pods] =
    await Promise.all([
      listAll(client, POOLS, signal),
      listAll(client, OS_CONFIGS, signal),
      listAll(client, OS_BUILDS, signal),
      listAll(client, MACHINE_CONFIGS, signal),
      listAll(client, NODES, signal),
      perhaps(MACHINE_CONFIG_NODES),
      perhaps(MACHINE_CONFIGURATIONS),
      controlPlanePods(client, signal),
    ]);
  return {
    pools,
    osConfigs,
    osBuilds,
    machineConfigs,
    nodes,
    machineConfigNodes,
    machineConfigurations: policies,
    controlPlanePods: pods,
  };
}

const CONTROL_PLANE = {
  namespace: 'kube-system',
  labelSelector: `${COMPONENT_LABEL} in (${COMPONENTS.join(',')})`,
};

async function controlPlanePods(client: KubeClient, signal: AbortSignal): Promise<readonly Pod[]> {
  try {
    return (await client.list(PODS, { ...CONTROL_PLANE, signal })).items;
  } catch (error) {
    if (isKubeError(error, 'forbidden')) return [];
    throw error;
  }
}

/**
 * Follows it until the signal is aborted. What the user may not see, and what the cluster does not serve, counts as not there, as in
 * {@link readRolloutObjects}, until that changes.
 *
 * @param onChange called with what there is once all is known, and again some time after it has changed
 * @param onFailure what breaks it off for the moment, which may be told by each kind
 * @throws KubeError what keeps it from being followed at all
 */
export async function followRolloutObjects(
  client: KubeClient,
  signal: AbortSignal,
  onChange: (objects: RolloutObjects) => void,
  onFailure: (error: unknown) => void = () => {},
): Promise<void> {
  const stop = new AbortController();
  const following = AbortSignal.any([signal, stop.signal]);
  const failed = Promise.withResolvers<never>();
  const report = (error: unknown): void => {
    if (following.aborted) return;
    if (isKubeError(error) && !error.retryable) failed.reject(error);
    else onFailure(error);
  };
  const known: Promise<void>[] = [];
  const follow = <T extends KubeObject>(type: ResourceType<T>): Informer<T> => {
    const informer = new Informer(client, { type }, report);
    known.push(informer.synced);
    return informer;
  };
  const perhaps = <T extends KubeObject>(
    type: ResourceType<T>,
    selection: { readonly namespace?: string; readonly labelSelector?: string } = {},
  ): Informer<T> => {
    const unseen = Promise.withResolvers<void>();
    const informer = new Informer(client, { type, selection }, (error) => {
      if (isKubeError(error, 'forbidden', 'not-served')) unseen.resolve();
      else report(error);
    });
    known.push(Promise.race([informer.synced, unseen.promise]));
    return informer;
  };
  const informers = {
    pools: follow(POOLS),
    osConfigs: follow(OS_CONFIGS),
    osBuilds: follow(OS_BUILDS),
    nodes: follow(NODES),
    machineConfigNodes: perhaps(MACHINE_CONFIG_NODES),
    machineConfigs: follow(MACHINE_CONFIGS),
    machineConfigurations: perhaps(MACHINE_CONFIGURATIONS),
    controlPlanePods: perhaps(PODS, CONTROL_PLANE),
  };
  const all = Object.values(informers);
  let scheduled: (() => void) | undefined;
  const tell = (): void => {
    scheduled = undefined;
    onChange({
      pools: [...informers.pools.cache.values()],
      osConfigs: [...informers.osConfigs.cache.values()],
      osBuilds: [...informers.osBuilds.cache.values()],
      nodes: [...informers.nodes.cache.values()],
      machineConfigNodes: [...informers.machineConfigNodes.cache.values()],
      machineConfigs: [...informers.machineConfigs.cache.values()],
      machineConfigurations: [...informers.machineConfigurations.cache.values()],
      controlPlanePods: [...informers.controlPlanePods.cache.values()],
    });
  };
  const running = Promise.all(all.map((informer) => informer.run(following)));
  const aborted = new Promise<void>((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
  try {
    await Promise.race([Promise.all(known), failed.promise, aborted]);
    if (signal.aborted) return;
    tell();
    for (const informer of all)
      informer.subscribe(() => {
        scheduled ??= client.clock.schedule(GATHER, tell);
      });
    await Promise.race([failed.promise, aborted]);
  } finally {
    scheduled?.();
    stop.abort();
    await running;
  }
}

/** What changes within so many milliseconds is told at once. */
const GATHER = 150;
