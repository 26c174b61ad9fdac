/**
 * The extensions that a MachineConfig may ask for, and the packages that each stands for (contract §2.5).
 */
const EXTENSION_PACKAGES: ReadonlyMap<string, readonly string[]> = new Map([
  ['ipsec', ['NetworkManager-libreswan', 'libreswan', 'openvswitch3.5-ipsec']],
  ['kerberos', ['krb5-workstation', 'libkadm5']],
  ['kernel-devel', ['kernel-devel', 'kernel-headers']],
  ['sandboxed-containers', ['kata-containers']],
  ['sysstat', ['sysstat']],
  ['two-node-ha', ['pacemaker', 'pcs', 'fence-agents-all']],
  ['usbguard', ['usbguard']],
]);

/** What is wrong with the name of an extension; undefined if nothing is. */
export function extensionProblem(name: string): string | undefined {
  if (EXTENSION_PACKAGES.has(name)) return undefined;
  return `${JSON.stringify(name)} is not an extension; write one of ${[...EXTENSION_PACKAGES.keys()].join(', ')}`;
}
