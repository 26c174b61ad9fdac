/** The extensions that a MachineConfig may ask for (contract §2.5); an installation may add its own. */
const EXTENSIONS = [
  'ipsec',
  'kerberos',
  'kernel-devel',
  'sandboxed-containers',
  'sysstat',
  'two-node-ha',
  'usbguard',
] as const;

/** One that every installation has. */
export type Extension = (typeof EXTENSIONS)[number];

/**
 * What is wrong with the name of an extension; undefined if nothing is.
 *
 * @param more those that the installation has besides
 */
export function extensionProblem(name: string, more: readonly string[] = []): string | undefined {
  const known = [...new Set([...EXTENSIONS, ...more])].sort();
  if (known.includes(name)) return undefined;
  return `${JSON.stringify(name)} is not an extension; write one of ${known.join(', ')}`;
}
