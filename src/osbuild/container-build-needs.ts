import type { MachineConfig, MachineOSConfig } from '../api/index.ts';
import { OciError, parseReference, type Reference } from '../oci/index.ts';
import type { CustomisationWish } from './customisation.ts';
import { packageWish } from './extension-build.ts';
import type { ExtensionCatalogue } from './extension-packages.ts';
import { OsBuildError } from './osbuild-error.ts';

/** Annotation of a MachineOSConfig: paths of the configuration that its Containerfile depends on without naming them. */
const BUILD_INPUTS_ANNOTATION = 'varve.dev/build-inputs';

/** Those that a MachineOSConfig can have a Containerfile for. */
const CONTAINERFILE_ARCHITECTURES: readonly string[] = ['amd64', 'arm64', 'ppc64le', 's390x'];

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
 * @param catalogue what extensions stand for. Default: those of every installation.
 * @throws OsBuildError `containerfile` with line and column of all that is wrong, `invalid-extension`, `invalid-kernel-type`,
 * `invalid-os-image` for the image of the extensions
 */
export async function containerWish(
  rendered: MachineConfig,
  osConfig: MachineOSConfig | undefined,
  architecture: string,
  catalogue?: ExtensionCatalogue,
): Promise<CustomisationWish | undefined> {
  const { extensions = [], kernelType = 'default' } = rendered.spec;
  const own = { extensions, kernelType, ...(catalogue === undefined ? {} : { catalogue }) };
  const wanted = packageWish(own, architecture);
  const needsPackages = wanted.extensions.length > 0 || wanted.kernel !== undefined;
  const extensionsImage = needsPackages ? extensionsImageOf(rendered) : undefined;
  const packages = { ...own, ...(extensionsImage === undefined ? {} : { extensionsImage }) };
  const text = containerfileFor(osConfig, architecture);
  if (!needsPackages && text === undefined) return undefined;
  const buildInputs = osConfig?.metadata.annotations?.[BUILD_INPUTS_ANNOTATION] ?? '';
  if (text === undefined) return { containerfile: undefined, ...packages, buildInputs };
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
    return needsPackages ? { containerfile: undefined, ...packages, buildInputs } : undefined;
  }
  return { containerfile, ...packages, buildInputs };
}

/**
 * Refuses what is wrong with what a pool wants before anything is asked or built.
 *
 * @param architectures as GOARCH names them; undefined where the base decides, so that what only one of them can have is no fault
 * @throws what `wishFor` does
 */
export async function refuseEarly(
  architectures: readonly string[] | undefined,
  wishFor: (architecture: string) => Promise<unknown>,
): Promise<void> {
  for (const name of architectures ?? CONTAINERFILE_ARCHITECTURES) {
    await wishFor(name).catch((error: unknown) => {
      const isOfOne = error instanceof OsBuildError && error.code === 'invalid-kernel-type';
      if (architectures !== undefined || !isOfOne) throw error;
    });
  }
}

/** Whether a pool asks for anything that {@link containerWish} may have to build in a container, whatever the architecture. */
export function mayNeedContainer({ spec }: MachineConfig, osConfig: MachineOSConfig | undefined): boolean {
  const { extensions = [], kernelType = 'default' } = spec;
  if (extensions.length > 0 || (kernelType !== '' && kernelType !== 'default')) return true;
  return (osConfig?.spec.containerFile ?? []).some(({ content }) => content.trim() !== '');
}

/** @throws OsBuildError `invalid-os-image` */
function extensionsImageOf({ spec }: MachineConfig): Reference | undefined {
  const { baseOSExtensionsContainerImage: image = '' } = spec;
  if (image === '') return undefined;
  try {
    return parseReference(image);
  } catch (cause) {
    if (!(cause instanceof OciError)) throw cause;
    // It is not repeated: what is no reference may hold a password.
    const field = 'spec.baseOSExtensionsContainerImage';
    const message = `cannot build this pool's image: ${field} of its MachineConfigs does not name an image; write registry/name@sha256:…`;
    throw new OsBuildError('invalid-os-image', message, { cause, field });
  }
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
