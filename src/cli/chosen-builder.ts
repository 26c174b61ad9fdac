import { join } from 'node:path';
import { noBuilding, processBuilding, type ContainerBuilding } from '../controllers/index.ts';
import type { BuilderKind } from './builder-kinds.ts';
import { cacheDirectory, machineArchitecture, type Environment } from './environment.ts';

export interface BuilderFlags {
  readonly builder: BuilderKind;
  readonly cache?: string | undefined;
}

/** What a person does who needs a builder and has none. */
const REMEDY =
  'start varve controller with --builder process, as root on a machine with buildah, or make the image with varve build';

/** The builder that the flags ask for; a process only where they say so, since it takes root, and space on the disk. */
export function chosenBuilder(flags: BuilderFlags, environment: Environment): ContainerBuilding {
  if (flags.builder !== 'process') return noBuilding(REMEDY);
  return processBuilding({
    storage: join(cacheDirectory(flags.cache, environment), 'containers'),
    architecture: machineArchitecture(),
    path: environment.variables['PATH'] ?? '',
    uid: process.getuid?.(),
    why: 'as --builder process says',
  });
}
