import { k } from '../../schema/index.ts';
import { machineNetworks, requiredOnceSet, virtualAddresses } from './network-addresses.ts';
import { memberOf } from './rules.ts';

const shortName = k.string({ minLength: 1, maxLength: 80 });

const topology = k.object(
  {
    datacenter: k.string({ maxLength: 80 }),
    computeCluster: k.string({ maxLength: 2048, pattern: '^/.*?/host/.*?' }),
    networks: k.list(k.string(), { minItems: 1, maxItems: 10 }),
    datastore: k.string({ maxLength: 2048, pattern: '^/.*?/datastore/.*?' }),
    resourcePool: k.string({ maxLength: 2048, pattern: '^/.*?/host/.*?/Resources.*' }),
    folder: k.string({ maxLength: 2048, pattern: '^/.*?/vm/.*?' }),
    template: k.string({ minLength: 1, maxLength: 2048, pattern: '^/.*?/vm/.*?' }),
  },
  { required: ['computeCluster', 'datacenter', 'datastore', 'networks'] },
);

const zoneAffinity = k.object(
  {
    type: k.enum(['HostGroup', 'ComputeCluster']),
    hostGroup: k.object(
      { hostGroup: shortName, vmGroup: shortName, vmHostRule: shortName },
      { required: ['hostGroup', 'vmGroup', 'vmHostRule'] },
    ),
  },
  {
    required: ['type'],
    rules: [memberOf({ member: 'hostGroup', discriminator: 'type', value: 'HostGroup' })],
  },
);

const failureDomain = k.object(
  {
    name: k.string({ minLength: 1, maxLength: 256 }),
    region: shortName,
    zone: shortName,
    regionAffinity: k.object({ type: k.enum(['ComputeCluster', 'Datacenter']) }, { required: ['type'] }),
    zoneAffinity,
    server: k.string({ minLength: 1, maxLength: 255 }),
    topology,
  },
  {
    required: ['name', 'region', 'server', 'topology', 'zone'],
    rules: [affinity('HostGroup', 'ComputeCluster'), affinity('ComputeCluster', 'Datacenter')],
  },
);

const networking = k.object({
  networkSubnetCidr: k.set(k.string()),
  network: k.string(),
  excludeNetworkSubnetCidr: k.list(k.string()),
});

const vcenters = k.list(
  k.object(
    {
      server: k.string({ maxLength: 255 }),
      port: k.int32({ minimum: 1, maximum: 32767 }),
      datacenters: k.set(k.string(), { minItems: 1 }),
    },
    { required: ['datacenters', 'server'] },
  ),
  {
    minItems: 1,
    maxItems: 3,
    rules: [
      {
        rule: 'self.all(x, self.exists_one(y, y.server == x.server))',
        message: 'vcenters must have unique server values',
      },
    ],
  },
);

/** What a cluster on vSphere is to have. */
export const vsphereSpec = k.object(
  {
    vcenters,
    failureDomains: k.listMap(failureDomain, ['name']),
    nodeNetworking: k.object({ external: networking, internal: networking }),
    apiServerInternalIPs: virtualAddresses('apiServerInternalIPs'),
    ingressIPs: virtualAddresses('ingressIPs'),
    machineNetworks,
  },
  { rules: [requiredOnceSet('apiServerInternalIPs'), requiredOnceSet('ingressIPs')] },
);

/** The kind of zone decides the kind of region. */
function affinity(zone: string, region: string): { readonly rule: string; readonly message: string } {
  return {
    rule: `has(self.zoneAffinity) && self.zoneAffinity.type == '${zone}' ? has(self.regionAffinity) && self.regionAffinity.type == '${region}' : true`,
    message: `when zoneAffinity type is ${zone}, regionAffinity type must be ${region}`,
  };
}
