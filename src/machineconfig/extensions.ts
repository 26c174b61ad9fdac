/** The extensions that a MachineConfig may ask for (contract §2.5). */
const EXTENSIONS: ReadonlySet<string> = new Set([
  'ipsec',
  'kerberos',
  'kernel-devel',
  'sandboxed-containers',
  'sysstat',
  'two-node-ha',
  'usbguard',
]);

/** What is wrong with the name of an extension; undefined if nothing is. */
export function extensionProblem(name: string): string | undefined {
  if (EXTENSIONS.has(name)) return undefined;
  return `${JSON.stringify(name)} is not an extension; write one of ${[...EXTENSIONS].join(', ')}`;
}
