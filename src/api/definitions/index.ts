import { containerRuntimeConfigs } from './container-runtime-config.ts';
import { controllerConfigs } from './controller-config.ts';
import { kubeletConfigs } from './kubelet-config.ts';
import { machineConfigNodes } from './machine-config-node.ts';
import { machineConfigPools } from './machine-config-pool.ts';
import { machineConfigs } from './machine-config.ts';
import { machineConfigurations } from './machine-configuration.ts';
import { machineOSBuilds } from './machine-os-build.ts';
import { machineOSConfigs } from './machine-os-config.ts';
import { osImageStreams } from './os-image-stream.ts';
import { pinnedImageSets } from './pinned-image-set.ts';
import type { CustomResourceDefinition } from './custom-resource-definition.ts';

export type { CustomResourceDefinition } from './custom-resource-definition.ts';

/** All kinds of the contract; `npm run generate` writes them to deploy/crds. */
export const customResourceDefinitions: readonly CustomResourceDefinition[] = [
  containerRuntimeConfigs,
  controllerConfigs,
  kubeletConfigs,
  machineConfigNodes,
  machineConfigPools,
  machineConfigs,
  machineConfigurations,
  machineOSBuilds,
  machineOSConfigs,
  osImageStreams,
  pinnedImageSets,
];
