import { join } from 'node:path';
import {
  jobBuilding,
  noBuilding,
  processBuilding,
  type ContainerBuilding,
  type Log,
} from '../controllers/index.ts';
import type { KubeClient } from '../kube/index.ts';
import type { BuilderKind } from './builder-kinds.ts';
import { cacheDirectory, machineArchitecture, type Environment } from './environment.ts';
import { jobSettings, type JobFlags } from './job-flags.ts';

export interface BuilderFlags extends JobFlags {
  readonly builder: BuilderKind;
  readonly cache?: string | undefined;
}

/** Where Jobs run. */
export interface BuilderCluster {
  readonly client: KubeClient;
  readonly namespace: string;
  readonly log: Log;
}

/** What a person does who needs a builder and has none. */
const REMEDY =
  'start varve controller with --builder-image REF, which has Jobs of the cluster build; or with --builder process, as root on a machine with buildah; or make the image with varve build';

/**
 * The builder that the flags ask for: Jobs where they name the image for them, a process only where they say so, since it takes root,
 * and space on the disk.
 *
 * @throws CliError `input`
 */
export function chosenBuilder(
  flags: BuilderFlags,
  environment: Environment,
  cluster: BuilderCluster,
): ContainerBuilding {
  const { builder, builderImage } = flags;
  if (builder === 'job' || (builder === 'auto' && builderImage !== undefined)) {
    const why = builder === 'job' ? 'as --builder job says' : 'since --builder-image names an image for that';
    return jobBuilding({ ...cluster, settings: jobSettings(flags), why });
  }
  if (builder !== 'process') return noBuilding(REMEDY);
  return processBuilding({
    storage: join(cacheDirectory(flags.cache, environment), 'containers'),
    architecture: machineArchitecture(),
    path: environment.variables['PATH'] ?? '',
    uid: process.getuid?.(),
    why: 'as --builder process says',
  });
}
