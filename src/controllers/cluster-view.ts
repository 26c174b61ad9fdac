import type {
  ControllerConfig,
  MachineConfig,
  MachineConfigPool,
  MachineConfiguration,
  MachineOSBuild,
  MachineOSConfig,
  OSImageStream,
} from '../api/index.ts';
import type { Informer, KubeObject, SharedInformers } from '../kube/index.ts';
import type { RegistrySecret } from '../osbuild/index.ts';
import {
  CONTROLLER_CONFIGS,
  MACHINE_CONFIGS,
  MACHINE_CONFIGURATIONS,
  NODES,
  OS_BUILDS,
  OS_CONFIGS,
  OS_IMAGE_STREAMS,
  POOLS,
  SECRETS,
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
  /** Of Varve's namespace. */
  readonly secrets: Informer<RegistrySecret & KubeObject>;
}

/**
 * How many large objects come at once from a server that does not stream them. Nodes have 17 KiB, and what a page of 500
 * takes while it is read (100 MB) no process gives back.
 */
const LARGE_OBJECTS = 50;

/** Prefixes of the annotations of a Node that are kept. */
const KEPT_ANNOTATIONS = ['machineconfiguration.openshift.io/', 'varve.dev/'];

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
    secrets: informers.for({ type: SECRETS, selection: { namespace } }),
  };
}

/** The one kind whose schema lets its spec be absent, which means the same as an empty one. */
function withSpec(machineConfig: MachineConfig): MachineConfig {
  return (machineConfig.spec as MachineConfig['spec'] | undefined) === undefined
    ? { ...machineConfig, spec: {} }
    : machineConfig;
}

/** A node's images and addresses are most of it, and there are thousands of nodes. */
function trimNode({ metadata, spec, status }: PoolNode): PoolNode {
  const { name, uid, resourceVersion, creationTimestamp, deletionTimestamp, labels, annotations } = metadata;
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
    ...(spec?.unschedulable === true ? { spec: { unschedulable: true } } : {}),
    status: { conditions: (status?.conditions ?? []).map(({ type, status }) => ({ type, status })) },
  };
}
