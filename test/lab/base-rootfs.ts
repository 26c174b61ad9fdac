import { existsSync } from 'node:fs';
import { chmod, mkdir, readdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { BaseRecipe } from './base-recipe.ts';
import {
  makeLabPackages,
  packageHooks,
  prepareForPackages,
  setPackageDatabaseAside,
} from './debian-package-base.ts';
import { aptOptions, debianSources } from './debian-sources.ts';
import { binaryLike, noise } from './filler.ts';
import { run } from './run.ts';

/** Debian from packages, unpacked at `root` and shaped as the tree of an ostree host (host-contract §3.6). Answers the kernel version. */
export async function makeRootfs(root: string, recipe: BaseRecipe, suite: string): Promise<string> {
  const sources = await debianSources();
  const made = `${root}-packages`;
  if (recipe.packageDatabase === true) await makeLabPackages(made);
  const hooks = recipe.packageDatabase === true ? await packageHooks(made) : [];
  // In a mount namespace of its own: a bootstrap that is killed must not leave /dev or /sys mounted below a folder
  // that the next step removes.
  await run(
    'unshare',
    [
      ['--mount', '--fork', '--kill-child', 'mmdebstrap'],
      '--mode=root',
      '--variant=minbase',
      '--format=directory',
      `--include=${recipe.packages.join(',')}`,
      ...recipe.exclude.map((pattern) => `--dpkgopt=path-exclude=${pattern}`),
      ...(await aptOptions()).map((option) => `--aptopt=${option}`),
      ...hooks.map((hook) => `--customize-hook=${hook}`),
      suite,
      root,
      '-',
    ],
    // The kernel's own initramfs would be made for nothing.
    { input: sources, env: { DEBIAN_FRONTEND: 'noninteractive', INITRD: 'No' } },
  );
  await rm(made, { recursive: true, force: true });
  await forgetTheMachine(root);
  await addAccounts(root);
  const kernel = await placeKernel(root, recipe);
  await placeFiller(root, recipe);
  if (recipe.packageDatabase === true) await setPackageDatabaseAside(root);
  await shapeForOstree(root);
  if (recipe.packageDatabase === true) await prepareForPackages(root);
  if (recipe.bootable === true) await prepareToRun(root);
  return kernel;
}

/** Takes out what tells where the base was made: mirrors, proxies, the build host's names, logs of the bootstrap. */
async function forgetTheMachine(root: string): Promise<void> {
  const paths = [
    'etc/apt/sources.list',
    'etc/apt/sources.list.d',
    'etc/apt/apt.conf.d/99mmdebstrap',
    'etc/dpkg/dpkg.cfg.d/99mmdebstrap',
    'etc/hostname',
    'etc/resolv.conf',
  ];
  for (const path of paths) await rm(join(root, path), { recursive: true, force: true });
  await mkdir(join(root, 'etc/apt/sources.list.d'), { recursive: true });
  await writeFile(join(root, 'etc/machine-id'), '');
}

/** The account and the groups that a CoreOS host has and MachineConfigs name. */
async function addAccounts(root: string): Promise<void> {
  await run('groupadd', ['--root', root, '--system', 'wheel']);
  await run('useradd', [
    ['--root', root, '--uid', '1000', '--user-group', '--groups', 'wheel,sudo', '--shell', '/bin/bash'],
    ['--home-dir', '/var/home/core', '--no-create-home', 'core'],
  ]);
  for (const backup of ['passwd-', 'shadow-', 'group-', 'gshadow-', 'subuid-', 'subgid-']) {
    await rm(join(root, 'etc', backup), { force: true });
  }
}

async function placeKernel(root: string, recipe: BaseRecipe): Promise<string> {
  const modules = join(root, 'usr/lib/modules');
  await mkdir(modules, { recursive: true });
  const version = (await readdir(modules))[0] ?? '6.1.0-varve';
  const folder = join(modules, version);
  await mkdir(folder, { recursive: true });
  const packaged = join(root, 'boot', `vmlinuz-${version}`);
  if (existsSync(packaged)) await rename(packaged, join(folder, 'vmlinuz'));
  else await writeFile(join(folder, 'vmlinuz'), noise('vmlinuz')(1 << 20));
  if (recipe.bootable === true) await makeInitramfs(root, version);
  else await writeFile(join(folder, 'initramfs.img'), noise('initramfs')(recipe.initramfs), { mode: 0o600 });
  return version;
}

/** An initramfs that mounts the root file system of a virtual machine and lets ostree find the deployment in it. */
async function makeInitramfs(root: string, kernel: string): Promise<void> {
  const mounts = ['dev', 'proc', 'sys'].map((name) => `mount --rbind /${name} "$1/${name}"`).join('; ');
  await run(
    'unshare',
    [
      ['--mount', '--fork', '--kill-child', 'sh', '-ec'],
      `mount --make-rprivate /; ${mounts}; root=$1; shift; exec chroot "$root" "$@"`,
      ['sh', root, 'dracut', '--force', '--no-hostonly', '--no-hostonly-cmdline', '--reproducible'],
      ['--add', 'ostree', '--omit', 'multipath mdraid crypt dm lvm nfs iscsi plymouth network ignition i18n'],
      ['--add-drivers', 'virtio_blk virtio_pci ext4', '--no-compress', '--kver', kernel],
      `/usr/lib/modules/${kernel}/initramfs.img`,
    ].flat(),
  );
}

/** Made-up content: many files of a program's size and compressibility, and fewer, large, incompressible ones. */
async function placeFiller(root: string, recipe: BaseRecipe): Promise<void> {
  const random = noise('programs');
  for (let placed = 0, n = 0; placed < recipe.programs; n += 1) {
    // Mostly a few kilobytes, some megabytes: sizes in a file system spread over orders of magnitude.
    const length = 2048 << (random(4).readUInt32LE(0) % 9);
    await place(root, `usr/lib/varve-lab/${n % 97}/program-${n}`, binaryLike(random, length), 0o755);
    placed += length;
  }
  const firmware = noise('firmware');
  for (let placed = 0, n = 0; placed < recipe.firmware; n += 1, placed += 1e6) {
    await place(root, `usr/lib/firmware/varve-lab/blob-${n}.bin`, firmware(1e6), 0o644);
  }
}

async function place(root: string, path: string, contents: string | Buffer, mode: number): Promise<void> {
  await mkdir(dirname(join(root, path)), { recursive: true });
  await writeFile(join(root, path), contents);
  await chmod(join(root, path), mode);
}

/** Stands in for rpm-ostree's command of that name, which Debian lacks: leaves nothing of a RUN line's litter in the layer. */
const CONTAINER_COMMIT = `#!/bin/sh
# ostree container commit
find /run /tmp /var/tmp -mindepth 1 -xdev -delete 2>/dev/null
exit 0
`;

const TMPFILES = `d /var/home 0755 root root -
d /var/roothome 0700 root root -
d /var/opt 0755 root root -
d /var/srv 0755 root root -
d /var/mnt 0755 root root -
d /var/media 0755 root root -
d /var/usrlocal 0755 root root -
d /var/usrlocal/bin 0755 root root -
`;

const LINKS: Readonly<Record<string, string>> = {
  home: 'var/home',
  media: 'var/media',
  mnt: 'var/mnt',
  opt: 'var/opt',
  ostree: 'sysroot/ostree',
  root: 'var/roothome',
  srv: 'var/srv',
  'usr/local': '../var/usrlocal',
};

async function shapeForOstree(root: string): Promise<void> {
  for (const top of ['boot', 'dev', 'proc', 'run', 'sys', 'sysroot', 'tmp', 'var']) {
    await rm(join(root, top), { recursive: true, force: true });
    await mkdir(join(root, top));
  }
  await chmod(join(root, 'tmp'), 0o1777);
  for (const path of ['initrd.img', 'initrd.img.old', 'vmlinuz', 'vmlinuz.old', ...Object.keys(LINKS)]) {
    await rm(join(root, path), { recursive: true, force: true });
  }
  for (const [path, target] of Object.entries(LINKS)) await symlink(target, join(root, path));
  await place(root, 'usr/libexec/libostree/ext/ostree-container', CONTAINER_COMMIT, 0o755);
  await place(root, 'usr/lib/tmpfiles.d/varve-lab-base.conf', TMPFILES, 0o644);
  await place(root, 'usr/lib/bootc/kargs.d/10-base.toml', 'kargs = ["console=ttyS0"]\n', 0o644);
}

/** Units that only slow a machine down that lives for a test. */
const MASKED = [
  'apt-daily.timer',
  'apt-daily-upgrade.timer',
  'dpkg-db-backup.timer',
  'e2scrub_all.timer',
  'e2scrub_reap.service',
  'fstrim.timer',
  'getty.target',
  'systemd-timesyncd.service',
];

/** What a machine that runs needs beyond an image that is only looked at. */
async function prepareToRun(root: string): Promise<void> {
  await place(
    root,
    'usr/lib/systemd/journald.conf.d/varve-lab.conf',
    '[Journal]\nStorage=persistent\n',
    0o644,
  );
  for (const unit of MASKED) await symlink('/dev/null', join(root, 'etc/systemd/system', unit));
}
