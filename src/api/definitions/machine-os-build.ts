import { k } from '../../schema/index.ts';
import { condition } from './conditions.ts';
import { AGE, conditionColumn, defineKind } from './custom-resource-definition.ts';
import { imageDigestFormat, imageTagFormat } from './image-formats.ts';
import { subdomainOf } from './name-formats.ts';
import { objectReference } from './references.ts';
import { immutable, memberOf } from './rules.ts';
import type { ValidationRule } from '../../schema/index.ts';
import type { ApiResource, CustomResourceDefinition } from './custom-resource-definition.ts';

/** Shorter names cannot be of a rendered MachineConfig, which begins with `rendered-`. */
const SHORTEST_RENDERED_NAME = 10;

/** Contract §1.4. */
const spec = k.object(
  {
    machineConfig: k.object(
      { name: subdomainOf(SHORTEST_RENDERED_NAME) },
      { required: ['name'], description: 'The rendered MachineConfig that the image holds.' },
    ),
    machineOSConfig: k.object(
      { name: subdomainOf(1) },
      { required: ['name'], description: 'What the build follows.' },
    ),
    renderedImagePushSpec: k.describe(imageTagFormat, 'Where the image is pushed to.'),
  },
  {
    required: ['machineConfig', 'machineOSConfig', 'renderedImagePushSpec'],
    rules: [immutable('machineOSBuildSpec is immutable once set')],
  },
);

const status = k.object(
  {
    conditions: k.listMap(condition, ['type'], {
      description: 'Prepared, Building, and in the end one of Succeeded, Failed and Interrupted.',
      maxItems: 8,
      rules: [frozenOnce('Failed', 'a'), frozenOnce('Interrupted', 'an'), frozenOnce('Succeeded', 'an')],
    }),
    builder: k.object(
      { imageBuilderType: k.string(), job: k.describe(objectReference, 'The Job that runs the build.') },
      {
        required: ['imageBuilderType'],
        rules: [memberOf({ member: 'job', discriminator: 'imageBuilderType', value: 'Job' })],
      },
    ),
    relatedObjects: k.listMap(objectReference, ['name', 'resource'], { maxItems: 10 }),
    buildStart: k.dateTime({ rules: [immutable('buildStart is immutable once set')] }),
    buildEnd: k.dateTime({ rules: [immutable('buildEnd is immutable once set')] }),
    digestedImagePushSpec: k.describe(imageDigestFormat, 'The image that was pushed, by its digest.'),
  },
  {
    rules: [
      {
        rule: 'has(self.buildEnd) ? has(self.buildStart) && timestamp(self.buildStart) < timestamp(self.buildEnd) : true',
        message: 'buildEnd must be after buildStart',
      },
    ],
  },
);

/** One build of the image of a pool. */
export type MachineOSBuild = ApiResource<'MachineOSBuild', typeof spec, typeof status>;

export const machineOSBuilds: CustomResourceDefinition = defineKind({
  kind: 'MachineOSBuild',
  description: 'One build of the image of a pool.',
  columns: [
    conditionColumn('Prepared'),
    conditionColumn('Building'),
    conditionColumn('Succeeded'),
    conditionColumn('Interrupted'),
    conditionColumn('Failed'),
    AGE,
  ],
  spec,
  status,
});

/** A build that has come to an end stays as it is. */
function frozenOnce(condition: string, article: string): ValidationRule {
  return {
    rule: `oldSelf.exists(x, x.type=='${condition}' && x.status=='True') ? self==oldSelf : true`,
    message: `once ${article} ${condition} condition is set, conditions are immutable`,
  };
}
