import type { BuildahOptions } from './buildah-builder.ts';
import type { ContainerBuilder } from './container-builder.ts';

/** buildah as a process of this machine, which loads when there is something to build: most pools need no container. */
export function buildahBuilder(options: BuildahOptions): ContainerBuilder {
  return {
    architecture: options.architecture,
    build: async (request) => {
      const { BuildahBuilder } = await import('./buildah-builder.ts');
      await new BuildahBuilder(options).build(request);
    },
  };
}
