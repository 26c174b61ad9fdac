import { k } from '../../schema/index.ts';
import { clusterDNS, infrastructure } from './cluster-objects.ts';
import { looseConditionMembers } from './conditions.ts';
import { defineKind } from './custom-resource-definition.ts';
import { coreObjectReference } from './references.ts';
import type { ApiResource, CustomResourceDefinition } from './custom-resource-definition.ts';

const certificateFiles = k.list(
  k.object(
    { file: k.string(), data: k.bytes({ description: 'Certificates in PEM.' }) },
    { required: ['data', 'file'] },
  ),
);

const sizes = k.object({ from: k.int32({ minimum: 0 }), to: k.int32({ minimum: 0 }) });

const network = k.object(
  { mtuMigration: k.nullable(k.object({ network: sizes, machine: sizes })) },
  { description: 'A change of the network that is under way.', required: ['mtuMigration'] },
);

/** Contract §1.6. */
const spec = k.object(
  {
    clusterDNSIP: k.string({ description: "Address of the cluster's DNS service." }),
    cloudProviderConfig: k.string({ description: 'Configuration of the cloud provider, in its own format.' }),
    platform: k.string({ description: 'Deprecated: infra says it.' }),
    etcdDiscoveryDomain: k.string({ description: 'Deprecated: infra says it.' }),
    kubeAPIServerServingCAData: k.bytes({ description: 'Authority that kubelets know the API server by.' }),
    rootCAData: k.bytes({ description: 'Authority that nodes know the configuration server by.' }),
    cloudProviderCAData: k.nullable(k.bytes({ description: 'Authority that the cloud is known by.' })),
    additionalTrustBundle: k.nullable(k.bytes({ description: 'Authorities that the nodes trust besides.' })),
    imageRegistryBundleUserData: k.describe(certificateFiles, 'Authorities of registries, from users.'),
    imageRegistryBundleData: k.describe(certificateFiles, 'Authorities of registries, from the cluster.'),
    pullSecret: k.describe(coreObjectReference, 'Secret that images are pulled with.'),
    internalRegistryPullSecret: k.nullable(
      k.bytes({ description: "Secret that images of the cluster's own registry are pulled with." }),
    ),
    images: k.map(k.string(), { description: 'Images that templates name.' }),
    releaseImage: k.string({ description: 'Image of the release.' }),
    baseOSContainerImage: k.string({ description: "Image of the nodes' operating system." }),
    baseOSExtensionsContainerImage: k.string({ description: "Image that holds the extensions' packages." }),
    osImageURL: k.string({ description: 'Operating system in the format before images.' }),
    proxy: k.nullable(
      k.object(
        { httpProxy: k.string(), httpsProxy: k.string(), noProxy: k.string() },
        { description: 'How the nodes reach the network outside.' },
      ),
    ),
    infra: k.nullable(infrastructure),
    dns: k.nullable(clusterDNS),
    ipFamilies: k.string({ description: 'IPv4, IPv6, DualStack or DualStackIPv6Primary.' }),
    networkType: k.string({ description: "Name of the cluster's network plug-in." }),
    network: k.nullable(network),
  },
  {
    required: [
      'additionalTrustBundle',
      'baseOSContainerImage',
      'cloudProviderCAData',
      'cloudProviderConfig',
      'clusterDNSIP',
      'dns',
      'images',
      'infra',
      'ipFamilies',
      'kubeAPIServerServingCAData',
      'network',
      'proxy',
      'releaseImage',
      'rootCAData',
    ],
  },
);

const status = k.object({
  observedGeneration: k.int64({ description: 'Generation that the status is about.' }),
  conditions: k.listMap(
    k.object(looseConditionMembers, { required: ['lastTransitionTime', 'status', 'type'] }),
    ['type'],
  ),
  controllerCertificates: k.list(
    k.object(
      {
        subject: k.string(),
        signer: k.string(),
        notBefore: k.dateTime(),
        notAfter: k.dateTime(),
        bundleFile: k.string({ description: 'Bundle that the certificate is in.' }),
      },
      { required: ['bundleFile', 'signer', 'subject'] },
    ),
    { description: 'The certificates that the controller hands to the nodes.' },
  ),
});

/** What the controllers know of the cluster; the one object is named `machine-config-controller`. */
export type ControllerConfig = ApiResource<'ControllerConfig', typeof spec, typeof status>;

export const controllerConfigs: CustomResourceDefinition = defineKind({
  kind: 'ControllerConfig',
  description:
    'What the controllers know of the cluster; the one object is named machine-config-controller. Not for users to write.',
  spec,
  status,
});
