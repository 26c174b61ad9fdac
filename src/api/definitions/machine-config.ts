import { k } from '../../schema/index.ts';
import { AGE, defineKind } from './custom-resource-definition.ts';
import type { Static } from '../../schema/index.ts';
import type { ApiResource, CustomResourceDefinition } from './custom-resource-definition.ts';

/** Contract §1.1. Nothing is checked that rendering checks: not Ignition, not the type of the kernel. */
const spec = k.object({
  osImageURL: k.string({ description: "Image of the operating system. Empty: the cluster's." }),
  baseOSExtensionsContainerImage: k.string({
    description: "Image that holds the extensions' packages. Empty: the cluster's.",
  }),
  config: k.preserveUnknown({ description: 'Ignition config: files, units, users.' }),
  kernelArguments: k.nullable(
    k.list(k.string(), { description: "Appended to the kernel's command line, in this order." }),
  ),
  extensions: k.list(k.string(), { description: 'Named sets of packages to add, for example usbguard.' }),
  fips: k.boolean({ description: 'FIPS mode; cannot change after a node is installed.' }),
  kernelType: k.string({ description: 'default, realtime or 64k-pages; empty: default.' }),
});

/** An absent member means the same as an empty one. */
export type MachineConfigSpec = Static<typeof spec>;

/** Part of the configuration of one or more pools, or the rendered whole of one. Reading makes an absent spec empty. */
export type MachineConfig = ApiResource<'MachineConfig', typeof spec>;

export const machineConfigs: CustomResourceDefinition = defineKind({
  kind: 'MachineConfig',
  shortNames: ['mc'],
  description: 'Part of the configuration of one or more pools, or the rendered whole of one.',
  columns: [
    {
      name: 'GeneratedByController',
      type: 'string',
      description: 'Version of the controller that made the MachineConfig; empty if nobody but a user did.',
      jsonPath: '.metadata.annotations.machineconfiguration\\.openshift\\.io/generated-by-controller-version',
    },
    {
      name: 'IgnitionVersion',
      type: 'string',
      description: 'Version of the Ignition config.',
      jsonPath: '.spec.config.ignition.version',
    },
    AGE,
  ],
  spec,
  required: [],
});
