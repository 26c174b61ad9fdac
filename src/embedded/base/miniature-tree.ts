import type { TarEntry } from '../../oci/index.ts';

/** What the tree of a miniature base depends on. */
export interface MiniatureTreeOptions {
  readonly architecture: string;
  readonly version: string;
  /** The kernel's release, which names its folder. */
  readonly kernel: string;
  /** Whether the host mounts its root with composefs; without, only `usr`, `etc` and `var` of a layer count. */
  readonly composefs: boolean;
}

/** One layer of a miniature base: what its history says, and its entries with all their parents. */
export interface MiniatureLayer {
  readonly title: string;
  readonly entries: readonly TarEntry[];
}

/**
 * The file tree of an image-mode host with the CoreOS layout (host-contract §3.6), as small as it can be and still be
 * deployed by ostree and pass the fatal checks of `bootc container lint` (host-contract §1.9). Nothing in it can run.
 */
export function miniatureLayers(options: MiniatureTreeOptions): readonly MiniatureLayer[] {
  const { architecture, version, kernel, composefs } = options;
  return [
    layer('root file system', [
      ...['boot', 'dev', 'etc', 'proc', 'run', 'sys', 'sysroot', 'usr', 'var'].map((path) => directory(path)),
      directory('tmp', 0o1777),
      ...['usr/bin', 'usr/lib', 'usr/lib64', 'usr/libexec', 'usr/sbin', 'usr/share'].map((path) =>
        directory(path),
      ),
      ...ROOT_LINKS.map(([path, target]) => symlink(path, target)),
      file('usr/lib/os-release', osRelease(version)),
      symlink('etc/os-release', '../usr/lib/os-release'),
    ]),
    layer('kernel', [
      file(`usr/lib/modules/${kernel}/vmlinuz`, `placeholder kernel ${kernel} ${architecture}\n`, 0o755),
      file(
        `usr/lib/modules/${kernel}/initramfs.img`,
        `placeholder initramfs ${kernel} ${architecture}\n`,
        0o600,
      ),
      file(`usr/lib/modules/${kernel}/modules.dep`, ''),
    ]),
    layer('systemd and its units', [
      ...Object.entries(UNITS).map(([name, text]) => file(`usr/lib/systemd/system/${name}`, text)),
      ...ENABLED.map(([wants, unit, source = unit]) =>
        symlink(`etc/systemd/system/${wants}/${unit}`, `/usr/lib/systemd/system/${source}`),
      ),
      symlink('usr/lib/systemd/system/default.target', 'multi-user.target'),
      directory('usr/lib/systemd/system-preset'),
      file('usr/lib/tmpfiles.d/varve-base.conf', TMPFILES),
      file('usr/lib/sysctl.d/50-default.conf', 'kernel.sysrq = 16\n'),
    ]),
    layer('users and configuration', [
      file('etc/passwd', PASSWD),
      file('etc/group', GROUP),
      file('etc/shadow', SHADOW, 0),
      file('etc/gshadow', GROUP.replaceAll(/:x:\d+:/gu, ':::'), 0),
      file('etc/hosts', '127.0.0.1 localhost\n::1 localhost\n'),
      file('etc/machine-id', ''),
      file('etc/chrony.conf', CHRONY),
      file('etc/containers/registries.conf', 'unqualified-search-registries = ["docker.io"]\n'),
      file('etc/containers/policy.json', '{"default":[{"type":"insecureAcceptAnything"}]}\n'),
      file(
        'etc/ssh/sshd_config',
        'Include /etc/ssh/sshd_config.d/*.conf\nAuthorizedKeysFile .ssh/authorized_keys\n',
      ),
      directory('etc/ssh/sshd_config.d'),
      directory('etc/sysctl.d'),
      directory('etc/modules-load.d'),
      directory('etc/NetworkManager/system-connections', 0o700),
      file('etc/sudoers.d/core', 'core ALL=(ALL) NOPASSWD: ALL\n', 0o440),
      directory('etc/sudoers.d', 0o750),
    ]),
    layer('host tools', [
      file('usr/lib/bootc/kargs.d/10-base.toml', 'kargs = ["console=ttyS0,115200", "rw"]\n'),
      file(
        'usr/lib/ostree/prepare-root.conf',
        `[sysroot]\nreadonly = true\n\n[composefs]\nenabled = ${composefs ? 'yes' : 'no'}\n`,
      ),
      file('usr/lib/sysusers.d/varve-base.conf', SYSUSERS),
    ]),
  ];
}

const ROOT_LINKS: readonly (readonly [path: string, target: string])[] = [
  ['bin', 'usr/bin'],
  ['home', 'var/home'],
  ['lib', 'usr/lib'],
  ['lib64', 'usr/lib64'],
  ['mnt', 'var/mnt'],
  ['opt', 'var/opt'],
  ['ostree', 'sysroot/ostree'],
  ['root', 'var/roothome'],
  ['sbin', 'usr/sbin'],
  ['srv', 'var/srv'],
  ['usr/local', '../var/usrlocal'],
];

