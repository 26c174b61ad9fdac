import { k } from '../../schema/index.ts';
import { looseConditions } from './conditions.ts';
import { AGE, conditionColumn, defineKind } from './custom-resource-definition.ts';
import { labelSelector } from './label-selector.ts';
import { streamName } from './name-formats.ts';
import { poolSynchronizers } from './pool-synchronizers.ts';
import { coreObjectReference, coreReferenceMembers } from './references.ts';
import type { ApiResource, CustomResourceDefinition } from './custom-resource-definition.ts';

const renderedConfiguration = k.object(
  {
    ...coreReferenceMembers,
    name: k.string({ description: 'Name of the rendered MachineConfig.' }),
    source: k.list(coreObjectReference, { description: 'The MachineConfigs that it was rendered from.' }),
  },
  { atomic: true },
);

const osImageStream = k.object(
  { name: streamName },
  { required: ['name'], description: "The OSImageStream's stream that the nodes run; absent: its default." },
);

/** Contract §1.2. */
const spec = k.object({
  machineConfigSelector: k.describe(labelSelector, 'Which MachineConfigs the pool gets.'),
  nodeSelector: k.describe(labelSelector, 'Which nodes are in the pool.'),
  paused: k.boolean({
    description: 'While true, no node is updated; the pool is rendered and its image built all the same.',
  }),
  maxUnavailable: k.intOrString({
    description: 'How many nodes may be out of service for an update: a number or a percentage; absent: 1.',
  }),
  configuration: k.describe(renderedConfiguration, 'What the nodes should run. Written by a controller.'),
  pinnedImageSets: k.listMap(
    k.object(
      {
        name: k.string({
          minLength: 1,
          maxLength: 253,
          pattern:
            '^([a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9\\-]{0,61}[a-zA-Z0-9])(\\.([a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9\\-]{0,61}[a-zA-Z0-9]))*$',
        }),
      },
      { required: ['name'] },
    ),
    ['name'],
    { description: 'PinnedImageSets whose images the nodes hold.', maxItems: 100 },
  ),
  osImageStream,
});

const status = k.object({
  observedGeneration: k.int64({ description: 'Generation that the status is about.' }),
  configuration: k.describe(renderedConfiguration, 'What all nodes were last updated to.'),
  machineCount: k.int32({ description: 'Nodes in the pool.' }),
  updatedMachineCount: k.int32({ description: 'Nodes that run the desired configuration.' }),
  readyMachineCount: k.int32({ description: 'Nodes that run the desired configuration and are ready.' }),
  unavailableMachineCount: k.int32({ description: 'Nodes that are out of service.' }),
  degradedMachineCount: k.int32({ description: 'Nodes that failed or cannot be reconciled.' }),
  conditions: looseConditions,
  certExpirys: k.list(
    k.object(
      {
        bundle: k.string({ description: 'Bundle that the certificate is in.' }),
        subject: k.string(),
        expiry: k.dateTime(),
      },
      { required: ['bundle', 'subject'] },
    ),
    { description: 'When the certificates of the pool expire.' },
  ),
  poolSynchronizersStatus: poolSynchronizers,
  osImageStream,
});

/** A set of nodes and the MachineConfigs they get. */
export type MachineConfigPool = ApiResource<'MachineConfigPool', typeof spec, typeof status>;

export const machineConfigPools: CustomResourceDefinition = defineKind({
  kind: 'MachineConfigPool',
  shortNames: ['mcp'],
  description: 'A set of nodes and the MachineConfigs they get.',
  columns: [
    { name: 'Config', type: 'string', jsonPath: '.status.configuration.name' },
    conditionColumn('Updated', { description: 'All nodes run the desired configuration.' }),
    conditionColumn('Updating', { description: 'Some node does not run the desired configuration yet.' }),
    conditionColumn('Degraded', { description: 'A node, the rendering or the image build has failed.' }),
    {
      name: 'MachineCount',
      type: 'number',
      description: 'Nodes in the pool.',
      jsonPath: '.status.machineCount',
    },
    {
      name: 'ReadyMachineCount',
      type: 'number',
      description: 'Nodes that run the desired configuration and are ready.',
      jsonPath: '.status.readyMachineCount',
    },
    {
      name: 'UpdatedMachineCount',
      type: 'number',
      description: 'Nodes that run the desired configuration.',
      jsonPath: '.status.updatedMachineCount',
    },
    {
      name: 'DegradedMachineCount',
      type: 'number',
      description: 'Nodes that failed or cannot be reconciled.',
      jsonPath: '.status.degradedMachineCount',
    },
    AGE,
  ],
  spec,
  status,
});
