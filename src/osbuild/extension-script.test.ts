import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { packageCheck } from './extension-check.ts';
import { extensionCatalogue } from './extension-packages.ts';
import { packageWish, type WantedPackages } from './extension-build.ts';
import { packageScript } from './extension-script.ts';
import { RPM_DATABASE, ScriptSandbox } from './test-script.ts';

const RHCOS = 'ID="rhcos"\nID_LIKE="rhel fedora"\n';
const FEDORA = 'ID=fedora\n';
const DNF4 = `${RPM_DATABASE}
[ "$1" = --version ] && { echo 4.14.0; exit; }
while [ $# -gt 0 ]; do case $1 in -*) shift ;; *) break ;; esac; done
command=$1; shift
case $command in
install) install "$@" ;;
shell)
  # It says what is wrong and ends well all the same.
  [ "$(tail -n 1 "$1")" = run ] || exit 0
  while read -r word packages; do
    echo "dnf> $word $packages" >>"$root/../log"
    case $word in install) install $packages || exit 0 ;; remove) remove $packages || exit 0 ;; esac
  done <"$1"
  ;;
esac`;
const DNF5 = `${RPM_DATABASE}
[ "$1" = --version ] && { echo 'dnf5 version 5.2.6'; exit; }
while [ $# -gt 0 ]; do case $1 in --action=*) break ;; -*) shift ;; *) break ;; esac; done
command=$1; shift
case $command in
install) install "$@" ;;
do) action=; for one in "$@"; do case $one in --action=*) action=\${one#*=} ;; *) $action "$one" ;; esac; done ;;
shell) echo 'Unknown argument "shell"' >&2; exit 2 ;;
esac`;
const RPM_OSTREE = `${RPM_DATABASE}
case "$1 $2" in
'install '*) shift; install "$@" ;;
'override remove') shift 2; action=remove; for one in "$@"; do if [ "$one" = --install ]; then action=install; else $action "$one"; action=remove; fi; done ;;
esac`;
const RPM = `${RPM_DATABASE}
case $1 in
-ql) echo /lib/modules/"$(grep -lx "$2" "$root"/usr/lib/modules/*/vmlinuz | sed 's,/vmlinuz$,,;s,.*/,,')"/vmlinuz ;;
-q) while [ $# -gt 1 ]; do shift; done; is_installed "$1" ;;
esac`;
const DRACUT = 'for last in "$@"; do :; done; echo made >"$last"';

interface Machine {
  readonly release?: string;
  readonly commands?: Readonly<Record<string, string>>;
  readonly installed?: readonly string[];
  readonly unavailable?: readonly string[];
  /** Files of the extensions image; absent: there is none. */
  readonly content?: readonly string[];
  readonly architecture?: string;
  /** Folders that the build is lent. */
  readonly mounts?: readonly string[];
}

const WITH_KERNEL = ['kernel', 'kernel-core', 'kernel-modules'];

function machine(
  t: TestContext,
  { release = RHCOS, commands, installed = [], unavailable, content, mounts = [] }: Machine,
): ScriptSandbox {
  const sandbox = new ScriptSandbox(t, {
    'etc/os-release': release,
    'etc/passwd': 'root:x:0:0:root:/root:/bin/bash\n',
    'etc/group': 'root:x:0:\nwheel:x:10:core\n',
    'usr/lib/modules/5.14.0-1/vmlinuz': 'kernel-core\n',
    'usr/lib/modules/5.14.0-1/initramfs.img': 'old',
    'usr/lib/dracut/modules.d/98ostree/module-setup.sh': '',
  });
  for (const [name, script] of Object.entries({
    rpm: RPM,
    dracut: DRACUT,
    depmod: '',
    ostree: '',
    ...commands,
  }))
    sandbox.command(name, script);
  writeFileSync(join(sandbox.root, '../rpmdb'), installed.map((name) => `${name}\n`).join(''));
  if (unavailable !== undefined)
    writeFileSync(join(sandbox.root, '../unavailable'), `${unavailable.join('\n')}\n`);
  sandbox.write('proc/self/mounts', mounts.map((path) => `/dev/vda1 ${path} ext4 rw 0 0\n`).join(''));
  for (const path of content ?? []) sandbox.write(`content/usr/share/${path}`, '');
  return sandbox;
}

