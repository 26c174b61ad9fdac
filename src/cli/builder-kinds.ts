/** Who makes container builds for the controllers. */
export const BUILDER_KINDS = ['auto', 'process', 'job', 'none'] as const;

export type BuilderKind = (typeof BUILDER_KINDS)[number];

/** The same where there are no kubelets that would run a Job. */
export const LOCAL_BUILDER_KINDS = ['auto', 'process', 'none'] as const;
