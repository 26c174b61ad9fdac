import type { Reference } from '../oci/index.ts';
import { formatReference, OciError, parseReference } from '../oci/index.ts';
import { OsBuildError } from './osbuild-error.ts';
import { poolTags } from './pool-tags.ts';

/**
 * The image that `spec.osImageURL` of a rendered MachineConfig names.
 *
 * @throws OsBuildError `invalid-os-image`
 */
export function readOsImageURL(text: string): Reference {
  try {
    return parseReference(text);
  } catch (error) {
    if (!(error instanceof OciError)) throw error;
    const message =
      text === ''
        ? 'cannot build on no base: spec.osImageURL of the rendered MachineConfig is empty; set spec.osImageURL of a MachineConfig of the pool'
        : `${error.message} (spec.osImageURL of a MachineConfig of the pool)`;
    throw new OsBuildError('invalid-os-image', message, { cause: error, field: 'spec.osImageURL' });
  }
}

/**
 * Refuses a base that is what the pool's own builds make: it would be built anew for ever.
 *
 * @throws OsBuildError `push-over-base`
 */
export function refuseOwnImage(pool: string, base: Reference, push: Reference): void {
  const { image, renderedConfig } = poolTags(pool);
  const { registry, repository, tag = 'latest', digest } = base;
  if (registry !== push.registry || repository !== push.repository || digest !== undefined) return;
  if (tag !== image && tag !== renderedConfig) return;
  throw new OsBuildError(
    'push-over-base',
    `cannot build on ${formatReference(base)}: spec.osImageURL of the rendered MachineConfig is a tag that Varve lets name what it makes for pool ${pool}; push the base under another tag, or let spec.renderedImagePushSpec of the MachineOSConfig name another repository`,
    { field: 'spec.osImageURL' },
  );
}

/** The error for a base that is not there. */
export function missingBase(reference: Reference): OsBuildError {
  return new OsBuildError(
    'image-missing',
    `cannot find base image ${formatReference(reference)}: the registry has no such repository or tag; push it there, or correct spec.osImageURL of the pool's MachineConfigs`,
    { field: 'spec.osImageURL' },
  );
}
