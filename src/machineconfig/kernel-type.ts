/** The kernel of a rendered configuration. */
export type KernelType = 'default' | 'realtime' | '64k-pages';

/** What is wrong with `spec.kernelType`; undefined if nothing is. Empty means that the MachineConfig has no wish. */
export function kernelTypeProblem(kernelType: string): string | undefined {
  if (['', 'default', 'realtime', '64k-pages'].includes(kernelType)) return undefined;
  return `${JSON.stringify(kernelType)} is not a kernel type; write default, realtime or 64k-pages`;
}

/**
 * The last wish for a special kernel in merge order. A later `default` does not take it back (contract §2.4).
 */
export function mergeKernelTypes(kernelTypes: readonly (string | undefined)[]): KernelType {
  return kernelTypes.findLast(isSpecial) ?? 'default';
}

function isSpecial(kernelType: string | undefined): kernelType is 'realtime' | '64k-pages' {
  return kernelType === 'realtime' || kernelType === '64k-pages';
}
