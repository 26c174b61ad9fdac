import type {
  ControllerConfig,
  MachineConfig,
  MachineConfigNode,
  MachineConfigPool,
  MachineConfiguration,
  MachineOSBuild,
  MachineOSConfig,
  OSImageStream,
} from '../api/index.ts';
import type { Informer, KubeObject, SharedInformers } from '../kube/index.ts';
import { BUILD_JOB_LABEL, buildInputObjects, type RegistrySecret } from '../osbuild/index.ts';
import { BUILD_LOG_LABEL } from './build-log-object.ts';
import { COMPONENT_LABEL, COMPONENTS } from './control-plane.ts';
import { EXTENSIONS_CONFIG_MAP } from './extension-config.ts';
import {
  CONFIG_MAPS,
  CONTROLLER_CONFIGS,
  DISRUPTION_BUDGETS,
  MACHINE_CONFIG_NODES,
  MACHINE_CONFIGS,
  MACHINE_CONFIGURATIONS,
  NODES,
  OS_BUILDS,
  OS_CONFIGS,
  OS_IMAGE_STREAMS,
  PODS,
  POOLS,
  SECRETS,
  type ConfigMap,
  type DisruptionBudget,
  type Pod,
  type PoolNode,
} from './resources.ts';
import { SharedStrings } from './shared-strings.ts';

/** Everything that the controllers read, followed once for all of them. Its objects must not be changed. */
export interface ClusterView {
  readonly machineConfigs: Informer<MachineConfig>;
  readonly pools: Informer<MachineConfigPool>;
  /** Index `pool`: by the pool that they name. */
  readonly osConfigs: Informer<MachineOSConfig>;
  /** Index `osConfig`: by the MachineOSConfig that they name. */
  readonly osBuilds: Informer<MachineOSBuild>;
  readonly controllerConfigs: Informer<ControllerConfig>;
  readonly machineConfigurations: Informer<MachineConfiguration>;
  readonly osImageStreams: Informer<OSImageStream>;
  readonly nodes: Informer<PoolNode>;
  /** Of their conditions only `NodeDegraded` and those that are not False: the others say that nothing is going on. */
  readonly machineConfigNodes: Informer<MachineConfigNode>;
  readonly disruptionBudgets: Informer<DisruptionBudget>;
  /** Of etcd and the API server, where those are pods; of their conditions only `Ready`. */
  readonly controlPlanePods: Informer<Pod>;
  /** Of Varve's namespace. */
  readonly secrets: Informer<RegistrySecret & KubeObject>;
  /** Of Varve's namespace: those that container builds may be given; of any other only that it is there. */
  readonly configMaps: Informer<ConfigMap>;
}

/**
 * How many large objects come at once from a server that does not stream them. Nodes have 17 KiB, and what a page of 500
 * takes while it is read (100 MB) no process gives back.
 */
const LARGE_OBJECTS = 50;

/** Prefixes of the annotations of a Node that are kept. */
const KEPT_ANNOTATIONS = ['machineconfiguration.openshift.io/', 'varve.dev/'];

type Condition = NonNullable<NonNullable<PoolNode['status']>['conditions']>[number];
type BudgetStatus = NonNullable<DisruptionBudget['status']>;

/** Makes the informers of a process; they follow once `informers` runs. */
export function clusterView(informers: SharedInformers, namespace: string): ClusterView {
  const contents = new SharedStrings();
  return {
    machineConfigs: informers.for({
      type: MACHINE_CONFIGS,
      transform: (machineConfig) => contents.share(withSpec(machineConfig)),
      pageSize: LARGE_OBJECTS,
    }),
    pools: informers.for({ type: POOLS }),
    osConfigs: informers.for({
      type: OS_CONFIGS,
      indexes: { pool: ({ spec }) => [spec.machineConfigPool.name] },
    }),
    osBuilds: informers.for({
      type: OS_BUILDS,
      indexes: { osConfig: ({ spec }) => [spec.machineOSConfig.name] },
    }),
    controllerConfigs: informers.for({ type: CONTROLLER_CONFIGS }),
    machineConfigurations: informers.for({ type: MACHINE_CONFIGURATIONS }),
    osImageStreams: informers.for({ type: OS_IMAGE_STREAMS }),
    nodes: informers.for({ type: NODES, transform: trimNode, pageSize: LARGE_OBJECTS }),
    machineConfigNodes: informers.for({
      type: MACHINE_CONFIG_NODES,
      transform: (node) => contents.share(trimMachineConfigNode(node)),
      pageSize: LARGE_OBJECTS,
    }),
    disruptionBudgets: informers.for({ type: DISRUPTION_BUDGETS, transform: trimBudget }),
    controlPlanePods: informers.for({
      type: PODS,
      selection: { labelSelector: `${COMPONENT_LABEL} in (${COMPONENTS.join(',')})` },
      transform: trimPod,
    }),
    secrets: informers.for({ type: SECRETS, selection: { namespace } }),
    configMaps: informers.for({
      type: CONFIG_MAPS,
      selection: { namespace, labelSelector: `!${BUILD_LOG_LABEL},!${BUILD_JOB_LABEL}` },
      transform: trimConfigMap,
    }),
  };
}