interface Outcome {
  readonly status: number;
  readonly said: string;
  readonly log: readonly string[];
  readonly sandbox: ScriptSandbox;
  readonly check: () => { readonly status: number; readonly said: string };
}

function install(t: TestContext, made: Machine, wanted: Partial<WantedPackages>): Outcome {
  const sandbox = machine(t, made);
  const wish = packageWish({ extensions: [], ...wanted }, made.architecture ?? 'amd64');
  const { root, path } = sandbox;
  const content = made.content === undefined ? {} : { content: join(root, 'content') };
  const { status, said } = sandbox.run(packageScript(wish, { root, path, ...content }));
  return {
    status,
    said,
    sandbox,
    log: sandbox.log(),
    check: () => sandbox.run(packageCheck(wish, { root, path })),
  };
}

const CLEAN = ['dnf -y clean all'];
const REPOSITORY = ['rpm-ostree/extensions/repodata/repomd.xml'];

test('packageScript() is a script that a shell can read, for whatever is asked', () => {
  for (const kernelType of ['default', 'realtime', '64k-pages']) {
    for (const extensions of [[], ['usbguard', 'kernel-devel', 'ipsec']]) {
      const wish = packageWish({ extensions, kernelType }, 'arm64');
      for (const script of [packageScript(wish, { content: '/x' }), packageCheck(wish)]) {
        const { status, stderr } = spawnSync('/bin/sh', ['-n'], { input: script, encoding: 'utf8' });
        assert.equal(status, 0, stderr);
      }
    }
  }
});

const EXTENSIONS: Readonly<
  Record<
    string,
    { readonly machine: Machine; readonly extensions: readonly string[]; readonly log: readonly string[] }
  >
> = {
  'rpm-ostree, where the base has it': {
    machine: { commands: { 'rpm-ostree': RPM_OSTREE, dnf: DNF4 }, content: REPOSITORY },
    extensions: ['usbguard', 'kerberos', 'usbguard'],
    log: [
      'rpm-ostree install krb5-workstation libkadm5 usbguard',
      'dnf -y clean all',
      'rpm-ostree cleanup -m',
      'ostree container commit',
    ],
  },
  'dnf, where there is no rpm-ostree': {
    machine: { commands: { dnf: DNF4 }, content: REPOSITORY },
    extensions: ['sysstat'],
    log: ['dnf -y --setopt=install_weak_deps=False install sysstat', 'dnf -y clean all'],
  },
  'the own repositories, where there is no extensions image': {
    machine: { release: FEDORA, commands: { dnf: DNF5 } },
    extensions: ['ipsec', 'two-node-ha'],
    log: [
      'dnf -y --setopt=install_weak_deps=False install NetworkManager-libreswan libreswan pacemaker pcs fence-agents-all',
      'dnf -y clean all',
    ],
  },
  'what an older extensions image has not, is not asked for': {
    machine: { commands: { 'rpm-ostree': RPM_OSTREE }, content: REPOSITORY },
    extensions: ['ipsec'],
    log: [
      'rpm-ostree install NetworkManager-libreswan libreswan',
      'rpm-ostree cleanup -m',
      'ostree container commit',
    ],
  },
  'what a newer one has, is': {
    machine: {
      commands: { 'rpm-ostree': RPM_OSTREE },
      content: [...REPOSITORY, 'rpm-ostree/extensions/openvswitch3.5-ipsec-3.5.0-1.x86_64.rpm'],
    },
    extensions: ['ipsec'],
    log: [
      'rpm-ostree install NetworkManager-libreswan libreswan openvswitch3.5-ipsec',
      'rpm-ostree cleanup -m',
      'ostree container commit',
    ],
  },
};

for (const [name, { machine: made, extensions, log }] of Object.entries(EXTENSIONS)) {
  test(`packageScript() installs extensions with ${name}`, (t) => {
    const outcome = install(t, made, { extensions });
    assert.equal(outcome.status, 0, outcome.said);
    assert.deepEqual(outcome.log, log);
    assert.equal(
      outcome.sandbox.read('etc/yum.repos.d/coreos-extensions.repo'),
      undefined,
      'the repository is gone',
    );
    assert.deepEqual(outcome.check(), { status: 0, said: '' });
  });
}

