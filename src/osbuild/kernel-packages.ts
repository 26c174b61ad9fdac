import type { KernelType } from '../machineconfig/index.ts';
import { OsBuildError } from './osbuild-error.ts';

/** A kernel that is not the base image's own. */
export type SpecialKernel = Exclude<KernelType, 'default'>;

/** What a kernel consists of where packages are rpm; the first is what says whether it is installed. */
export interface KernelPackages {
  readonly core: string;
  /** To be installed (contract §4.6). */
  readonly install: readonly string[];
  /** To be removed with it, besides what is installed. */
  readonly more: readonly string[];
}

/** Contract §4.6. */
export const RPM_KERNELS: Readonly<Record<KernelType, KernelPackages>> = {
  default: {
    core: 'kernel-core',
    install: ['kernel', 'kernel-core', 'kernel-modules', 'kernel-modules-core', 'kernel-modules-extra'],
    more: [],
  },
  realtime: {
    core: 'kernel-rt-core',
    install: ['kernel-rt-core', 'kernel-rt-modules', 'kernel-rt-modules-extra', 'kernel-rt-kvm'],
    more: ['kernel-rt', 'kernel-rt-modules-core'],
  },
  '64k-pages': {
    core: 'kernel-64k-core',
    install: ['kernel-64k-core', 'kernel-64k-modules', 'kernel-64k-modules-core', 'kernel-64k-modules-extra'],
    more: ['kernel-64k'],
  },
};

/** What Debian calls an architecture at the end of its kernels' names, where GOARCH has another word. */
const DEBIAN_KERNELS: Readonly<Record<string, string>> = { ppc64le: 'powerpc64le' };

/** How the names of Debian's kernels end: `linux-image-amd64`. @param architecture as GOARCH names it */
export function debianKernel(architecture: string): string {
  return DEBIAN_KERNELS[architecture] ?? architecture;
}

/**
 * The kernel that a pool wants in place of its base's own; undefined where it wants none. `default` leaves the base's as it is, even
 * where that is a special one (contract §4.6).
 *
 * @param architecture of the image, as GOARCH names it
 * @throws OsBuildError `invalid-kernel-type`
 */
export function specialKernel(
  kernelType: string | undefined,
  architecture: string,
): SpecialKernel | undefined {
  switch (kernelType ?? '') {
    case '':
    case 'default':
      return undefined;
    case 'realtime':
      return 'realtime';
    case '64k-pages':
      if (architecture === 'arm64') return '64k-pages';
      throw invalid(
        `kernelType 64k-pages is for arm64, and the image is for ${architecture}: only there pages can have 64 KiB`,
      );
    default:
      throw invalid(
        `${JSON.stringify(kernelType)} is not a kernel type; write default, realtime or 64k-pages`,
      );
  }
}

function invalid(why: string): OsBuildError {
  return new OsBuildError('invalid-kernel-type', `cannot build this pool's image: ${why}`, {
    field: 'spec.kernelType',
  });
}