const UNITS: Readonly<Record<string, string>> = {
  'NetworkManager.service': service('Network Manager', '/usr/sbin/NetworkManager --no-daemon', [
    'WantedBy=multi-user.target',
    'Also=NetworkManager-dispatcher.service',
  ]),
  'NetworkManager-dispatcher.service': service('Network Manager dispatcher', '/usr/libexec/nm-dispatcher', [
    'Alias=dbus-org.freedesktop.nm-dispatcher.service',
  ]),
  'chronyd.service': service('NTP client/server', '/usr/sbin/chronyd', ['WantedBy=multi-user.target']),
  'fstrim.service': service('Discard unused blocks', '/usr/sbin/fstrim --all', []),
  'fstrim.timer':
    '[Unit]\nDescription=Discard unused blocks once a week\n\n[Timer]\nOnCalendar=weekly\n\n[Install]\nWantedBy=timers.target\n',
  'getty@.service': service('Getty on %I', '-/sbin/agetty %I', [
    'WantedBy=getty.target',
    'DefaultInstance=tty1',
  ]),
  'getty.target': '[Unit]\nDescription=Login Prompts\n',
  'multi-user.target': '[Unit]\nDescription=Multi-User System\nAllowIsolate=yes\n',
  'podman.socket':
    '[Unit]\nDescription=Podman API Socket\n\n[Socket]\nListenStream=%t/podman/podman.sock\n\n[Install]\nWantedBy=sockets.target\n',
  'rpcbind.service': service('RPC bind', '/usr/bin/rpcbind -w -f', [
    'WantedBy=multi-user.target',
    'Also=rpcbind.socket',
  ]),
  'rpcbind.socket':
    '[Unit]\nDescription=RPC bind activation socket\n\n[Socket]\nListenStream=/run/rpcbind.sock\n\n[Install]\nWantedBy=sockets.target\n',
  'sshd.service': service('OpenSSH server daemon', '/usr/sbin/sshd -D', ['WantedBy=multi-user.target']),
  'timers.target': '[Unit]\nDescription=Timer Units\n',
  'sockets.target': '[Unit]\nDescription=Socket Units\n',
};

/** The units that are enabled as shipped: folder, link, and the unit meant where the link is named otherwise. */
const ENABLED: readonly (readonly [wants: string, unit: string, source?: string])[] = [
  ['getty.target.wants', 'getty@tty1.service', 'getty@.service'],
  ['multi-user.target.wants', 'NetworkManager.service'],
  ['multi-user.target.wants', 'chronyd.service'],
  ['multi-user.target.wants', 'sshd.service'],
  ['timers.target.wants', 'fstrim.timer'],
];

const PASSWD = `root:x:0:0:root:/root:/bin/bash
bin:x:1:1:bin:/bin:/usr/sbin/nologin
daemon:x:2:2:daemon:/sbin:/usr/sbin/nologin
sshd:x:74:74:Privilege-separated SSH:/usr/share/empty.sshd:/usr/sbin/nologin
chrony:x:992:990:chrony system user:/var/lib/chrony:/usr/sbin/nologin
nobody:x:65534:65534:Kernel Overflow User:/:/usr/sbin/nologin
core:x:1000:1000:CoreOS Admin:/var/home/core:/bin/bash
`;

const GROUP = `root:x:0:
bin:x:1:
daemon:x:2:
adm:x:4:core
wheel:x:10:core
sudo:x:16:core
sshd:x:74:
systemd-journal:x:190:core
chrony:x:990:
core:x:1000:
nobody:x:65534:
`;

const SHADOW = PASSWD.replaceAll(/^([^:]+):.*$/gmu, '$1:*:::::::');

const SYSUSERS =
  'g chrony 990\nu chrony 992:990 "chrony system user" /var/lib/chrony\ng sshd 74\nu sshd 74:74 "Privilege-separated SSH" /usr/share/empty.sshd\n';

const CHRONY = 'pool pool.ntp.org iburst\ndriftfile /var/lib/chrony/drift\nmakestep 1.0 3\nrtcsync\n';

const TMPFILES = `d /var/home 0755 root root -
d /var/home/core 0700 core core -
d /var/lib/chrony 0750 chrony chrony -
d /var/mnt 0755 root root -
d /var/opt 0755 root root -
d /var/roothome 0700 root root -
d /var/srv 0755 root root -
d /var/usrlocal 0755 root root -
`;

function osRelease(version: string): string {
  return `NAME="Varve Miniature"
ID=varve-miniature
ID_LIKE="fedora"
VERSION="${version}"
VERSION_ID="${version.split('.', 1)[0]}"
PRETTY_NAME="Varve Miniature ${version}"
OSTREE_VERSION="${version}"
`;
}

function service(description: string, command: string, install: readonly string[]): string {
  const section = install.length === 0 ? '' : `\n[Install]\n${install.join('\n')}\n`;
  return `[Unit]\nDescription=${description}\n\n[Service]\nExecStart=${command}\n${section}`;
}

function directory(path: string, mode = 0o755): TarEntry {
  return { path, type: 'directory', mode, uid: 0, gid: 0 };
}

function file(path: string, text: string, mode = 0o644): TarEntry {
  return { path, type: 'file', mode, uid: 0, gid: 0, contents: Buffer.from(text) };
}

function symlink(path: string, target: string): TarEntry {
  return { path, type: 'symlink', mode: 0o777, uid: 0, gid: 0, target };
}

/** Adds the parents that the entries need; those given with a mode of their own keep it. */
function layer(title: string, entries: readonly TarEntry[]): MiniatureLayer {
  const byPath = new Map(entries.map((entry) => [entry.path, entry]));
  for (const { path } of entries) {
    for (let slash = path.indexOf('/'); slash > 0; slash = path.indexOf('/', slash + 1)) {
      const parent = path.slice(0, slash);
      if (!byPath.has(parent)) byPath.set(parent, directory(parent));
    }
  }
  return { title, entries: [...byPath.values()] };
}
