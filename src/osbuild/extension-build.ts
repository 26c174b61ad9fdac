import type { Digest, Reference, RegistryClient } from '../oci/index.ts';
import { formatReference, withDigest } from '../oci/index.ts';
import type { AssembledScript } from './containerfile-assembly.ts';
import { packageCheck } from './extension-check.ts';
import {
  type ExtensionCatalogue,
  extensionCatalogue,
  packageNames,
  wantedExtensions,
} from './extension-packages.ts';
import { describePackages, packageScript, type PackageWish } from './extension-script.ts';
import { specialKernel } from './kernel-packages.ts';
import { OsBuildError } from './osbuild-error.ts';

/** What a pool wants of packages, as its rendered MachineConfig says it. */
export interface WantedPackages {
  readonly extensions: readonly string[];
  /** Default: those of every installation. */
  readonly catalogue?: ExtensionCatalogue;
  /** Default: the base's own kernel. */
  readonly kernelType?: string;
  /** The image that extensions and kernels come from. Default: the repositories that the base and the configuration name. */
  readonly extensionsImage?: Reference;
}

/** What a container build does for extensions and kernels, and what its key has to say of that. */
export interface PackageBuild {
  /** Run around the user's own instructions; none where nothing is wanted. */
  readonly scripts: { readonly before?: AssembledScript; readonly after?: AssembledScript };
  /** Images that they need. */
  readonly images: readonly Reference[];
  /** For the key. */
  readonly extensionsImage: Digest | undefined;
  readonly extensionPackages: Readonly<Record<string, readonly string[]>>;
  readonly kernelType: string;
  /** Paths of the configuration that the package managers read, or what makes an initramfs. */
  readonly reads: string;
}

/** Where the build has the content of the extensions image: nothing of it is left in a layer there. */
const CONTENT = '/run/varve-extensions';

/** What package managers read besides what every build sees. */
const PACKAGE_SETTINGS = '/etc/dpkg /etc/libdnf /etc/rhsm /etc/rpm-ostreed.conf /etc/trusted-key.key';
/** What goes into an initramfs, or says how it is made. */
const KERNEL_SETTINGS =
  '/etc/dracut.conf /etc/dracut.conf.d /etc/initramfs-tools /etc/kernel /etc/modprobe.d /etc/modules';

/**
 * Plans the installation of extensions and kernels.
 *
 * @param architecture of the image, as GOARCH names it
 * @throws OsBuildError `invalid-extension`, `invalid-kernel-type`; `image-missing` for an extensions image that is not there
 */
export async function planPackages(
  registry: Pick<RegistryClient, 'resolve'>,
  wanted: WantedPackages,
  architecture: string,
): Promise<PackageBuild> {
  const wish = packageWish(wanted, architecture);
  const extensionPackages = packageNames(wish.extensions);
  const kernelType = wish.kernel ?? 'default';
  if (wish.extensions.length === 0 && wish.kernel === undefined) {
    return { scripts: {}, images: [], extensionsImage: undefined, extensionPackages, kernelType, reads: '' };
  }
  const { extensionsImage: named } = wanted;
  const image = named === undefined ? undefined : withDigest(named, await resolve(registry, named));
  const what = describePackages(wish);
  const content = image === undefined ? {} : { content: CONTENT };
  return {
    scripts: {
      before: {
        name: 'packages',
        text: packageScript(wish, content),
        description: `install ${what}`,
        ...(image === undefined ? {} : { image: { reference: formatReference(image), folder: CONTENT } }),
      },
      after: { name: 'check', text: packageCheck(wish), description: `look whether the image has ${what}` },
    },
    images: image === undefined ? [] : [image],
    extensionsImage: image?.digest,
    extensionPackages,
    kernelType,
    reads: wish.kernel === undefined ? PACKAGE_SETTINGS : `${PACKAGE_SETTINGS} ${KERNEL_SETTINGS}`,
  };
}

/**
 * What is wanted for an image of one architecture.
 *
 * @throws OsBuildError `invalid-extension`, `invalid-kernel-type`
 */
export function packageWish(
  { extensions, catalogue = extensionCatalogue(), kernelType }: WantedPackages,
  architecture: string,
): PackageWish {
  return {
    extensions: wantedExtensions(extensions, catalogue),
    kernel: specialKernel(kernelType, architecture),
    architecture,
  };
}

async function resolve(registry: Pick<RegistryClient, 'resolve'>, image: Reference): Promise<Digest> {
  if (image.digest !== undefined) return image.digest;
  const field = 'spec.baseOSExtensionsContainerImage';
  const found = await registry.resolve(image);
  if (found !== undefined) return found.digest;
  throw new OsBuildError(
    'image-missing',
    `cannot find the extensions image ${formatReference(image)}: the registry has no such repository or tag; check ${field}`,
    { field },
  );
}
