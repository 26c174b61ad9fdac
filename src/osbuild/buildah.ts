import type { BuildahOptions } from './buildah-builder.ts';
import type { ContainerBuilders } from './container-builder.ts';
import { OsBuildError } from './osbuild-error.ts';

interface LocalBuildah extends BuildahOptions {
  /** The user of this process. */
  readonly uid: number | undefined;
}

/** buildah as a process of this machine, which loads when there is something to build: most pools need no container. */
export function buildahBuilders(options: LocalBuildah): ContainerBuilders {
  return {
    for: (architecture) => {
      if (architecture !== options.architecture) throw otherArchitecture(architecture, options);
      // It would pull the base, copy it layer by layer, and fail at the first command as if that were at fault.
      if (options.uid !== 0) throw notRoot(options.uid);
      return {
        description: 'buildah, as a process of this machine',
        build: async (request) => {
          const { BuildahBuilder } = await import('./buildah-builder.ts');
          return new BuildahBuilder(options).build(request);
        },
      };
    },
  };
}

function otherArchitecture(wanted: string, { architecture }: BuildahOptions): OsBuildError {
  return new OsBuildError(
    'no-builder',
    `cannot build in a container for ${wanted}: this machine is ${architecture}, and nothing is emulated; build on a machine of that architecture`,
  );
}

function notRoot(uid: number | undefined): OsBuildError {
  return new OsBuildError(
    'no-builder',
    `cannot build this pool's image in a container on this machine: buildah mounts what it builds, which takes root, and Varve runs as user ${uid ?? 'unknown'}; start it as root, or make the image with varve build on another machine`,
  );
}