test('packageScript() makes a repository of the extensions image while it installs', (t) => {
  const dnf = `cat "$root"/etc/yum.repos.d/coreos-extensions.repo >>"$root/seen" 2>/dev/null || :\n${DNF4}`;
  const { sandbox } = install(t, { commands: { dnf }, content: REPOSITORY }, { extensions: ['sysstat'] });
  assert.equal(
    sandbox.read('seen')?.replaceAll(sandbox.root, ''),
    '[coreos-extensions]\nname=coreos-extensions\nenabled=1\nmetadata_expire=1m\nbaseurl=file:///content/usr/share/rpm-ostree/extensions/\ngpgcheck=0\nskip_if_unavailable=False\n',
  );
});

/** As a folder that the build is only lent: nothing can be written there. */
function installLent(
  t: TestContext,
  commands: Readonly<Record<string, string>>,
): ReturnType<ScriptSandbox['run']> & { readonly log: readonly string[] } {
  const sandbox = machine(t, { commands, content: REPOSITORY });
  sandbox.write('etc/yum.repos.d/coreos-extensions.repo/in-the-way', '');
  const { root, path } = sandbox;
  const wish = packageWish({ extensions: ['sysstat'] }, 'amd64');
  const ran = sandbox.run(packageScript(wish, { root, path, content: join(root, 'content') }));
  return { ...ran, log: sandbox.log() };
}

test('packageScript() tells dnf of the extensions image where no repository can be written', (t) => {
  const { status, said, log } = installLent(t, { dnf: DNF4, 'rpm-ostree': RPM_OSTREE });
  assert.equal(status, 0, said);
  assert.deepEqual(log, [
    'dnf -y --repofrompath=coreos-extensions,file:///content/usr/share/rpm-ostree/extensions/ --setopt=coreos-extensions.gpgcheck=0 --setopt=install_weak_deps=False install sysstat',
    'dnf -y clean all',
    'rpm-ostree cleanup -m',
  ]);
});

test('packageScript() says so where only rpm-ostree could read one', (t) => {
  const { status, said } = installLent(t, { 'rpm-ostree': RPM_OSTREE });
  assert.notEqual(status, 0);
  assert.match(
    said,
    /^varve: cannot write \/etc\/yum\.repos\.d\/coreos-extensions\.repo, where rpm-ostree would find/,
  );
});

test('packageScript() declares the folders below /var and the accounts that packages have made', (t) => {
  const dnf = `${DNF4}
mkdir -p "$root/var/log/usbguard" "$root/var/lib/own/sub" "$root/var/cache/dnf/x" "$root/var/lib/dnf"
chmod 0750 "$root/var/lib/own"
if [ "$command" = install ]; then
  echo 'own:x:105:106:Own "50%":/var/lib/own:/sbin/nologin' >>"$root/etc/passwd"
  echo 'bare:x:107:65534:::' >>"$root/etc/passwd"
  printf 'own:x:106:\\nmore:x:108:own,core\\n' >>"$root/etc/group"
  sed -i 's/^wheel:.*/&,own/' "$root/etc/group"
fi`;
  const { sandbox, status, said } = install(t, { commands: { dnf } }, { extensions: ['sysstat'] });
  assert.equal(status, 0, said);
  const owner = spawnSync('stat', ['-c', '%U %G', sandbox.root], { encoding: 'utf8' }).stdout.trim();
  const umasked = spawnSync('stat', ['-c', '%a', join(sandbox.root, 'var/log')], {
    encoding: 'utf8',
  }).stdout.trim();
  assert.deepEqual(sandbox.read('usr/lib/tmpfiles.d/varve-extensions.conf')?.trimEnd().split('\n').sort(), [
    `d /var/lib 0${umasked} ${owner} -`,
    `d /var/lib/own 0750 ${owner} -`,
    `d /var/lib/own/sub 0${umasked} ${owner} -`,
    `d /var/log 0${umasked} ${owner} -`,
    `d /var/log/usbguard 0${umasked} ${owner} -`,
  ]);
  assert.equal(
    sandbox.read('usr/lib/sysusers.d/varve-extensions.conf'),
    'm own wheel\ng own 106\ng more 108\nm own more\nm core more\n' +
      'u own 105:106 "Own 50" /var/lib/own /sbin/nologin\nu bare 107:65534 "" - -\n',
  );
});

