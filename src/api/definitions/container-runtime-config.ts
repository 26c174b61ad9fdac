import { k } from '../../schema/index.ts';
import { looseConditions } from './conditions.ts';
import { defineKind } from './custom-resource-definition.ts';
import { labelSelector } from './label-selector.ts';
import type { Static, Typed } from '../../schema/index.ts';
import type { ApiResource, CustomResourceDefinition } from './custom-resource-definition.ts';

const storePath = k.object(
  {
    path: k.string({
      minLength: 1,
      maxLength: 256,
      rules: [
        {
          rule: "self.matches('^/[a-zA-Z0-9/._-]+$')",
          message: "path must be absolute and contain only alphanumeric characters, '/', '.', '_', and '-'",
        },
        { rule: "!self.contains('//')", message: 'path must not contain consecutive forward slashes' },
      ],
    }),
  },
  { required: ['path'] },
);

/** Contract §1.8. */
const spec = k.object(
  {
    machineConfigPoolSelector: k.describe(labelSelector, 'Which pools it is for.'),
    containerRuntimeConfig: k.object({
      pidsLimit: k.int64({ description: 'How many processes a container may have; 0: no limit of its own.' }),
      logLevel: k.string({ description: 'fatal, panic, error, warn, info, debug or trace.' }),
      logSizeMax: k.quantity({ description: "Largest size of a container's log; negative: no limit." }),
      overlaySize: k.quantity({ description: "Largest size of a container's writable layer." }),
      defaultRuntime: k.enum(['crun', 'runc']),
      additionalLayerStores: stores('additionalLayerStores', 5),
      additionalImageStores: stores('additionalImageStores', 10),
      additionalArtifactStores: stores('additionalArtifactStores', 10),
    }),
  },
  { required: ['containerRuntimeConfig'] },
);

const status = k.object({
  observedGeneration: k.int64({ description: 'Generation that the status is about.' }),
  conditions: looseConditions,
});

/** Settings of the container runtime on the nodes of some pools. */
export type ContainerRuntimeConfig = ApiResource<'ContainerRuntimeConfig', typeof spec, typeof status>;

export const containerRuntimeConfigs: CustomResourceDefinition = defineKind({
  kind: 'ContainerRuntimeConfig',
  shortNames: ['ctrcfg'],
  description: 'Settings of the container runtime on the nodes of some pools.',
  spec,
  status,
});

/** Directories beside the runtime's own that are looked into first. */
function stores(member: string, maxItems: number): Typed<readonly Static<typeof storePath>[]> {
  return k.list(storePath, {
    minItems: 1,
    maxItems,
    rules: [
      {
        rule: 'self.all(x, self.exists_one(y, x.path == y.path))',
        message: `${member} must not contain duplicate paths`,
      },
    ],
  });
}
