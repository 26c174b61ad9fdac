import { k } from '../../schema/index.ts';
import { looseConditions } from './conditions.ts';
import { defineKind } from './custom-resource-definition.ts';
import { labelSelector } from './label-selector.ts';
import type { ApiResource, CustomResourceDefinition } from './custom-resource-definition.ts';

const noMembers = k.nullable(k.object({}));

const tlsSecurityProfile = k.object(
  {
    type: k.enum(['Old', 'Intermediate', 'Modern', 'Custom']),
    old: noMembers,
    intermediate: noMembers,
    modern: noMembers,
    custom: k.nullable(
      k.object({
        ciphers: k.list(k.string(), { description: 'Names of ciphers, as OpenSSL has them.' }),
        minTLSVersion: k.enum(['VersionTLS10', 'VersionTLS11', 'VersionTLS12', 'VersionTLS13']),
      }),
    ),
  },
  { description: "What the kubelet's TLS server offers." },
);

/** Contract §1.7. */
const spec = k.object({
  machineConfigPoolSelector: k.describe(labelSelector, 'Which pools it is for.'),
  kubeletConfig: k.preserveUnknown({ description: "Members of the kubelet's own KubeletConfiguration." }),
  autoSizingReserved: k.boolean({ description: 'Whether the node computes what it reserves for itself.' }),
  logLevel: k.int32({ description: 'Verbosity of the kubelet.', minimum: 0, maximum: 10 }),
  tlsSecurityProfile,
});

const status = k.object({
  observedGeneration: k.int64({ description: 'Generation that the status is about.' }),
  conditions: looseConditions,
});

/** Settings of the kubelet on the nodes of some pools. */
export type KubeletConfig = ApiResource<'KubeletConfig', typeof spec, typeof status>;

export const kubeletConfigs: CustomResourceDefinition = defineKind({
  kind: 'KubeletConfig',
  description: 'Settings of the kubelet on the nodes of some pools.',
  spec,
  status,
});
