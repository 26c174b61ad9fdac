/** Raise it when a change to the recipe or to what turns it into layers must reach machines that hold an older base. */
export const RECIPE_VERSION = 1;

export type BaseSize = 'small' | 'large' | 'bootable' | 'packages';

export interface BaseRecipe {
  readonly packages: readonly string[];
  /** dpkg path patterns that are not unpacked. */
  readonly exclude: readonly string[];
  /** Bytes of made-up content that brings the image to a real operating system's size. */
  readonly programs: number;
  readonly firmware: number;
  readonly initramfs: number;
  /** A real initramfs is made, so that the image boots: in a container, and in a virtual machine. */
  readonly bootable?: boolean;
  /** apt and dpkg work in its containers, without a network: `debian-package-base.ts`. */
  readonly packageDatabase?: boolean;
}

/** What a MachineConfig build needs from a base: systemd, names to resolve, Ignition, ostree, and jq for the peer's RUN line. */
const HOST = [
  'bash',
  'dbus',
  'ignition',
  // ping: a file with a capability, where setcap is there to give it one
  'iputils-ping',
  'jq',
  'libcap2-bin',
  'ostree',
  'passwd',
  'systemd',
  'systemd-sysv',
  'udev',
];

const NODE = [
  'chrony',
  'conntrack',
  'containerd',
  'containernetworking-plugins',
  'cryptsetup-bin',
  'ethtool',
  'gdb',
  'git',
  'iproute2',
  'iptables',
  'kubernetes-client',
  'lvm2',
  'mdadm',
  'multipath-tools',
  'network-manager',
  'nfs-common',
  'open-iscsi',
  'openssh-server',
  'podman',
  'policykit-1',
  'python3',
  'qemu-utils',
  'rsync',
  'skopeo',
  'socat',
  'sssd',
  'strace',
  'tcpdump',
  'tiny-initramfs',
  'vim',
  'xfsprogs',
];

/** What an image needs to boot by itself: ostree's units, and what makes an initramfs with them. */
const BOOT = ['ostree-boot', 'dracut', 'kmod', 'iproute2'];

/** The kernel of virtual machines per Debian architecture: few drivers, and so a small initramfs. */
const VIRTUAL_KERNEL: Readonly<Record<string, string>> = {
  amd64: 'linux-image-cloud-amd64',
  arm64: 'linux-image-cloud-arm64',
};

/** Documentation that no machine reads. */
const DOCUMENTATION = ['doc', 'info', 'locale', 'man'].map((folder) => `/usr/share/${folder}/*`);

/** Kernel metapackage per Debian architecture; the recipe knows no other. */
const KERNEL: Readonly<Record<string, string>> = { amd64: 'linux-image-amd64', arm64: 'linux-image-arm64' };

/**
 * The small base is for tests: an ostree host's tree with nothing in it that no test looks at, kernel and initramfs
 * being placeholders. The large one is for measuring: real packages of a node, and made-up programs and firmware up to
 * some 3 GB in all, over 1.1 GB compressed, about what RHEL CoreOS and Fedora CoreOS weigh. The bootable one is small, and what it
 * has is real: it boots as a container and as a virtual machine. The one with packages is small, and apt installs from
 * a repository in it.
 */
export function baseRecipe(size: BaseSize, architecture: string): BaseRecipe {
  if (size === 'small' || size === 'packages') {
    return {
      packages: HOST,
      exclude: DOCUMENTATION,
      programs: 0,
      firmware: 0,
      initramfs: 1 << 20,
      packageDatabase: size === 'packages',
    };
  }
  const kernel = (size === 'bootable' ? VIRTUAL_KERNEL : KERNEL)[architecture];
  if (kernel === undefined)
    throw new Error(`cannot make the ${size} base: no kernel known for ${architecture}`);
  if (size === 'bootable') {
    return {
      packages: [...HOST, ...BOOT, kernel],
      exclude: DOCUMENTATION,
      programs: 0,
      firmware: 0,
      initramfs: 0,
      bootable: true,
    };
  }
  return {
    packages: [...HOST, ...NODE, kernel],
    exclude: [],
    programs: 900e6,
    firmware: 350e6,
    initramfs: 60e6,
  };
}