test('packageScript() writes nothing for systemd where packages have neither folders nor accounts', (t) => {
  const { sandbox } = install(t, { commands: { dnf: DNF4 } }, { extensions: ['sysstat'] });
  assert.equal(sandbox.read('usr/lib/tmpfiles.d/varve-extensions.conf'), undefined);
  assert.equal(sandbox.read('usr/lib/sysusers.d/varve-extensions.conf'), undefined);
});

test('packageScript() puts the folders of USBGuard and IPsec where the contract has them', (t) => {
  const { sandbox } = install(t, { commands: { dnf: DNF4 } }, { extensions: ['usbguard'] });
  assert.equal(
    sandbox.read('usr/lib/tmpfiles.d/usbguard_ipsec.conf'),
    'd /var/log/usbguard 0755 root root -\nd /var/lib/ipsec 0700 root root -\nd /var/lib/ipsec/nss 0700 root root -\n',
  );
});

const APT =
  'apt-get -qy -o APT::Get::Purge=true --no-install-recommends -o Dpkg::Use-Pty=0 -o Dpkg::Options::=--force-confold';

/** Debian's package manager says where it is asked to. */
const DEBIAN: Machine = { release: 'ID=debian\n', commands: { 'apt-get': '' } };

test('packageScript() cleans up what apt-get has downloaded', (t) => {
  const { status, said, log } = install(t, DEBIAN, { extensions: ['sysstat'] });
  assert.equal(status, 0, said);
  assert.deepEqual(log, [
    `${APT} -o APT::Update::Error-Mode=any update`,
    `${APT} install sysstat`,
    'apt-get clean',
  ]);
});

test('packageScript() leaves downloads to later builds in the folders that all of them share', (t) => {
  const debian = install(t, { ...DEBIAN, mounts: ['/var/cache/apt/archives'] }, { extensions: ['sysstat'] });
  assert.equal(debian.status, 0, debian.said);
  assert.deepEqual(debian.log.slice(1), [`${APT} install sysstat`]);
  for (const [folder, dnf] of [
    ['/var/cache/dnf', DNF4],
    ['/var/cache/libdnf5', DNF5],
  ] as const) {
    const { status, said, log } = install(
      t,
      { commands: { dnf }, mounts: [folder] },
      { extensions: ['sysstat'] },
    );
    assert.equal(status, 0, said);
    assert.deepEqual(log, [
      'dnf -y --setopt=keepcache=True --setopt=install_weak_deps=False install sysstat',
    ]);
  }
});

test('packageScript() installs nothing where the extensions image has none of what an extension may have', (t) => {
  const catalogue = extensionCatalogue(new Map([['site', { rhel: ['site-agent?'] }]]));
  const made = { commands: { dnf: DNF4 }, content: REPOSITORY };
  const { status, said, log } = install(t, made, { extensions: ['site'], catalogue });
  assert.equal(status, 0, said);
  assert.match(said, /^varve: nothing to install: the extensions image has none of site-agent$/m);
  assert.deepEqual(log, CLEAN);
});

const REFUSED: Readonly<
  Record<string, { readonly machine: Machine; readonly extensions: readonly string[]; readonly said: RegExp }>
