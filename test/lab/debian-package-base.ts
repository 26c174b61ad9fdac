import { mkdir, rename, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type DebianPackage, debianArchitecture, makeDebianRepository } from './debian-repository.ts';

/** Where the base has the repository that its apt knows; nothing of it needs a network. */
const REPOSITORY = 'usr/share/debian-repository';

/**
 * Packages of Debian that are in the repository, and not installed, with all that they need: autofs is what the founding
 * documents install, tcc the smallest compiler.
 */
const REAL = ['autofs', 'libc6-dev', 'tcc'];

/** The kernel that the base has. */
const KERNEL = '6.1.0-1';

/**
 * What mmdebstrap runs in the tree while apt knows the machine's mirrors: the real packages are fetched, and the kernel is installed
 * from the made-up ones, as a machine's own is: by dpkg.
 */
export async function packageHooks(folder: string): Promise<readonly string[]> {
  const architecture = await debianArchitecture();
  const apt = 'chroot "$1" env DEBIAN_FRONTEND=noninteractive apt-get -y --no-install-recommends';
  const installed = [
    `linux-image-${KERNEL}-${architecture}`,
    `linux-image-${architecture}`,
    'initramfs-tools',
  ];
  return [
    `${apt} --download-only install ${REAL.join(' ')}`,
    `mkdir -p "$1"/${REPOSITORY}`,
    `mv "$1"/var/cache/apt/archives/*.deb ${folder}/*.deb "$1"/${REPOSITORY}/`,
    `chroot "$1" dpkg --install ${installed.map((name) => `/${REPOSITORY}/${name}_1_${architecture}.deb`).join(' ')}`,
  ];
}

/** Makes the packages that exist nowhere else. */
export async function makeLabPackages(folder: string): Promise<void> {
  await makeDebianRepository(folder, await labPackages());
}

async function labPackages(): Promise<readonly DebianPackage[]> {
  const architecture = await debianArchitecture();
  const standard = `${KERNEL}-${architecture}`;
  const realtime = `${KERNEL}-rt-${architecture}`;
  return [
    kernelPackage(standard),
    kernelPackage(realtime),
    { name: `linux-image-${architecture}`, fields: { Depends: `linux-image-${standard}` } },
    { name: `linux-image-rt-${architecture}`, fields: { Depends: `linux-image-${realtime}` } },
    { name: 'initramfs-tools', files: { 'usr/sbin/update-initramfs': UPDATE_INITRAMFS } },
    // What an extension stands for, with what a daemon brings besides its program.
    {
      name: 'usbguard',
      files: { 'usr/sbin/usbguard': '#!/bin/sh\n', 'var/lib/usbguard/.keep': '' },
      scripts: { postinst: USBGUARD_POSTINST },
    },
    { name: 'sysstat', files: { 'usr/bin/sar': '#!/bin/sh\n' } },
    { name: 'lab-conflict', fields: { Depends: 'lab-nowhere (>= 2)' } },
  ];
}

/** As Debian's kernels: the image in /boot, and scripts that make the machine's boot entries. */
function kernelPackage(version: string): DebianPackage {
  const hooks = (when: string): string =>
    `#!/bin/sh\nset -e\nif [ -d /etc/kernel/${when}.d ]; then run-parts --report --exit-on-error --arg=${version} --arg=/boot/vmlinuz-${version} /etc/kernel/${when}.d; fi\n`;
  return {
    name: `linux-image-${version}`,
    files: {
      [`boot/vmlinuz-${version}`]: `kernel ${version}\n`,
      [`boot/config-${version}`]: `# ${version}\n`,
      [`lib/modules/${version}/kernel/fs/lab.ko`]: `module of ${version}\n`,
    },
    scripts: { postinst: hooks('postinst'), postrm: hooks('postrm') },
  };
}

/** In place of the real one, which takes a minute: says for which kernel it was run. */
const UPDATE_INITRAMFS = `#!/bin/sh
set -e
while [ $# -gt 0 ]; do
  if [ "$1" = -k ]; then shift; version=$1; fi
  shift
done
test -e "/boot/vmlinuz-$version"
echo "initramfs of $version" > "/boot/initrd.img-$version"
`;

/** A system account, and a folder of state that is its own. */
const USBGUARD_POSTINST = `#!/bin/sh
set -e
getent group usbguard >/dev/null || groupadd --system usbguard
chgrp usbguard /var/lib/usbguard
chmod 2750 /var/lib/usbguard
`;

/** Keeps the database of packages, which cannot be in the /var of an image, out of the way of what empties that. */
export async function setPackageDatabaseAside(root: string): Promise<void> {
  await mkdir(join(root, 'usr/lib/sysimage'), { recursive: true });
  await rename(join(root, 'var/lib/dpkg'), join(root, 'usr/lib/sysimage/dpkg'));
}

/** Lets apt and dpkg work in a container of the image: a link leads to the database; what else they want of /var is there. */
export async function prepareForPackages(root: string): Promise<void> {
  const folders = ['cache/apt/archives/partial', 'cache/debconf', 'lib/apt/lists/partial', 'log/apt', 'tmp'];
  for (const folder of folders) await mkdir(join(root, 'var', folder), { recursive: true });
  await symlink('../../usr/lib/sysimage/dpkg', join(root, 'var/lib/dpkg'));
  await makeDebianRepository(join(root, REPOSITORY), []);
  const source = `deb [trusted=yes] file:/${REPOSITORY} ./\n`;
  await writeFile(join(root, 'etc/apt/sources.list.d/lab.list'), source);
}
