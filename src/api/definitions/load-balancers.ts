import { k } from '../../schema/index.ts';
import { ipAddress } from './network-addresses.ts';
import { immutableOnceSet } from './rules.ts';

const addresses = k.set(ipAddress, { maxItems: 16 });

/** How a cluster in a cloud resolves the names of its load balancers. */
export const cloudLoadBalancer = k.object(
  {
    dnsType: k.withDefault(
      k.enum(['ClusterHosted', 'PlatformDefault'], { rules: [immutableOnceSet('dnsType is immutable')] }),
      'PlatformDefault',
    ),
    clusterHosted: k.object({
      apiIntLoadBalancerIPs: addresses,
      apiLoadBalancerIPs: addresses,
      ingressLoadBalancerIPs: addresses,
    }),
  },
  {
    rules: [
      {
        rule: "has(self.dnsType) && self.dnsType != 'ClusterHosted' ? !has(self.clusterHosted) : true",
        message: 'clusterHosted is permitted only when dnsType is ClusterHosted',
      },
    ],
  },
);

/** Who provides the load balancer of a cluster outside of clouds. */
export const loadBalancer = k.withDefault(
  k.object({
    type: k.withDefault(
      k.enum(['OpenShiftManagedDefault', 'UserManaged'], {
        rules: [immutableOnceSet('type is immutable once set')],
      }),
      'OpenShiftManagedDefault',
    ),
  }),
  { type: 'OpenShiftManagedDefault' },
);
