import type { MachineConfig, MachineOSConfig } from '../api/index.ts';
import { OsBuildError } from './osbuild-error.ts';

/**
 * Refuses a pool that needs packages or commands in its image, which only a container build can give (architecture
 * D2). Everything else is assembled directly.
 *
 * @throws OsBuildError `needs-container-build` that names the field.
 */
export function refuseContainerBuild(rendered: MachineConfig, osConfig: MachineOSConfig | undefined): void {
  const { extensions = [], kernelType = 'default' } = rendered.spec;
  if (extensions.length > 0) {
    throw needsContainer('spec.extensions', `extensions [${extensions.join(', ')}] are packages`);
  }
  if (kernelType !== '' && kernelType !== 'default') {
    throw needsContainer('spec.kernelType', `kernelType ${kernelType} replaces the kernel's packages`);
  }
  if ((osConfig?.spec.containerFile ?? []).length > 0) {
    throw needsContainer(
      'spec.containerFile',
      `MachineOSConfig ${osConfig?.metadata.name ?? ''} has a Containerfile`,
    );
  }
}

function needsContainer(field: string, what: string): OsBuildError {
  return new OsBuildError(
    'needs-container-build',
    `cannot build this pool's image directly: ${what}, which needs a container build, and Varve makes none yet; ` +
      `remove ${field} from the pool's objects`,
    { field },
  );
}
