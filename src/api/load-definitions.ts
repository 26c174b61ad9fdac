import type { CustomResourceDefinition } from './definitions/index.ts';

/**
 * All kinds of the contract. They are loaded when they are asked for: a build needs none of them, and its process lives
 * for a tenth of a second, of which making them takes more than a millisecond.
 */
export async function loadCustomResourceDefinitions(): Promise<readonly CustomResourceDefinition[]> {
  return (await import('./definitions/index.ts')).customResourceDefinitions;
}
