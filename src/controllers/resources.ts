import { API_GROUP } from '../api/index.ts';
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
import { resourceType, type KubeObject, type ObjectKey, type ResourceType } from '../kube/index.ts';
import type { BuildJob, BuildPod, RegistrySecret } from '../osbuild/index.ts';
import type { DrainBudget, DrainPod, RolloutNode } from '../rollout/index.ts';

/** A Node, as far as controllers look at it; everything else of it is not kept in memory. */
export interface PoolNode extends KubeObject {
  readonly metadata: KubeObject['metadata'] & { readonly name: string };
  readonly spec?: NonNullable<RolloutNode['spec']>;
  readonly status?: NonNullable<RolloutNode['status']> & {
    readonly nodeInfo?: { readonly architecture?: string };
  };
}

/** A Pod, as far as a drain looks at it. */
export interface Pod extends KubeObject {
  readonly spec?: { readonly nodeName?: string };
  readonly status?: NonNullable<DrainPod['status']>;
}

/** A PodDisruptionBudget, as far as a drain looks at it; everything else of it is not kept in memory. */
export interface DisruptionBudget extends KubeObject {
  readonly spec?: NonNullable<DrainBudget['spec']>;
  readonly status?: NonNullable<DrainBudget['status']>;
}

/** Text for people, such as the log of a build; files for a container build. */
export interface ConfigMap extends KubeObject {
  readonly metadata: KubeObject['metadata'] & { readonly name: string };
  readonly data?: Readonly<Record<string, string>>;
  readonly binaryData?: Readonly<Record<string, string>>;
}

export const MACHINE_CONFIGS: ResourceType<MachineConfig> = ofGroup('MachineConfig', 'machineconfigs');
export const POOLS: ResourceType<MachineConfigPool> = ofGroup('MachineConfigPool', 'machineconfigpools');
export const OS_CONFIGS: ResourceType<MachineOSConfig> = ofGroup('MachineOSConfig', 'machineosconfigs');
export const OS_BUILDS: ResourceType<MachineOSBuild> = ofGroup('MachineOSBuild', 'machineosbuilds');
export const CONTROLLER_CONFIGS: ResourceType<ControllerConfig> = ofGroup(
  'ControllerConfig',
  'controllerconfigs',
);
export const OS_IMAGE_STREAMS: ResourceType<OSImageStream> = ofGroup('OSImageStream', 'osimagestreams');
export const MACHINE_CONFIGURATIONS: ResourceType<MachineConfiguration> = resourceType({
  group: 'operator.openshift.io',
  version: 'v1',
  kind: 'MachineConfiguration',
  plural: 'machineconfigurations',
  namespaced: false,
});
export const MACHINE_CONFIG_NODES: ResourceType<MachineConfigNode> = ofGroup(
  'MachineConfigNode',
  'machineconfignodes',
);
export const PODS: ResourceType<Pod> = ofCore('Pod', 'pods', true);
/** Pods of builds, of which more is looked at. */
export const BUILD_PODS: ResourceType<BuildPod> = ofCore('Pod', 'pods', true);
export const DAEMON_SETS: ResourceType = resourceType({
  group: 'apps',
  version: 'v1',
  kind: 'DaemonSet',
  plural: 'daemonsets',
  namespaced: true,
});
export const JOBS: ResourceType<BuildJob> = resourceType({
  group: 'batch',
  version: 'v1',
  kind: 'Job',
  plural: 'jobs',
  namespaced: true,
});
export const DISRUPTION_BUDGETS: ResourceType<DisruptionBudget> = resourceType({
  group: 'policy',
  version: 'v1',
  kind: 'PodDisruptionBudget',
  plural: 'poddisruptionbudgets',
  namespaced: true,
});
export const NODES: ResourceType<PoolNode> = ofCore('Node', 'nodes', false);
export const SECRETS: ResourceType<RegistrySecret & KubeObject> = ofCore('Secret', 'secrets', true);
export const CONFIG_MAPS: ResourceType<ConfigMap> = ofCore('ConfigMap', 'configmaps', true);

/** The key of an object without a namespace. */
export function clusterKey(name: string): ObjectKey {
  return { namespace: '', name };
}

function ofGroup<T extends KubeObject>(kind: string, plural: string): ResourceType<T> {
  return resourceType({ group: API_GROUP, version: 'v1', kind, plural, namespaced: false });
}

function ofCore<T extends KubeObject>(kind: string, plural: string, namespaced: boolean): ResourceType<T> {
  return resourceType({ group: '', version: 'v1', kind, plural, namespaced });
}