/** The same for every pool, unlike those of Secrets. */
const INPUT_CONFIG_MAPS: ReadonlySet<string> = new Set([
  EXTENSIONS_CONFIG_MAP,
  ...buildInputObjects('').flatMap(({ kind, name }) => (kind === 'ConfigMap' ? [name] : [])),
]);

function trimConfigMap(configMap: ConfigMap): ConfigMap {
  return INPUT_CONFIG_MAPS.has(configMap.metadata.name) ? configMap : { metadata: configMap.metadata };
}

/** The one kind whose schema lets its spec be absent, which means the same as an empty one. */
function withSpec(machineConfig: MachineConfig): MachineConfig {
  return (machineConfig.spec as MachineConfig['spec'] | undefined) === undefined
    ? { ...machineConfig, spec: {} }
    : machineConfig;
}

/** A Node as controllers know it: its images and addresses are most of it, and there are thousands of nodes. */
export function trimNode({ metadata, spec, status }: PoolNode): PoolNode {
  const { name, uid, resourceVersion, creationTimestamp, deletionTimestamp, labels, annotations } = metadata;
  const architecture = status?.nodeInfo?.architecture;
  const kept = Object.entries(annotations ?? {}).filter(([key]) =>
    KEPT_ANNOTATIONS.some((prefix) => key.startsWith(prefix)),
  );
  return {
    metadata: {
      name,
      ...(uid === undefined ? {} : { uid }),
      ...(resourceVersion === undefined ? {} : { resourceVersion }),
      ...(creationTimestamp === undefined ? {} : { creationTimestamp }),
      ...(deletionTimestamp === undefined ? {} : { deletionTimestamp }),
      ...(labels === undefined ? {} : { labels }),
      annotations: Object.fromEntries(kept),
    },
    ...(spec === undefined ? {} : { spec: trimSpec(spec) }),
    status: {
      conditions: (status?.conditions ?? []).map(trimCondition),
      ...(architecture === undefined ? {} : { nodeInfo: { architecture } }),
    },
  };
}

function trimSpec({ unschedulable, taints }: NonNullable<PoolNode['spec']>): NonNullable<PoolNode['spec']> {
  return {
    ...(unschedulable === true ? { unschedulable } : {}),
    // Whole: whoever writes one writes all.
    ...(taints === undefined ? {} : { taints }),
  };
}

function trimCondition({ type, status, lastTransitionTime, reason }: Condition): Condition {
  if (type !== 'Ready') return { type, status };
  return {
    type,
    status,
    ...(reason === undefined ? {} : { reason }),
    ...(lastTransitionTime === undefined ? {} : { lastTransitionTime }),
  };
}

function trimMachineConfigNode(node: MachineConfigNode): MachineConfigNode {
  const { status } = node;
  if (status?.conditions === undefined) return node;
  return {
    ...node,
    status: {
      ...status,
      conditions: status.conditions.filter(
        ({ type, status: is }) => is !== 'False' || type === 'NodeDegraded',
      ),
    },
  };
}

function trimPod({ metadata, spec, status }: Pod): Pod {
  const { name, namespace, uid, resourceVersion } = metadata;
  const conditions = status?.conditions?.filter(({ type }) => type === 'Ready') ?? [];
  return {
    metadata: {
      ...(name === undefined ? {} : { name }),
      ...(namespace === undefined ? {} : { namespace }),
      ...(uid === undefined ? {} : { uid }),
      ...(resourceVersion === undefined ? {} : { resourceVersion }),
    },
    spec: spec?.nodeName === undefined ? {} : { nodeName: spec.nodeName },
    status: { conditions: conditions.map(({ type, status: is }) => ({ type, status: is })) },
  };
}

function trimBudget({ metadata, spec, status }: DisruptionBudget): DisruptionBudget {
  const { name, namespace, uid, resourceVersion, generation } = metadata;
  return {
    metadata: {
      ...(name === undefined ? {} : { name }),
      ...(namespace === undefined ? {} : { namespace }),
      ...(uid === undefined ? {} : { uid }),
      ...(resourceVersion === undefined ? {} : { resourceVersion }),
      ...(generation === undefined ? {} : { generation }),
    },
    ...(spec === undefined ? {} : { spec }),
    ...(status === undefined ? {} : { status: withoutPods(status) }),
  };
}

/** Which pods were evicted just now is of the API server's own business. */
function withoutPods(status: BudgetStatus): BudgetStatus {
  const { observedGeneration, disruptionsAllowed, currentHealthy, desiredHealthy, expectedPods } = status;
  const failed = status.conditions?.filter(({ reason }) => reason === 'SyncFailed') ?? [];
  return {
    ...(observedGeneration === undefined ? {} : { observedGeneration }),
    ...(disruptionsAllowed === undefined ? {} : { disruptionsAllowed }),
    ...(currentHealthy === undefined ? {} : { currentHealthy }),
    ...(desiredHealthy === undefined ? {} : { desiredHealthy }),
    ...(expectedPods === undefined ? {} : { expectedPods }),
    ...(failed.length === 0 ? {} : { conditions: failed }),
  };
}
