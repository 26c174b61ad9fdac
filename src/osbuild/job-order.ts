import type { MachineOSBuild } from '../api/index.ts';
import type { ContainerBuildRequest } from './container-builder.ts';
import type { JobNames } from './job-names.ts';
import type { BuildJobSettings } from './job-settings.ts';
import type { RegistryAccess } from './pool-registry.ts';

/** A container build that a Job is to make. */
export interface JobOrder {
  readonly build: MachineOSBuild;
  readonly pool: string;
  /** As GOARCH names it. */
  readonly architecture: string;
  /** Varve's. */
  readonly namespace: string;
  readonly names: JobNames;
  readonly request: ContainerBuildRequest;
  readonly access: RegistryAccess;
  readonly settings: BuildJobSettings;
}
