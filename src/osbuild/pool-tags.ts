/**
 * The tags of a pool in the repository of its images, as the image streams of the founding design: `image` is what its
 * nodes run, `renderedConfig` the rendered configuration by itself, and `external` what an administrator pushes in place of
 * the base; it wins over osImageURL where it is there.
 */
export type PoolTags = Readonly<Record<'image' | 'renderedConfig' | 'external', string>>;

/** The tags of a pool. Pools may share a repository: see {@link tagConflict}. */
export function poolTags(pool: string): PoolTags {
  return { image: pool, renderedConfig: `${pool}-rendered-config`, external: `${pool}-external` };
}

/**
 * The pool among `others` that has a tag in common with this one, as `worker-external` has with `worker`: in one repository
 * each would take the other's tag away.
 *
 * @param others pools whose images go to the same repository
 */
export function tagConflict(pool: string, others: readonly string[]): string | undefined {
  const tags = new Set(Object.values(poolTags(pool)));
  return others.find(
    (other) => other !== pool && !tags.isDisjointFrom(new Set(Object.values(poolTags(other)))),
  );
}
