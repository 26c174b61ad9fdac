import type { Reference } from '../oci/index.ts';
import { parseReference, withTag } from '../oci/index.ts';
import { CliError } from './cli-error.ts';
import type { Manifests } from './manifests.ts';
import { poolNamed } from './manifests.ts';

/** The reference in a MachineConfig; a bad one is refused with its place. */
export function readOsImageURL(manifests: Manifests, text: string): Reference {
  try {
    return parseReference(text);
  } catch (error) {
    const owner = manifests.machineConfigs.find(({ spec }) => spec.osImageURL === text)?.metadata.name ?? '';
    const place = manifests.locate('MachineConfig', owner, ['spec', 'osImageURL']);
    if (place === undefined || !(error instanceof Error)) throw error;
    throw new CliError(
      'input',
      `${error.message} (${place}: MachineConfig ${JSON.stringify(owner)}: spec.osImageURL)`,
      { cause: error },
    );
  }
}

/** A push needs a tag: what no tag names, registries delete (host-contract §5.7). */
export function pushReference(text: string): Reference {
  const reference = parseReference(text);
  if (reference.digest !== undefined) {
    throw new CliError(
      'input',
      `cannot push to ${text}: a digest names content that exists already; write a tag instead`,
    );
  }
  return reference.tag === undefined ? withTag(reference, 'latest') : reference;
}

/** Where the MachineOSConfig of a pool has its image pushed. */
export function pushFromPool(manifests: Manifests, pool: string): Reference {
  const osConfig = manifests.osConfigs.find((candidate) => candidate.spec.machineConfigPool.name === pool);
  if (osConfig === undefined) {
    throw new CliError(
      'input',
      `cannot push the image of pool ${pool}: name where with --push, or add its MachineOSConfig with -f`,
    );
  }
  poolNamed(manifests, pool);
  return pushReference(osConfig.spec.renderedImagePushSpec);
}
