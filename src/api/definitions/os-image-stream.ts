import { k } from '../../schema/index.ts';
import { defineKind } from './custom-resource-definition.ts';
import { imageDigestFormat } from './image-formats.ts';
import { streamName } from './name-formats.ts';
import type { ApiResource, CustomResourceDefinition } from './custom-resource-definition.ts';

/** Contract §1.11. */
const spec = k.object(
  { defaultStream: k.describe(streamName, 'Stream of the pools that name none.') },
  { required: ['defaultStream'] },
);

const status = k.object(
  {
    availableStreams: k.listMap(
      k.object(
        {
          name: streamName,
          osImage: k.describe(imageDigestFormat, 'Image of the operating system.'),
          osExtensionsImage: k.describe(imageDigestFormat, "Image that holds the extensions' packages."),
        },
        { required: ['name', 'osExtensionsImage', 'osImage'] },
      ),
      ['name'],
      { minItems: 1, maxItems: 100 },
    ),
    defaultStream: k.describe(streamName, 'Stream of the pools that name none, as in force.'),
  },
  {
    required: ['availableStreams', 'defaultStream'],
    rules: [
      {
        rule: 'self.defaultStream in self.availableStreams.map(s, s.name)',
        message: 'defaultStream must reference a stream name from availableStreams',
      },
    ],
  },
);

/** The streams of operating system images to choose from; the one object is named `cluster`. */
export type OSImageStream = ApiResource<'OSImageStream', typeof spec, typeof status>;

export const osImageStreams: CustomResourceDefinition = defineKind({
  kind: 'OSImageStream',
  description: 'The streams of operating system images to choose from; the one object is named cluster.',
  spec,
  status,
  rules: [
    {
      rule: "self.metadata.name == 'cluster'",
      message: "osimagestream is a singleton, .metadata.name must be 'cluster'",
    },
    {
      rule: 'self.spec == oldSelf.spec || !has(self.status) || self.spec.defaultStream in self.status.availableStreams.map(s, s.name)',
      message: 'spec.defaultStream must reference an existing stream name from status.availableStreams',
    },
  ],
});
