import type { MachineConfig, MachineOSConfig } from '../api/index.ts';
import type { CustomisationWish } from './customisation.ts';
import { OsBuildError } from './osbuild-error.ts';

/** Annotation of a MachineOSConfig: paths of the configuration that its Containerfile depends on without naming them. */
const BUILD_INPUTS_ANNOTATION = 'varve.dev/build-inputs';

/** What the API calls an architecture that GOARCH calls otherwise; a Containerfile for all of them is `NoArch`. */
const ARCHITECTURES: Readonly<Record<string, string>> = {
  amd64: 'AMD64',
  arm64: 'ARM64',
  ppc64le: 'PPC64LE',
  s390x: 'S390X',
};

/**
 * What a pool wants of its image that only a container build can give: packages, or commands (architecture D2); undefined where it
 * is assembled directly.
 *
 * @param architecture as GOARCH names it; a Containerfile for it goes before one for all
 * @throws OsBuildError `containerfile` with line and column of all that is wrong, `needs-container-build` for another kernel
 */
export async function containerWish(
  rendered: MachineConfig,
  osConfig: MachineOSConfig | undefined,
  architecture: string,
): Promise<CustomisationWish | undefined> {
  const { extensions = [] } = rendered.spec;
  refuseKernel(rendered);
  const text = containerfileFor(osConfig, architecture);
  if (extensions.length === 0 && text === undefined) return undefined;
  const buildInputs = osConfig?.metadata.annotations?.[BUILD_INPUTS_ANNOTATION] ?? '';
  if (text === undefined) return { containerfile: undefined, extensions, buildInputs };
  // Most pools have none, and a build is over before the parser would have loaded.
  const { readContainerfile } = await import('./containerfile.ts');
  const reading = readContainerfile(text);
  if (reading.state === 'refused') {
    const { formatProblem } = await import('./containerfile-problems.ts');
    const name = osConfig?.metadata.name ?? '';
    throw new OsBuildError(
      'containerfile',
      `cannot build the Containerfile of MachineOSConfig ${name}: ${reading.problems.map(formatProblem).join('; ')}`,
      { field: 'spec.containerFile' },
    );
  }
  // Comments alone ask for nothing.
  const { containerfile } = reading;
  if (containerfile.stages.length === 0) {
    return extensions.length === 0 ? undefined : { containerfile: undefined, extensions, buildInputs };
  }
  return { containerfile, extensions, buildInputs };
}

/** Whether a pool asks for anything that {@link containerWish} may have to build in a container, whatever the architecture. */
export function mayNeedContainer({ spec }: MachineConfig, osConfig: MachineOSConfig | undefined): boolean {
  const { extensions = [], kernelType = 'default' } = spec;
  if (extensions.length > 0 || (kernelType !== '' && kernelType !== 'default')) return true;
  return (osConfig?.spec.containerFile ?? []).some(({ content }) => content.trim() !== '');
}

function refuseKernel({ spec: { kernelType = 'default' } }: MachineConfig): void {
  if (kernelType === '' || kernelType === 'default') return;
  throw new OsBuildError(
    'needs-container-build',
    `cannot build this pool's image: kernelType ${kernelType} replaces the kernel's packages, which Varve does not do yet; ` +
      "remove spec.kernelType from the pool's MachineConfigs, or take a base image with that kernel",
    { field: 'spec.kernelType' },
  );
}

function containerfileFor(osConfig: MachineOSConfig | undefined, architecture: string): string | undefined {
  // Of a file on disk nobody has filled in what is absent.
  const files: readonly { readonly containerfileArch?: string; readonly content: string }[] =
    osConfig?.spec.containerFile ?? [];
  const own = files.find(({ containerfileArch }) => containerfileArch === ARCHITECTURES[architecture]);
  const all = files.find(({ containerfileArch }) => (containerfileArch ?? 'NoArch') === 'NoArch');
  const content = (own ?? all)?.content;
  return content === undefined || content.trim() === '' ? undefined : content;
}
