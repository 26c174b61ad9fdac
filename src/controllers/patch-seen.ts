import type { CallOptions, KubeClient, KubeObject, ResourceType } from '../kube/index.ts';
import { keyOf } from '../kube/index.ts';

/** What is to change (RFC 7386): null deletes, lists are replaced whole. */
interface MergePatch {
  readonly metadata?: object;
  readonly spec?: object;
  readonly status?: object;
  readonly data?: object;
}

/**
 * Merges a patch into an object as the decision saw it: the write fails as `conflict` if anybody changed it since, and as
 * `not-found` or `conflict` if another of its name has taken its place.
 *
 * @param options.subresource such as `status`
 */
export function patchSeen<T extends KubeObject>(
  client: Pick<KubeClient, 'patch'>,
  type: ResourceType<T>,
  seen: T,
  patch: MergePatch,
  options: CallOptions & { readonly subresource?: string },
): Promise<T> {
  const { uid, resourceVersion } = seen.metadata;
  const { metadata, ...rest } = patch;
  const merged = {
    ...rest,
    metadata: {
      ...metadata,
      uid: uid ?? null,
      resourceVersion: resourceVersion ?? null,
    },
  };
  return client.patch(type, keyOf(seen), { type: 'merge', patch: merged }, options);
}
