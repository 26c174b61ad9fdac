import { k } from '../../schema/index.ts';
import { defineKind } from './custom-resource-definition.ts';
import { imageDigestFormat } from './image-formats.ts';
import type { ApiResource, CustomResourceDefinition } from './custom-resource-definition.ts';

/** Contract §1.9. */
const spec = k.object(
  {
    pinnedImages: k.listMap(k.object({ name: imageDigestFormat }, { required: ['name'] }), ['name'], {
      description: 'Images that the nodes fetch and keep.',
      minItems: 1,
      maxItems: 500,
    }),
  },
  { required: ['pinnedImages'] },
);

/** Images that the nodes of a pool fetch and keep. */
export type PinnedImageSet = ApiResource<'PinnedImageSet', typeof spec>;

export const pinnedImageSets: CustomResourceDefinition = defineKind({
  kind: 'PinnedImageSet',
  description: 'Images that the nodes of a pool fetch and keep.',
  spec,
});