> = {
  'the distribution has no packages for it': {
    machine: { release: 'ID=debian\n', commands: { 'apt-get': '' } },
    extensions: ['sandboxed-containers', 'sysstat'],
    said: /^varve: no package available for the extensions sandboxed-containers on this distribution \( debian {2}\)\n$/,
  },
  'nobody knows the distribution': {
    machine: { release: 'ID=suse\n' },
    extensions: ['sysstat'],
    said: /^varve: no package available: of the distribution suse/,
  },
  'there is no package manager': {
    machine: {},
    extensions: ['sysstat'],
    said: /^varve: no package available: the base image has neither rpm-ostree nor dnf\n$/,
  },
  'a package is in no repository': {
    machine: { commands: { dnf: DNF4 }, unavailable: ['usbguard'] },
    extensions: ['usbguard'],
    said: /Error: Unable to find a match: usbguard\n$/,
  },
  'the extensions image is none': {
    machine: { commands: { dnf: DNF4 }, content: ['nothing'] },
    extensions: ['usbguard'],
    said: /^varve: no package available: the extensions image has no repodata/,
  },
};

for (const [name, { machine: made, extensions, said }] of Object.entries(REFUSED)) {
  test(`packageScript() fails where ${name}`, (t) => {
    const outcome = install(t, made, { extensions });
    assert.notEqual(outcome.status, 0);
    assert.match(outcome.said, said);
    assert.notEqual(outcome.check().status, 0);
  });
}

const NEW = 'kernel-rt-core kernel-rt-modules kernel-rt-modules-extra kernel-rt-kvm';
const DRACUT_RT =
  'dracut --force --no-hostonly --reproducible --kver 5.14.0-9.rt+rt --add ostree /usr/lib/modules/5.14.0-9.rt+rt/initramfs.img';

const KERNELS: Readonly<
  Record<string, { readonly machine: Machine; readonly kernelType?: string; readonly log: readonly string[] }>
> = {
  'in one transaction of a dnf with a shell': {
    machine: {
      commands: { dnf: DNF4, 'rpm-ostree': RPM_OSTREE },
      installed: WITH_KERNEL,
      content: REPOSITORY,
    },
    log: [
      'dnf -y --setopt=protect_running_kernel=False shell WORK',
      'dnf> remove kernel kernel-core kernel-modules',
      `dnf> install ${NEW}`,
      'dnf> run ',
      'depmod -b  5.14.0-9.rt+rt',
      DRACUT_RT,
      ...CLEAN,
      'rpm-ostree cleanup -m',
      'ostree container commit',
    ],
  },
  'in one transaction of a newer dnf': {
    machine: { commands: { dnf: DNF5 }, installed: WITH_KERNEL },
    log: [
      `dnf -y --setopt=protect_running_kernel=False do --action=remove kernel kernel-core kernel-modules --action=install ${NEW}`,
      'depmod -b  5.14.0-9.rt+rt',
      DRACUT_RT,
      ...CLEAN,
    ],
  },
  'with rpm-ostree, where there is no dnf': {
    machine: { commands: { 'rpm-ostree': RPM_OSTREE }, installed: WITH_KERNEL },
    log: [
      'rpm-ostree cliwrap install-to-root /',
      `rpm-ostree override remove kernel kernel-core kernel-modules --install ${NEW.replaceAll(' ', ' --install ')}`,
      'depmod -b  5.14.0-9.rt+rt',
      DRACUT_RT,
      'rpm-ostree cleanup -m',
      'ostree container commit',
    ],
  },
  'that has pages of 64 KiB, on arm64': {
    machine: { commands: { dnf: DNF4 }, installed: WITH_KERNEL, architecture: 'arm64' },
    kernelType: '64k-pages',
    log: [
      'dnf -y --setopt=protect_running_kernel=False shell WORK',
      'dnf> remove kernel kernel-core kernel-modules',
      'dnf> install kernel-64k-core kernel-64k-modules kernel-64k-modules-core kernel-64k-modules-extra',
      'dnf> run ',
      'depmod -b  5.14.0-9+64k',
      'dracut --force --no-hostonly --reproducible --kver 5.14.0-9+64k --add ostree /usr/lib/modules/5.14.0-9+64k/initramfs.img',
      ...CLEAN,
    ],
  },
};

