// The tags that container builds leave in a push repository, beside those of pools and of builds.

/**
 * - `customisation`: what a container build has made of a base, kept to be used again.
 * - `configs`: the base with the configuration that the build of that key saw; it is what the build began with.
 * - `build`: what a builder has pushed; its tag goes when the build has ended.
 */
export type CustomisationTagKind = 'customisation' | 'configs' | 'build';

/** The tag of what a container build has made. */
export function customisationTag(key: string): string {
  return `customisation-${key}`;
}

/** The tag of the image that a container build begins with. */
export function configsTag(key: string): string {
  return `configs-${key}`;
}

/** @param nonce eight hexadecimal digits: two machines may be making the same */
export function builderTag(key: string, nonce: string): string {
  return `build-${key}-${nonce}`;
}

const PATTERN = /^(?:(customisation|configs)-([0-9a-f]{32})|build-([0-9a-f]{32})-[0-9a-f]{8})$/;

/** Whether a tag is one of these, and of which key. */
export function readCustomisationTag(
  tag: string,
): { readonly kind: CustomisationTagKind; readonly key: string } | undefined {
  const [, kind, key, made] = PATTERN.exec(tag) ?? [];
  if (made !== undefined) return { kind: 'build', key: made };
  if (key === undefined) return undefined;
  return { kind: kind === 'configs' ? 'configs' : 'customisation', key };
}

/** Whether a tag is of what container builds keep or leave. */
export function isCustomisationTag(tag: string): boolean {
  return readCustomisationTag(tag) !== undefined;
}
