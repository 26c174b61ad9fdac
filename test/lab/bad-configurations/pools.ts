import {
  base,
  machineConfig,
  poolSpec,
  site,
  type BadConfigurations,
  type Change,
} from './bad-configuration.ts';

const ROLE = 'machineconfiguration.openshift.io/role';
const SELECTOR: Change = poolSpec({ machineConfigSelector: { matchLabels: { [ROLE]: 'POOL' } } });
const FOUND = String.raw`there are some with the role [^;]+( and \d+ more)?`;

/** Pools, and MachineConfigs that each would do. */
export const POOLS: BadConfigurations = {
  'a pool without a selector': {
    bad: [poolSpec({ machineConfigSelector: null })],
    mend: [SELECTOR],
    condition: 'RenderDegraded',
    says: `spec.machineConfigSelector: missing, so the pool selects no MachineConfig; match the label ${ROLE}`,
  },
  'a pool that selects everything': {
    bad: [poolSpec({ machineConfigSelector: {} })],
    mend: [SELECTOR],
    condition: 'RenderDegraded',
    says: `spec.machineConfigSelector: empty, which would select every MachineConfig; match the label ${ROLE}`,
  },
  'a pool that selects nothing': {
    bad: [poolSpec({ machineConfigSelector: { matchLabels: { [ROLE]: 'POOL-none' } } })],
    mend: [SELECTOR],
    condition: 'RenderDegraded',
    says: new RegExp(`^spec\\.machineConfigSelector: matches no MachineConfig: ${FOUND}$`, 'u'),
  },
  'a selector with an operator that there is not': {
    bad: [
      poolSpec({
        machineConfigSelector: { matchExpressions: [{ key: ROLE, operator: 'Near', values: ['POOL'] }] },
      }),
    ],
    mend: [SELECTOR],
    condition: 'RenderDegraded',
    says: 'spec.machineConfigSelector.matchExpressions[0].operator: expected one of "In", "NotIn", "Exists", "DoesNotExist", received "Near"',
  },
  'a selector with a key that no label has': {
    bad: [poolSpec({ machineConfigSelector: { matchExpressions: [{ key: '/x', operator: 'Exists' }] } })],
    mend: [SELECTOR],
    condition: 'RenderDegraded',
    says: 'spec.machineConfigSelector.matchExpressions[0].key: the prefix must not be empty',
  },
  'a selector of values without a value': {
    bad: [poolSpec({ machineConfigSelector: { matchExpressions: [{ key: ROLE, operator: 'In' }] } })],
    mend: [SELECTOR],
    condition: 'RenderDegraded',
    says: 'spec.machineConfigSelector.matchExpressions[0].values: must not be empty for the operator In',
  },
  'a stream where there are none': {
    bad: [base(''), poolSpec({ osImageStream: { name: 'nonesuch' } })],
    mend: [base('REGISTRY/base/os:1'), poolSpec({ osImageStream: null })],
    condition: 'RenderDegraded',
    says: 'MachineConfigPool "POOL": spec.osImageStream.name: "nonesuch": OSImageStream "cluster" does not exist; remove the field or create it',
  },
  'a kernel type that there is not': {
    bad: [site({ kernelType: 'fast' })],
    condition: 'RenderDegraded',
    says: 'MachineConfig "POOL-site": spec.kernelType: "fast" is not a kernel type; write default, realtime or 64k-pages',
  },
  'a kernel type in capitals': {
    bad: [site({ kernelType: 'Realtime' })],
    condition: 'RenderDegraded',
    says: 'MachineConfig "POOL-site": spec.kernelType: "Realtime" is not a kernel type; write default, realtime or 64k-pages',
  },
  'an extension that there is not': {
    bad: [site({ extensions: ['usbguard', 'nethack'] })],
    condition: 'RenderDegraded',
    says: 'MachineConfig "POOL-site": spec.extensions[1]: "nethack" is not an extension; write one of ipsec, kerberos, kernel-devel, sandboxed-containers, sysstat, two-node-ha, usbguard',
  },
  'an extension without a name': {
    bad: [site({ extensions: [''] })],
    condition: 'RenderDegraded',
    says: 'MachineConfig "POOL-site": spec.extensions[0]: "" is not an extension; write one of ipsec, kerberos, kernel-devel, sandboxed-containers, sysstat, two-node-ha, usbguard',
  },
  'kernel-devel with a realtime kernel': {
    bad: [site({ extensions: ['kernel-devel'], kernelType: 'realtime' })],
    condition: 'RenderDegraded',
    says: 'MachineConfig "POOL-site": spec.extensions[0]: the extension kernel-devel does not go with kernelType realtime; take one of them out',
  },
  'two faults at once': {
    bad: [site({ extensions: ['nethack'], kernelType: 'fast' })],
    condition: 'RenderDegraded',
    says: '2 problems\n  MachineConfig "POOL-site": spec.kernelType: "fast" is not a kernel type; write default, realtime or 64k-pages\n  MachineConfig "POOL-site": spec.extensions[0]: "nethack" is not an extension; write one of ipsec, kerberos, kernel-devel, sandboxed-containers, sysstat, two-node-ha, usbguard',
  },
  'MachineConfigs that together are too large': {
    given: [large('POOL-large', 'a')],
    bad: [large('POOL-site', 'b')],
    condition: 'RenderDegraded',
    says: /^the rendered MachineConfig has 1800\d{3} bytes, the API accepts 1572864; put large files into the base image; the biggest parts are MachineConfig "POOL-large": file \/etc\/a: 900\d{3} bytes; MachineConfig "POOL-site": file \/etc\/b: 900\d{3} bytes$/u,
  },
};

function large(name: string, at: string): Change {
  const source = `data:,${at.repeat(900_000)}`;
  return machineConfig(name, {
    config: {
      ignition: { version: '3.2.0' },
      storage: { files: [{ path: `/etc/${at}`, contents: { source } }] },
    },
  });
}
