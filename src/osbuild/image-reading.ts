import type { Descriptor, ImageIndex, Reference } from '../oci/index.ts';
import { formatReference, OciError, selectManifests } from '../oci/index.ts';
import { OsBuildError } from './osbuild-error.ts';

/**
 * Runs a reader of an image's documents or layers, whose errors say what is wrong, so that they also say of which image.
 * Errors that name their registry know that themselves.
 *
 * @throws OsBuildError `base-malformed`
 */
export function readImage<T>(reference: Reference, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw withImage(reference, error);
  }
}

/** What {@link readImage} throws for an error of a reader. */
export function withImage(reference: Reference, error: unknown): unknown {
  if (!(error instanceof OciError) || error.registry !== undefined) return error;
  const reason = error.message.replace(/^cannot read /u, '');
  return new OsBuildError(
    'base-malformed',
    `cannot read image ${formatReference(reference)}: ${reason}; push the image again`,
    { cause: error },
  );
}

/**
 * The images of an index for an architecture, or for `all`.
 *
 * @throws OsBuildError `image-missing` that names the architectures there are.
 */
export function chooseImages(
  reference: Reference,
  index: ImageIndex,
  architecture: string,
): readonly Descriptor[] {
  try {
    return selectManifests(index, architecture);
  } catch (error) {
    if (!(error instanceof OciError)) throw error;
    const reason = error.message.replace(/^.*from index: /u, '');
    throw new OsBuildError(
      'image-missing',
      `cannot find an image for ${architecture} in ${formatReference(reference)}: ${reason}; choose with --arch`,
      { cause: error },
    );
  }
}
