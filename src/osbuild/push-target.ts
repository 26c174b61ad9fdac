import type { Reference } from '../oci/index.ts';
import { formatReference } from '../oci/index.ts';
import type { FoundImage, ResolvedBase } from './base-catalog.ts';
import type { CurrentImage } from './current-image.ts';
import { OsBuildError } from './osbuild-error.ts';

/**
 * Refuses a push that would take the base's own tag away from it: the next build would stand on this one's image, and
 * what no tag names, registries delete (host-contract §5.7).
 *
 * @param current what the tag of the push holds, as far as it was asked for.
 * @throws OsBuildError `push-over-base`
 */
export function refusePushOverBase(
  push: Reference,
  base: ResolvedBase<FoundImage>,
  current: CurrentImage | undefined,
): void {
  const { reference } = base;
  if (reference.registry !== push.registry || reference.repository !== push.repository) return;
  const tag = reference.tag ?? (reference.digest === undefined ? 'latest' : undefined);
  const digests = [base.digest, ...base.images.map((image) => image.digest)];
  if (tag !== push.tag && !digests.some((digest) => current?.manifests.has(digest) === true)) return;
  throw new OsBuildError(
    'push-over-base',
    `cannot push to ${formatReference(push)}: the image would take the place of its own base there; push to another tag or repository`,
  );
}
