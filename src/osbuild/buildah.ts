import type { BuildahOptions } from './buildah-builder.ts';
import type { ContainerBuilders } from './container-builder.ts';
import { OsBuildError } from './osbuild-error.ts';

/** buildah as a process of this machine, which loads when there is something to build: most pools need no container. */
export function buildahBuilders(options: BuildahOptions): ContainerBuilders {
  return {
    for: (architecture) => {
      if (architecture !== options.architecture) throw otherArchitecture(architecture, options);
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
