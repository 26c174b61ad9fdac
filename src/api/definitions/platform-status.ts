import { k } from '../../schema/index.ts';
import {
  alibabaStatus,
  awsStatus,
  azureStatus,
  externalStatus,
  gcpStatus,
  ibmStatus,
  powerStatus,
} from './cloud-status.ts';
import { loadBalancer } from './load-balancers.ts';
import { machineNetworks, observedAddresses, observedAddressSet } from './network-addresses.ts';
import { PLATFORM_TYPES } from './platform-type.ts';

const addressPair = { apiServerInternalIP: k.string(), ingressIP: k.string() };

/** Addresses of a platform where the cluster brings its own. */
const ownAddresses = {
  ...addressPair,
  apiServerInternalIPs: observedAddresses('apiServerInternalIPs'),
  ingressIPs: observedAddresses('ingressIPs'),
  loadBalancer,
};

/** The same on the platforms where the lists are sets. */
const ownAddressSets = {
  ...ownAddresses,
  apiServerInternalIPs: observedAddressSet('apiServerInternalIPs'),
  ingressIPs: observedAddressSet('ingressIPs'),
};

const onPremise = k.object({ ...ownAddresses, machineNetworks, nodeDNSIP: k.string() });

/** What is known of the platform that a cluster runs on. */
export const platformStatus = k.object({
  type: k.enum(PLATFORM_TYPES),
  alibabaCloud: alibabaStatus,
  aws: awsStatus,
  azure: azureStatus,
  baremetal: onPremise,
  equinixMetal: k.object(addressPair),
  external: externalStatus,
  gcp: gcpStatus,
  ibmcloud: ibmStatus,
  kubevirt: k.object(addressPair),
  nutanix: k.object(ownAddressSets),
  openstack: k.object({ ...ownAddresses, cloudName: k.string(), machineNetworks, nodeDNSIP: k.string() }),
  ovirt: k.object({ ...ownAddressSets, nodeDNSIP: k.string() }),
  powervs: powerStatus,
  vsphere: onPremise,
});
