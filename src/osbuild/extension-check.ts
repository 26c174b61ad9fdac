import { describePackages, packageLists, type PackageWish } from './extension-script.ts';
import { type ScriptSurroundings, shellPrelude } from './extension-shell.ts';
import { debianKernel, RPM_KERNELS, type SpecialKernel } from './kernel-packages.ts';

/** What a script that Varve runs in a build says of what is missing at its end, for `containerBuildError` to know it again. */
export const MISSING_PACKAGES = 'packages are missing from the image at the end of the build';

/**
 * A script for the very end of a build, when a person's commands can undo nothing any more: the packages of the extensions and of
 * the kernel are in the database of the image's package manager, and exactly one kernel is there, with its initramfs.
 */
export function packageCheck(wish: PackageWish, surroundings: ScriptSurroundings = {}): string {
  const { kernel, architecture } = wish;
  return [
    shellPrelude(`By Varve: are ${describePackages(wish)} in the image?`, surroundings),
    packageLists(wish),
    CHECK,
    kernel === undefined ? '' : kernelCheck(kernel, debianKernel(architecture)),
    `[ -z "$missing" ] || fail "${MISSING_PACKAGES}:$missing"\n`,
    kernel === undefined ? '' : ONE_KERNEL,
  ].join('');
}

const CHECK = `is_installed() {
  if [ "$family" = debian ]; then
    dpkg-query -W -f '\${db:Status-Status}\\n' "$1" 2>/dev/null | grep -qx installed ||
      dpkg-query -W -f '\${db:Status-Status}, \${Provides},\\n' | grep -q "^installed,.* $1[ ,]"
  else rpm -q --quiet "$1" || rpm -q --quiet --whatprovides "$1"; fi
}
missing=
for one in $packages; do
  is_installed "$one" || missing="$missing $one"
done
`;

function kernelCheck(kernel: SpecialKernel, suffix: string): string {
  return `case $family in
debian) dpkg-query -W -f '\${db:Status-Status} \${Package}\\n' 'linux-image-*' 2>/dev/null | grep -q '^installed linux-image-.*[0-9]-rt-${suffix}$' || missing="$missing linux-image-rt-${suffix}" ;;
*) is_installed ${RPM_KERNELS[kernel].core} || missing="$missing ${RPM_KERNELS[kernel].core}" ;;
esac
`;
}

const ONE_KERNEL = `set -- "$root"/usr/lib/modules/*/vmlinuz
[ $# -eq 1 ] && [ -e "$1" ] || fail "a host boots exactly one kernel, and the image has these at the end of the build: $*"
[ -s "\${1%/*}/initramfs.img" ] || fail "the kernel has no initramfs at the end of the build: \${1%/*}/initramfs.img"
`;
