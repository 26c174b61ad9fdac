import { k } from '../../schema/index.ts';
import { condition } from './conditions.ts';
import { defineKind } from './custom-resource-definition.ts';
import { imageDigestFormat, imageTagFormat } from './image-formats.ts';
import { nameReference, objectReference } from './references.ts';
import { notDecreasing } from './rules.ts';
import type { ApiResource, CustomResourceDefinition } from './custom-resource-definition.ts';

/** Contract §1.3. */
const spec = k.object(
  {
    machineConfigPool: k.describe(nameReference, 'The pool whose image is built.'),
    imageBuilder: k.object({ imageBuilderType: k.enum(['Job']) }, { required: ['imageBuilderType'] }),
    baseImagePullSecret: k.describe(
      nameReference,
      "Secret for pulling the base image; absent: the cluster's pull secret.",
    ),
    renderedImagePushSecret: k.describe(nameReference, 'Secret for pushing the image.'),
    renderedImagePushSpec: k.describe(
      imageTagFormat,
      "Where the image is pushed to, for example registry.example.com/os/worker:latest; each build has a tag of its own in the given one's place.",
    ),
    containerFile: k.listMap(
      k.object(
        {
          containerfileArch: k.withDefault(
            k.enum(['ARM64', 'AMD64', 'PPC64LE', 'S390X', 'NoArch'], {
              description: 'Architecture that it is for. Only NoArch is used: for all.',
            }),
            'NoArch',
          ),
          content: k.string({
            description: 'The Containerfile. Stage configs is the base image with the configuration.',
            maxLength: 4096,
          }),
        },
        { required: ['content'] },
      ),
      ['containerfileArch'],
      { description: 'What else goes into the image.', minItems: 0, maxItems: 4 },
    ),
  },
  { required: ['imageBuilder', 'machineConfigPool', 'renderedImagePushSecret', 'renderedImagePushSpec'] },
);

const status = k.object({
  observedGeneration: k.int64({
    description: 'Generation that the status is about.',
    minimum: 0,
    rules: [notDecreasing('observedGeneration must not move backwards')],
  }),
  conditions: k.listMap(condition, ['type']),
  currentImagePullSpec: k.describe(imageDigestFormat, 'The image of the last successful build.'),
  machineOSBuild: k.describe(objectReference, 'The build that is under way or was the last.'),
});

/** Where and how the image of one pool is built. */
export type MachineOSConfig = ApiResource<'MachineOSConfig', typeof spec, typeof status>;

export const machineOSConfigs: CustomResourceDefinition = defineKind({
  kind: 'MachineOSConfig',
  description: 'Where and how the image of one pool is built.',
  spec,
  status,
  rules: [
    {
      // Objects from before the rule may keep their name.
      rule: 'self.metadata.name == self.spec.machineConfigPool.name || oldSelf.hasValue() && oldSelf.spec.machineConfigPool.name.value() == self.spec.machineConfigPool.name',
      message:
        'MachineOSConfig name must match the referenced MachineConfigPool name; can only have one MachineOSConfig per MachineConfigPool',
      optionalOldSelf: true,
    },
  ],
});
