/** Raise it when a change to the recipe or to what turns it into layers must reach machines that hold an older base. */
export const RECIPE_VERSION = 1;

export type BaseSize = 'small' | 'large';

export interface BaseRecipe {
  readonly packages: readonly string[];
  /** dpkg path patterns that are not unpacked. */
  readonly exclude: readonly string[];
  /** Bytes of made-up content that brings the image to a real operating system's size. */
  readonly programs: number;
  readonly firmware: number;
  readonly initramfs: number;
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

/** Kernel metapackage per Debian architecture; the recipe knows no other. */
const KERNEL: Readonly<Record<string, string>> = { amd64: 'linux-image-amd64', arm64: 'linux-image-arm64' };

/**
 * The small base is for tests: an ostree host's tree with nothing in it that no test looks at, kernel and initramfs
 * being placeholders. The large one is for measuring: real packages of a node, and made-up programs and firmware up to
 * some 3 GB in all, over 1.1 GB compressed, about what RHEL CoreOS and Fedora CoreOS weigh.
 */
export function baseRecipe(size: BaseSize, architecture: string): BaseRecipe {
  if (size === 'small') {
    return {
      packages: HOST,
      exclude: ['/usr/share/doc/*', '/usr/share/info/*', '/usr/share/locale/*', '/usr/share/man/*'],
      programs: 0,
      firmware: 0,
      initramfs: 1 << 20,
    };
  }
  const kernel = KERNEL[architecture];
  if (kernel === undefined)
    throw new Error(`cannot make the large base: no kernel known for ${architecture}`);
  return {
    packages: [...HOST, ...NODE, kernel],
    exclude: [],
    programs: 900e6,
    firmware: 350e6,
    initramfs: 60e6,
  };
}
