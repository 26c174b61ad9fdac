import { isDeepStrictEqual } from 'node:util';
import type { MachineConfig } from '../api/index.ts';

/**
 * What another rendered configuration means for a pool's image (contract §4.2, appendix A.2). Every change makes a new image;
 * the difference is what it is made from:
 * - `none`: the images are the same.
 * - `layer`: the operating system stays; only the layer of the configuration is made anew.
 * - `rebuild`: another operating system: base, kernel, packages or kernel arguments.
 */
export interface ImageChange {
  readonly kind: 'none' | 'layer' | 'rebuild';
  /** The fields that changed, sorted. */
  readonly fields: readonly string[];
}

type Field = keyof MachineConfig['spec'];

const REBUILDS: readonly Field[] = ['extensions', 'kernelArguments', 'kernelType', 'osImageURL'];
const LAYERS: readonly Field[] = ['baseOSExtensionsContainerImage', 'config', 'fips'];

/** Compares two rendered MachineConfigs. What is absent, null or empty is the same. */
export function imageChange(before: MachineConfig, after: MachineConfig): ImageChange {
  const differ = (field: Field): boolean =>
    !isDeepStrictEqual(meaning(before.spec, field), meaning(after.spec, field));
  const rebuilds = REBUILDS.filter(differ);
  const layers = LAYERS.filter(differ);
  const kind = rebuilds.length > 0 ? 'rebuild' : layers.length > 0 ? 'layer' : 'none';
  return { kind, fields: [...rebuilds, ...layers].map((field) => `spec.${field}`).sort() };
}

/** A field's value in one form for all that means the same. */
function meaning(spec: MachineConfig['spec'], field: Field): unknown {
  const value = spec[field] ?? undefined;
  if (value === '' || value === false) return undefined;
  if (field === 'kernelType' && value === 'default') return undefined;
  return Array.isArray(value) && value.length === 0 ? undefined : value;
}
