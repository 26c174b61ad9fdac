import { OsBuildError } from '../osbuild/index.ts';
import type { ContainerBuilding } from './container-building.ts';
import { architectureOf } from './pool-architectures.ts';
import type { PoolNode } from './resources.ts';

/**
 * The same container builds, but for Jobs refused at once for an architecture that no node of the cluster is of: such a Job would wait
 * for one until its deadline. Where there are no nodes, or one does not tell of which it is, nobody knows.
 */
export function nativeBuilding(
  containers: ContainerBuilding,
  nodes: () => Iterable<PoolNode>,
): ContainerBuilding {
  if (containers.kind !== 'job') return containers;
  return {
    ...containers,
    buildersFor: (order) => {
      const builders = containers.buildersFor(order);
      return {
        for: (architecture) => {
          const found = new Set(Array.from(nodes(), architectureOf));
          if (found.size > 0 && !found.has(undefined) && !found.has(architecture)) {
            throw noNode(architecture, [...found].join(', '));
          }
          return builders.for(architecture);
        },
      };
    },
  };
}

function noNode(architecture: string, found: string): OsBuildError {
  return new OsBuildError(
    'no-builder',
    `cannot build the image for ${architecture} in a container: the cluster has no node of ${architecture}, only of ${found}, and nothing is emulated; add one and ask for a rebuild, or name other architectures in the annotation varve.dev/architectures of the MachineOSConfig`,
  );
}
