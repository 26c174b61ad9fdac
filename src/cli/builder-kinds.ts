/** Who makes container builds for the controllers. */
export const BUILDER_KINDS = ['auto', 'process', 'none'] as const;

export type BuilderKind = (typeof BUILDER_KINDS)[number];