for (const [name, { machine: made, kernelType = 'realtime', log }] of Object.entries(KERNELS)) {
  test(`packageScript() puts in another kernel ${name}`, (t) => {
    const { status, said, log: ran, sandbox, check } = install(t, made, { kernelType });
    assert.equal(status, 0, said);
    assert.deepEqual(
      ran.map((line) => line.replace(/shell \S+\/swap$/, 'shell WORK')),
      log,
    );
    const { stdout } = spawnSync('find', ['usr/lib/modules', 'boot', '-type', 'f'], {
      cwd: sandbox.root,
      encoding: 'utf8',
    });
    const version = kernelType === 'realtime' ? '5.14.0-9.rt+rt' : '5.14.0-9+64k';
    const modules = `usr/lib/modules/${version}`;
    assert.deepEqual(stdout.trim().split('\n').sort(), [`${modules}/initramfs.img`, `${modules}/vmlinuz`]);
    assert.deepEqual(check(), { status: 0, said: '' });
  });
}

test('packageScript() leaves a kernel alone that is of that kind', (t) => {
  const installed = ['kernel-rt-core'];
  const { status, log, said, check } = install(
    t,
    { commands: { dnf: DNF4 }, installed },
    { kernelType: 'realtime' },
  );
  assert.equal(status, 0, said);
  assert.deepEqual(log, CLEAN);
  assert.match(said, /^varve: kernel-rt-core is installed\n$/);
  assert.equal(check().status, 0);
});

test("packageScript() notices what dnf's shell keeps to itself", (t) => {
  const made = { commands: { dnf: DNF4 }, installed: WITH_KERNEL, unavailable: ['kernel-rt-core'] };
  const { status, said } = install(t, made, { kernelType: 'realtime' });
  assert.notEqual(status, 0);
  assert.match(
    said,
    /Error: Unable to find a match: kernel-rt-core\nvarve: the package manager did not install kernel-rt-core\n$/,
  );
});

test('packageScript() makes no image without an initramfs', (t) => {
  const sandboxed: Machine = { commands: { dnf: DNF4, dracut: 'exit 1' }, installed: WITH_KERNEL };
  assert.notEqual(install(t, sandboxed, { kernelType: 'realtime' }).status, 0);
});

/** Of each installed package its name, then what it provides. */
function dpkgQuery(installed: readonly (readonly [string, string])[]): string {
  return `case $# in
4) case $4 in ${installed.map(([name]) => name).join(' | ')}) echo installed ;; *) exit 1 ;; esac ;;
*) printf '%s\\n' ${installed.map(([, provides]) => `'installed, ${provides},'`).join(' ')} ;;
esac`;
}

test('packageCheck() takes a package of Debian for another one that it provides', (t) => {
  const catalogue = extensionCatalogue(new Map([['mail', { debian: ['mail-transport-agent'] }]]));
  const check = (provides: string): string => {
    const commands = { 'apt-get': '', 'dpkg-query': dpkgQuery([['postfix', provides]]) };
    return install(t, { ...DEBIAN, commands }, { extensions: ['mail'], catalogue }).check().said;
  };
  assert.equal(check('default-mta, mail-transport-agent (= 1)'), '');
  assert.match(check('default-mta, mail-transport'), /end of the build: mail-transport-agent\n$/);
});

test('packageCheck() tells which packages are not there any more', (t) => {
  const { sandbox, check } = install(
    t,
    { commands: { dnf: DNF4 }, installed: WITH_KERNEL },
    { extensions: ['kerberos', 'sysstat'], kernelType: 'realtime' },
  );
  assert.deepEqual(check(), { status: 0, said: '' });
  writeFileSync(join(sandbox.root, '../rpmdb'), 'sysstat\n');
  assert.deepEqual(check(), {
    status: 1,
    said: 'varve: packages are missing from the image at the end of the build: krb5-workstation libkadm5 kernel-rt-core\n',
  });
});

test('packageCheck() wants exactly one kernel, with its initramfs', (t) => {
  const { sandbox, check } = install(
    t,
    { commands: { dnf: DNF4 }, installed: WITH_KERNEL },
    { kernelType: 'realtime' },
  );
  assert.equal(check().status, 0);
  sandbox.write('usr/lib/modules/6.0/vmlinuz', 'x');
  assert.match(
    check().said,
    /^varve: a host boots exactly one kernel, and the image has these .*rt\+rt\/vmlinuz .*6\.0\/vmlinuz\n$/,
  );
});
