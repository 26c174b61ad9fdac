import { DEFAULT_JOB_SETTINGS, type BuildJobSettings } from '../osbuild/index.ts';
import { CliError } from './cli-error.ts';

/** How the Jobs of container builds are, as far as a person says. */
export interface JobFlags {
  readonly builderImage?: string | undefined;
  readonly buildRequests?: Readonly<Record<string, string>> | undefined;
  readonly buildLimits?: Readonly<Record<string, string>> | undefined;
  /** Milliseconds. */
  readonly buildDeadline: number;
  readonly buildCacheClaim?: string | undefined;
}

/** @throws CliError `input` without a builder's image */
export function jobSettings(flags: JobFlags): BuildJobSettings {
  const { builderImage, buildRequests, buildLimits, buildDeadline, buildCacheClaim } = flags;
  if (builderImage === undefined) {
    throw new CliError(
      'input',
      'cannot use --builder job without --builder-image REF: the image of deploy/builder/Containerfile, where the cluster pulls it from',
    );
  }
  const { resources } = DEFAULT_JOB_SETTINGS;
  return {
    ...DEFAULT_JOB_SETTINGS,
    image: builderImage,
    resources: {
      requests: { ...resources.requests, ...buildRequests },
      limits: { ...resources.limits, ...buildLimits },
    },
    deadline: buildDeadline,
    ...(buildCacheClaim === undefined ? {} : { cacheClaim: buildCacheClaim }),
  };
}
