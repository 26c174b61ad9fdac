import { k } from '../../schema/index.ts';
import { condition } from './conditions.ts';
import { AGE, conditionColumn, defineKind } from './custom-resource-definition.ts';
import { localImageDigestFormat } from './image-formats.ts';
import { subdomain } from './name-formats.ts';
import { nameReference } from './references.ts';
import { notDecreasing } from './rules.ts';
import type { Typed } from '../../schema/index.ts';
import type { ApiResource, CustomResourceDefinition } from './custom-resource-definition.ts';

/** Contract §1.5. */
const spec = k.object(
  {
    node: k.describe(nameReference, 'The Node, of the same name as this object.'),
    pool: k.describe(nameReference, 'The pool that the node is in.'),
    configVersion: k.object(
      { desired: k.describe(subdomain, 'The rendered MachineConfig that the node should run.') },
      { required: ['desired'] },
    ),
  },
  { required: ['configVersion', 'node', 'pool'] },
);

const pinnedImageSets = k.listMap(
  k.object(
    {
      name: subdomain,
      currentGeneration: generation('currentGeneration'),
      desiredGeneration: generation('desiredGeneration'),
      lastFailedGeneration: generation('lastFailedGeneration'),
      lastFailedGenerationError: k.string({ maxLength: 32768 }),
    },
    {
      required: ['name'],
      rules: [
        {
          rule: 'has(self.desiredGeneration) && has(self.currentGeneration) ? self.desiredGeneration >= self.currentGeneration : true',
          message: 'desired generation must be greater than or equal to the current generation',
        },
        {
          rule: 'has(self.lastFailedGeneration) && has(self.desiredGeneration) ? self.desiredGeneration >= self.lastFailedGeneration : true',
          message: 'desired generation must be greater than or equal to the last failed generation',
        },
        {
          rule: 'has(self.lastFailedGeneration) ? has(self.lastFailedGenerationError) : true',
          message: 'last failed generation error must be defined on image pull and pin failure',
        },
      ],
    },
  ),
  ['name'],
  { description: 'How far the node is with each PinnedImageSet.', maxItems: 100 },
);

const irreconcilableChanges = k.listMap(
  k.object(
    {
      fieldPath: k.string({
        minLength: 1,
        maxLength: 70,
        rules: [
          { rule: "self.startsWith('spec.')", message: 'The fieldPath must start with `spec.`' },
          {
            rule: "self.matches('^[\\\\da-zA-Z\\\\.\\\\[\\\\]]+$')",
            message:
              "The fieldPath must consist only of alphanumeric characters, brackets [] and dots ('.').",
          },
        ],
      }),
      diff: k.string({ minLength: 1, maxLength: 4096 }),
    },
    { required: ['diff', 'fieldPath'] },
  ),
  ['fieldPath'],
  {
    description: 'Where the node differs from its configuration in what only a new installation changes.',
    minItems: 1,
    maxItems: 32,
  },
);

const internalReleaseImage = k.object(
  {
    releases: k.listMap(
      k.object(
        {
          name: k.string({
            minLength: 1,
            maxLength: 64,
            rules: [
              {
                rule: "self.matches('^ocp-release-bundle-[0-9]+\\\\.[0-9]+\\\\.[0-9]+-[A-Za-z0-9._-]+$')",
                message: 'must be ocp-release-bundle-<version>-<arch|stream> and <= 64 chars',
              },
            ],
          }),
          image: localImageDigestFormat,
          conditions: k.listMap(condition, ['type'], { minItems: 1, maxItems: 5 }),
        },
        { required: ['name'] },
      ),
      ['name'],
      { minItems: 1, maxItems: 32 },
    ),
  },
  { required: ['releases'], description: 'Release bundles that the node serves.' },
);

const status = k.object({
  observedGeneration: k.int64({
    description: 'Generation that the status is about.',
    minimum: 1,
    rules: [notDecreasing('observedGeneration must not decrease')],
  }),
  conditions: k.listMap(condition, ['type'], { maxItems: 20 }),
  configVersion: k.object(
    {
      current: k.describe(subdomain, 'The rendered MachineConfig that the node runs.'),
      desired: k.describe(subdomain, 'The one that it should run.'),
    },
    { required: ['desired'] },
  ),
  pinnedImageSets,
  irreconcilableChanges,
  internalReleaseImage,
});

/** How far one node is with its update. */
export type MachineConfigNode = ApiResource<'MachineConfigNode', typeof spec, typeof status>;

export const machineConfigNodes: CustomResourceDefinition = defineKind({
  kind: 'MachineConfigNode',
  description: 'How far one node is with its update.',
  columns: [
    { name: 'PoolName', type: 'string', jsonPath: '.spec.pool.name' },
    { name: 'DesiredConfig', type: 'string', jsonPath: '.spec.configVersion.desired' },
    { name: 'CurrentConfig', type: 'string', jsonPath: '.status.configVersion.current' },
    conditionColumn('Updated'),
    AGE,
    conditionColumn('UpdatePrepared', { priority: 1 }),
    conditionColumn('UpdateExecuted', { priority: 1 }),
    conditionColumn('UpdatePostActionComplete', { priority: 1 }),
    conditionColumn('UpdateComplete', { priority: 1 }),
    conditionColumn('Resumed', { priority: 1 }),
    conditionColumn('UpdatedFilesAndOS', { condition: 'AppliedFilesAndOS', priority: 1 }),
    conditionColumn('CordonedNode', { condition: 'Cordoned', priority: 1 }),
    conditionColumn('DrainedNode', { condition: 'Drained', priority: 1 }),
    conditionColumn('RebootedNode', { priority: 1 }),
    conditionColumn('UncordonedNode', { condition: 'Uncordoned', priority: 1 }),
  ],
  spec,
  status,
  rules: [
    {
      rule: 'self.metadata.name == self.spec.node.name',
      message: 'spec.node.name should match metadata.name',
    },
  ],
});

function generation(member: string): Typed<number> {
  return k.int32({ minimum: 1, rules: [notDecreasing(`${member} must not decrease`)] });
}
