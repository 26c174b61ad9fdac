import { join } from 'node:path';
import type { AuthSource } from '../oci/index.ts';
import { buildahBuilders, OsBuildError, poolCredentials } from '../osbuild/index.ts';
import type { ContainerBuilding } from './container-building.ts';

export interface ProcessBuildingOptions {
  /** Where builders keep what they need while they build; made if it is missing. */
  readonly storage: string;
  /** Of this machine, as GOARCH names it. */
  readonly architecture: string;
  /** Where buildah is looked for, as PATH. */
  readonly path: string;
  /** The user of this process. */
  readonly uid: number | undefined;
  /** Why it is this builder, for people: `as varve up does`. */
  readonly why: string;
}

/** Container builds by a buildah that is a process of this machine. */
export function processBuilding(options: ProcessBuildingOptions): ContainerBuilding {
  const { storage, architecture, path, uid, why } = options;
  return {
    kind: 'process',
    buildersFor: ({ access, pool, push, onBuilder }) => {
      const auth: AuthSource = poolCredentials(access, [push]);
      const { insecureRegistries, certificateAuthorities } = access;
      const builders = buildahBuilders({
        storage,
        architecture,
        auth,
        insecureRegistries,
        certificateAuthorities,
        path,
        uid,
        packageCache: join(storage, 'packages', pool),
      });
      return {
        for: (wanted) => {
          const builder = builders.for(wanted);
          const description = `${builder.description}, ${why}`;
          onBuilder({ description });
          return { description, build: (request) => builder.build(request) };
        },
      };
    },
  };
}

/** No container builds: nobody has said where. */
export function noBuilding(remedy: string): ContainerBuilding {
  return {
    kind: 'none',
    buildersFor: () => ({
      for: () => {
        throw new OsBuildError(
          'no-builder',
          `cannot build this pool's image: it needs a container build, for its Containerfile, extensions or kernel, and this controller has no builder; ${remedy}`,
        );
      },
    }),
  };
}
