import { compareText } from '../ignition/index.ts';
import { debianKernel, RPM_KERNELS, type SpecialKernel } from './kernel-packages.ts';

/**
 * The part of a script that puts another kernel in the place of the base's own, in one transaction (contract §4.6), as a bootable
 * image has it: all of it below /usr/lib/modules, one only, with its initramfs (host-contract §5). A base that has that kind of
 * kernel is left alone.
 *
 * @param architecture of the image, as GOARCH names it
 */
export function kernelScript(kernel: SpecialKernel, architecture: string): string {
  const { core, install } = RPM_KERNELS[kernel];
  const others = Object.entries(RPM_KERNELS)
    .filter(([name]) => name !== kernel)
    .flatMap(([, { install: main, more }]) => main.concat(more))
    .sort(compareText);
  const suffix = debianKernel(architecture);
  return `${FINISH}${rpmSwap(core, install, others)}${debianSwap(kernel, suffix)}case $manager in apt-get) swap_debian ;; *) swap_rpm ;; esac
`;
}

/** dnf's shell says what went wrong and succeeds all the same: what it made is looked at. */
function rpmSwap(core: string, install: readonly string[], others: readonly string[]): string {
  return `swap_rpm() {
  if rpm -q ${core} >/dev/null 2>&1; then echo 'varve: ${core} is installed'; return; fi
  old=
  for one in ${others.join(' ')}; do
    if rpm -q "$one" >/dev/null 2>&1; then old="$old $one"; fi
  done
  new='${install.join(' ')}'
  echo "varve: $new in place of$old"
  # The kernel that runs is the builder's, which the image has nothing to do with.
  unprotected=--setopt=protect_running_kernel=False
  if have dnf; then
    case $(dnf --version 2>/dev/null) in
    *dnf5*)
      if [ -n "$old" ]; then dnf_with "$unprotected" do --action=remove $old --action=install $new; else dnf_with install $new; fi
      ;;
    *)
      : >"$work/swap"
      if [ -n "$old" ]; then echo "remove$old" >>"$work/swap"; fi
      printf 'install %s\\nrun\\n' "$new" >>"$work/swap"
      dnf_with "$unprotected" shell "$work/swap"
      ;;
    esac
  else
    # Without it a kernel's own scripts would run, which know nothing of ostree; newer ones have it from the beginning.
    rpm-ostree cliwrap install-to-root / >/dev/null 2>&1 || :
    set --
    for one in $new; do set -- "$@" --install "$one"; done
    if [ -n "$old" ]; then rpm-ostree override remove $old "$@"; else rpm-ostree install $new; fi
  fi
  rpm -q ${core} >/dev/null 2>&1 || fail 'the package manager did not install ${core}'
  finish_kernel "$(rpm -ql ${core} | sed -n 's,^.*/lib/modules/\\([^/]*\\)/vmlinuz$,\\1,p')"
}
`;
}

function debianSwap(kernel: SpecialKernel, suffix: string): string {
  if (kernel === '64k-pages') {
    return `swap_debian() { fail 'no package available: this distribution has no kernel with pages of 64 KiB'; }
`;
  }
  const wanted = `linux-image-rt-${suffix}`;
  // A minus at the end of a name has apt remove the package, in the same transaction.
  return `kernels() { dpkg-query -W -f '\${db:Status-Status} \${Package}\\n' 'linux-image-*' 2>/dev/null | sed -n 's/^installed //p'; }
realtime() { kernels | sed -n '/^linux-image-.*[0-9]-rt-${suffix}$/p'; }
swap_debian() {
  if [ -n "$(realtime)" ]; then echo "varve: $(realtime) is installed"; return; fi
  set --
  for one in $(kernels); do set -- "$@" "$one-"; done
  echo "varve: ${wanted} in place of $(kernels | tr '\\n' ' ')"
  apt install ${wanted} "$@"
  finish_kernel "$(dpkg-query -L $(realtime) | sed -n 's,^/boot/vmlinuz-,,p')"
}
`;
}

const FINISH = `finish_kernel() {
  modules=$root/usr/lib/modules
  version=$1
  case $version in '' | *[!A-Za-z0-9._+~-]*) fail "the packages of the kernel have not one kernel in them: $version" ;; esac
  [ -d "$modules/$version" ] || fail "the packages of the kernel have no modules in /usr/lib/modules/$version"
  # What nobody owns stays behind when a package goes, such as an initramfs.
  for other in "$modules"/*; do
    if [ "\${other##*/}" != "$version" ]; then rm -rf "$other"; fi
  done
  if have depmod; then depmod -b "\${root:-/}" "$version"; fi
  if [ ! -s "$modules/$version/initramfs.img" ]; then make_initramfs; fi
  if [ ! -e "$modules/$version/vmlinuz" ]; then mv "$root/boot/vmlinuz-$version" "$modules/$version/vmlinuz"; fi
  for file in config System.map; do
    if [ -e "$root/boot/$file-$version" ] && [ ! -e "$modules/$version/$file" ]; then mv "$root/boot/$file-$version" "$modules/$version/$file"; fi
  done
  # A host makes its own /boot of what is below /usr/lib/modules.
  rm -rf "$root/boot"/*"$version"* "$root/vmlinuz" "$root/vmlinuz.old" "$root/initrd.img" "$root/initrd.img.old"
}
make_initramfs() {
  if have dracut; then
    set --
    for module in "$root"/usr/lib/dracut/modules.d/*ostree; do if [ -d "$module" ]; then set -- --add ostree; fi; done
    DRACUT_NO_XATTR=1 dracut --force --no-hostonly --reproducible --kver "$version" "$@" "$modules/$version/initramfs.img"
  elif have update-initramfs; then
    update-initramfs -c -k "$version"
    mv "$root/boot/initrd.img-$version" "$modules/$version/initramfs.img"
  else
    fail 'the kernel needs an initramfs, and the base image has neither dracut nor update-initramfs to make it with'
  fi
  chmod 0600 "$modules/$version/initramfs.img"
}
`;
