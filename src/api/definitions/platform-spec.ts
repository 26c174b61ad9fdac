import { k } from '../../schema/index.ts';
import { machineNetworks, requiredOnceSet, virtualAddresses } from './network-addresses.ts';
import { PLATFORM_TYPES } from './platform-type.ts';
import { memberOf } from './rules.ts';
import { awsServiceEndpoints, powerServiceEndpoints } from './service-endpoints.ts';
import { vsphereSpec } from './vsphere-spec.ts';

const nothing = k.object({});

/** A platform where the cluster brings its own virtual addresses. */
const onPremise = k.object(
  {
    apiServerInternalIPs: virtualAddresses('apiServerInternalIPs'),
    ingressIPs: virtualAddresses('ingressIPs'),
    machineNetworks,
  },
  { rules: [requiredOnceSet('apiServerInternalIPs'), requiredOnceSet('ingressIPs')] },
);

const external = k.object({
  platformName: k.withDefault(
    k.string({
      rules: [
        {
          rule: "oldSelf == 'Unknown' || self == oldSelf",
          message: 'platform name cannot be changed once set',
        },
      ],
    }),
    'Unknown',
  ),
});

const nutanixResource = k.object(
  { type: k.enum(['UUID', 'Name']), uuid: k.string(), name: k.string() },
  { required: ['type'], rules: [identifiedBy('UUID', 'uuid'), identifiedBy('Name', 'name')] },
);

const nutanixEndpoint = k.object(
  { address: k.string({ maxLength: 256 }), port: k.int32({ minimum: 1, maximum: 65535 }) },
  { required: ['address', 'port'] },
);

const nutanix = k.object(
  {
    prismCentral: nutanixEndpoint,
    prismElements: k.listMap(
      k.object(
        { name: k.string({ maxLength: 256 }), endpoint: nutanixEndpoint },
        { required: ['endpoint', 'name'] },
      ),
      ['name'],
    ),
    failureDomains: k.listMap(
      k.object(
        {
          name: k.string({ minLength: 1, maxLength: 64, pattern: '[a-z0-9]([-a-z0-9]*[a-z0-9])?' }),
          cluster: nutanixResource,
          subnets: k.list(nutanixResource, { minItems: 1, maxItems: 1 }),
        },
        { required: ['cluster', 'name', 'subnets'] },
      ),
      ['name'],
    ),
  },
  { required: ['prismCentral', 'prismElements'] },
);

/** What the administrator says about the platform that a cluster runs on. */
export const platformSpec = k.object(
  {
    type: k.enum(PLATFORM_TYPES),
    alibabaCloud: nothing,
    aws: k.object({ serviceEndpoints: awsServiceEndpoints }),
    azure: nothing,
    baremetal: onPremise,
    equinixMetal: nothing,
    external,
    gcp: nothing,
    ibmcloud: nothing,
    kubevirt: nothing,
    nutanix,
    openstack: onPremise,
    ovirt: nothing,
    powervs: k.object({ serviceEndpoints: powerServiceEndpoints }),
    vsphere: vsphereSpec,
  },
  {
    rules: [
      {
        rule: '!has(oldSelf.vsphere) && has(self.vsphere) ? (has(self.vsphere.vcenters) && size(self.vsphere.vcenters) < 2) : true',
        message: 'vcenters can have at most 1 item when configured post-install',
      },
    ],
  },
);

function identifiedBy(value: string, member: string): { readonly rule: string; readonly message?: string } {
  return memberOf(
    { member, discriminator: 'type', value },
    `${member} configuration is required when type is ${value}, and forbidden otherwise`,
  );
}
