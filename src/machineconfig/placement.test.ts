import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseValue } from '../ignition/index.ts';
import type { FakeBase } from './fake-base.ts';
import { fakeBase } from './fake-base.ts';
import { MachineConfigError } from './machineconfig-error.ts';
import { place } from './placement.ts';
import type { ImageNode, Placement } from './plane.ts';

const provenance = { of: (_item: unknown): readonly string[] => ['50-test'], field: () => undefined };

function placed(
  config: object,
  base: FakeBase = {},
  spec: { kernelArguments?: string[]; fips?: boolean } = {},
): Placement {
  const outcome = parseValue({ ignition: { version: '3.5.0' }, ...config });
  assert.ok(outcome.ok, JSON.stringify(outcome.report));
  const { kernelArguments = [], fips = false } = spec;
  return place({ config: outcome.config, kernelArguments, fips, provenance, base: fakeBase(base) });
}

function refusal(config: object, base: FakeBase = {}, kernelArguments: string[] = []): string {
  try {
    placed(config, base, { kernelArguments });
  } catch (error) {
    assert.ok(error instanceof MachineConfigError);
    assert.equal(error.code, 'unplaceable');
    assert.equal(error.machineConfig, '50-test');
    return error.message;
  }
  throw new Error('nothing was refused');
}

function file(path: string, more: object = {}): object {
  return { storage: { files: [{ path, overwrite: true, contents: { source: 'data:,hello' }, ...more }] } };
}

function node(placement: Placement, path: string): ImageNode {
  const found = placement.nodes.find((candidate) => candidate.path === path);
  assert.ok(found, `no ${path} among ${placement.nodes.map((one) => one.path).join(', ')}`);
  return found;
}

function text(placement: Placement, path: string): string {
  const found = node(placement, path);
  assert.equal(found.type, 'file');
  return found.type === 'file' ? Buffer.from(found.contents).toString() : '';
}

const CORE = { users: { core: { uid: 1000, gid: 1000, home: '/home/core' } } } as const;
const TMPFILES = '/usr/lib/tmpfiles.d/00-varve.conf';

test('place() leaves an /etc path where the user put it', () => {
  const placement = placed(file('/etc/a', { mode: 0o600, user: { id: 7 }, group: { id: 8 } }));
  assert.deepEqual(node(placement, '/etc/a'), {
    type: 'file',
    path: '/etc/a',
    mode: 0o600,
    uid: 7,
    gid: 8,
    contents: Buffer.from('hello'),
  });
  assert.deepEqual(
    placement.items.map(({ item, plane, machineConfigs }) => ({ item, plane, machineConfigs })),
    [{ item: '/etc/a', plane: 'etc', machineConfigs: ['50-test'] }],
  );
});

for (const [requested, target] of Object.entries({
  '/var/lib/a': '/var/lib/a',
  '/home/core/a': '/var/home/core/a',
  '/root/a': '/var/roothome/a',
  '/opt/a': '/var/opt/a',
  '/usr/local/bin/a': '/var/usrlocal/bin/a',
  '/srv/a': '/var/srv/a',
  '/mnt/a': '/var/mnt/a',
  '/var/run/a': '/run/a',
  '/run/a': '/run/a',
})) {
  test(`place() ships ${requested} below /usr/lib/varve for systemd-tmpfiles to put at ${target}`, () => {
    const placement = placed(
      file(requested, { mode: 0o640, user: { name: 'core' }, group: { name: 'wheel' } }),
    );
    assert.equal(text(placement, `/usr/lib/varve/tree${target}`), 'hello');
    assert.equal(
      text(placement, TMPFILES),
      `r! ${target}\nC ${target} 0640 core wheel - /usr/lib/varve/tree${target}\n`,
    );
    assert.equal(placement.items[0]?.plane, 'var');
    assert.equal(placement.items[0]?.target, target);
  });
}

test('place() writes through a base symlink inside /usr to where it points', () => {
  assert.equal(node(placed(file('/lib/firmware.d/a')), '/usr/lib/firmware.d/a').type, 'file');
});

test('place() puts /usr/local into the image where the base has it as a directory', () => {
  const base = { entries: { '/usr/local': { type: 'directory', mode: 0o755, uid: 0, gid: 0 } } } as const;
  assert.equal(node(placed(file('/usr/local/bin/a'), base), '/usr/local/bin/a').type, 'file');
});

test('place() does not replace a file below /var that overwrite: false leaves alone', () => {
  const placement = placed(file('/var/a', { overwrite: false }));
  assert.equal(text(placement, TMPFILES), 'C /var/a 0644 0 0 - /usr/lib/varve/tree/var/a\n');
});

test('place() makes directories and links below /var by tmpfiles.d alone', () => {
  const placement = placed({
    storage: {
      directories: [{ path: '/var/d', mode: 0o700, user: { id: 5 } }],
      links: [{ path: '/var/l', target: '/etc/a b%' }],
    },
  });
  assert.equal(text(placement, TMPFILES), 'd /var/d 0700 5 :0\nL /var/l - - - - /etc/a\\x20b%%\n');
});

test('place() quotes what tmpfiles.d would read otherwise', () => {
  const placement = placed(file('/var/a b[1]%'));
  assert.equal(
    text(placement, TMPFILES),
    'r! "/var/a b[[]1]%%"\nC "/var/a b[1]%%" 0644 0 0 - /usr/lib/varve/tree/var/a\\x20b[1]%%\n',
  );
});

for (const [sentence, config, base, reason] of [
  [
    'a file over a base directory',
    file('/etc/d'),
    { entries: { '/etc/d': { type: 'directory', mode: 0o755, uid: 0, gid: 0 } } },
    /is a directory in the base image/,
  ],
  [
    'a file below a base file',
    file('/etc/f/a'),
    { entries: { '/etc/f': { type: 'file' } } },
    /is a file in the base image/,
  ],
  [
    'a file over a base file without overwrite',
    file('/etc/f', { overwrite: false }),
    { entries: { '/etc/f': { type: 'file' } } },
    /exists there already .* overwrite is false/,
  ],
  [
    'a directory over a base symlink',
    { storage: { directories: [{ path: '/usr/local' }] } },
    {},
    /symbolic link in the base image/,
  ],
  ['a file over a base symlink to a directory', file('/usr/local'), {}, /is a directory in the base image/],
  ['a toplevel of the base', file('/home'), {}, /itself belongs to the base image/],
  [
    'a directory of root in a home',
    { storage: { directories: [{ path: '/home/core/d', user: { name: 'root' } }] } },
    CORE,
    /is core's: systemd-tmpfiles refuses/,
  ],
  [
    'an append to a file of the node',
    { storage: { files: [{ path: '/var/f', append: [{ source: 'data:,x' }] }] } },
    {},
    /appends to \/var\/f of the node/,
  ],
  ['a file that would be a whiteout', file('/etc/.wh.hosts'), {}, /something is taken away/],
  [
    'a link target with a line break',
    { storage: { links: [{ path: '/var/l', target: '/a\nf /etc/pwn' }] } },
    {},
    /control character/,
  ],
  [
    'an owner that is no account name',
    file('/var/a', { user: { name: 'a b' } }),
    {},
    /not a name that an account can have/,
  ],
  [
    'an account name that sysusers.d refuses',
    { passwd: { users: [{ name: 'john.doe', uid: 1 }] } },
    {},
    /"john.doe" is not a name/,
  ],
  [
    'a comment with a colon',
    { passwd: { users: [{ name: 'a', gecos: 'Ops: night' }] } },
    {},
    /neither a colon/,
  ],
  [
    'a shell with a blank',
    { passwd: { users: [{ name: 'a', shell: '/bin/sh -l' }] } },
    {},
    /shell is not an absolute path/,
  ],
  [
    'an alias over a unit of the configuration',
    {
      systemd: {
        units: [
          { name: 'a.service', contents: '[Service]\n' },
          { name: 'b.service', enabled: true, contents: '[Install]\nAlias=a.service\n' },
        ],
      },
    },
    {},
    /a.service would replace \/etc\/systemd\/system\/a.service of MachineConfig "50-test"; leave one/,
  ],
  [
    'an alias over a unit of the base',
    { systemd: { units: [{ name: 'b.service', enabled: true, contents: '[Install]\nAlias=a.service\n' }] } },
    { entries: { '/etc/systemd/system/a.service': { type: 'file' } } },
    /would replace what is there in the base image/,
  ],
  [
    'a directory of /usr with another mode',
    { storage: { directories: [{ path: '/usr/bin', mode: 0o700 }] } },
    {},
    /another mode or owner/,
  ],
  ['a path of the kernel', file('/proc/a'), {}, /nothing below \/proc/],
  ['a path below /boot', file('/boot/a'), {}, /nothing below \/boot/],
  ['a custom toplevel that the host drops', file('/data/a'), {}, /lost silently/],
  ["ostree's own /usr/etc", file('/usr/etc/a'), {}, /write the path below \/etc/],
  ['what Varve writes itself', file('/usr/lib/varve/provenance.json'), {}, /written by Varve itself/],
  [
    'a kargs.d file of the same name',
    file('/usr/lib/bootc/kargs.d/90-varve.toml'),
    {},
    /written by Varve itself/,
  ],
  [
    'an owner that nobody has',
    file('/etc/a', { user: { name: 'nobody-here' } }),
    {},
    /user "nobody-here" is in neither/,
  ],
  [
    'a symlink loop of the base',
    file('/etc/x/a'),
    { entries: { '/etc/x': { type: 'symlink', target: 'y' }, '/etc/y': { type: 'symlink', target: 'x' } } },
    /form a loop/,
  ],
  [
    'an append to a base file',
    { storage: { files: [{ path: '/etc/f', append: [{ source: 'data:,x' }] }] } },
    { entries: { '/etc/f': { type: 'file' } } },
    /appends to \/etc\/f/,
  ],
  [
    'a mode change of a base file',
    { storage: { files: [{ path: '/etc/f', mode: 0o600 }] } },
    { entries: { '/etc/f': { type: 'file' } } },
    /without giving its contents/,
  ],
  [
    'a hard link to the base',
    { storage: { links: [{ path: '/etc/h', target: '/etc/f', hard: true }] } },
    {},
    /use a symbolic link/,
  ],
] as const) {
  test(`place() refuses ${sentence}`, () => {
    assert.match(refusal(config, base), reason);
  });
}

test('place() lists every item that it refuses', () => {
  const message = refusal({ storage: { files: [{ path: '/proc/a' }, { path: '/sys/b' }] } });
  assert.match(message, /\/proc\/a/);
  assert.match(message, /\/sys\/b/);
});

test('place() keeps a custom toplevel where the host does', () => {
  assert.equal(node(placed(file('/data/a'), { keepsToplevels: true }), '/data/a').type, 'file');
});

test('place() sets the mode of a base directory of /etc by tmpfiles.d, since no layer can', () => {
  const placement = placed({ storage: { directories: [{ path: '/etc/systemd', mode: 0o700 }] } });
  assert.equal(text(placement, TMPFILES), 'z /etc/systemd 0700\n');
});

test('place() writes kernel arguments to kargs.d, each once', () => {
  const placement = placed(
    { kernelArguments: { shouldExist: ['a=1', 'quiet'] } },
    {},
    { kernelArguments: ['hugepagesz=4M', 'a=1', 'dyndbg="file x +p" y'] },
  );
  assert.equal(
    text(placement, '/usr/lib/bootc/kargs.d/90-varve.toml'),
    'kargs = ["hugepagesz=4M", "a=1", "dyndbg=\\"file x +p\\"", "y", "quiet"]\n',
  );
  assert.deepEqual(placement.kernelArguments, ['hugepagesz=4M', 'a=1', 'dyndbg="file x +p"', 'y', 'quiet']);
});

test('place() ships an empty kargs.d file, so that arguments of an earlier image go away', () => {
  assert.equal(text(placed({}), '/usr/lib/bootc/kargs.d/90-varve.toml'), 'kargs = []\n');
});

test('place() refuses runc as the default runtime on a base that has none', () => {
  const contents = { source: 'data:,%5Bcrio.runtime%5D%0Adefault_runtime%20%3D%20%22runc%22%0A' };
  const outcome = parseValue({
    ignition: { version: '3.5.0' },
    storage: { files: [{ path: '/etc/crio/crio.conf.d/99-runtime.conf', contents }] },
  });
  assert.ok(outcome.ok);
  const input = { config: outcome.config, kernelArguments: [], fips: false, provenance, base: fakeBase() };
  assert.throws(
    () => place({ ...input, streamClass: 'rhel-10' }),
    /99-runtime\.conf: it makes runc the default runtime, which rhel-10 does not have; set default_runtime to "crun"/,
  );
  assert.equal(place({ ...input, streamClass: 'rhel-9' }).items.length, 1);
});

test('place() refuses a kernel argument with an open quote', () => {
  assert.match(refusal({}, {}, ['dyndbg="file a', 'c=d']), /without its closing one/);
});

test('place() refuses kernel arguments that belong to the boot loader', () => {
  assert.match(refusal({}, {}, ['quiet ostree=/x']), /belongs to the boot loader/);
});

test('place() leaves what an image cannot do to the node or to its first boot', () => {
  const placement = placed(
    {
      kernelArguments: { shouldNotExist: ['b'] },
      storage: { disks: [{ device: '/dev/sda', wipeTable: true }] },
      passwd: { users: [{ name: 'root', passwordHash: '$y$secret' }] },
    },
    {},
    { fips: true },
  );
  assert.deepEqual(
    placement.items.map(({ item, plane }) => [item, plane]),
    [
      ['user root: password hash', 'live'],
      ['kernel argument b: absent', 'live'],
      ['storage.disks', 'firstboot'],
      ['fips', 'firstboot'],
    ],
  );
  assert.ok(
    !placement.nodes.some((one) => one.type === 'file' && Buffer.from(one.contents).includes('secret')),
  );
});

test('place() puts the keys of a user of the base below its home', () => {
  const placement = placed(
    { passwd: { users: [{ name: 'core', sshAuthorizedKeys: ['ssh-ed25519 A a', 'ssh-ed25519 B b'] }] } },
    { users: { core: { uid: 1000, gid: 1000, home: '/home/core' } } },
  );
  const path = '/var/home/core/.ssh/authorized_keys';
  assert.equal(text(placement, `/usr/lib/varve/tree${path}`), 'ssh-ed25519 A a\nssh-ed25519 B b\n');
  assert.equal(
    text(placement, TMPFILES),
    'd /var/home/core :0700 :core :1000\n' +
      'd /var/home/core/.ssh 0700 core 1000\n' +
      `r! ${path}\nC ${path} 0600 core 1000 - /usr/lib/varve/tree${path}\n`,
  );
  assert.ok(!placement.nodes.some((one) => one.path.startsWith('/usr/lib/sysusers.d')));
});

test('place() follows a base whose sshd reads a directory of key files', () => {
  const placement = placed(
    { passwd: { users: [{ name: 'core', sshAuthorizedKeys: ['ssh-ed25519 A a'] }] } },
    { users: { core: { uid: 1000, gid: 1000, home: '/var/home/core' } }, readsKeyDirectory: true },
  );
  assert.ok(node(placement, '/usr/lib/varve/tree/var/home/core/.ssh/authorized_keys.d/ignition'));
});

test('place() declares accounts that the base lacks in sysusers.d and knows their ids', () => {
  const placement = placed({
    passwd: {
      users: [{ name: 'app', uid: 900, homeDir: '/var/lib/app', shell: '/sbin/nologin', groups: ['root'] }],
      groups: [{ name: 'ops', gid: 901 }],
    },
    ...file('/etc/a', { user: { name: 'app' }, group: { name: 'ops' } }),
  });
  assert.equal(
    text(placement, '/usr/lib/sysusers.d/varve.conf'),
    'g ops 901\nu app 900 - "/var/lib/app" /sbin/nologin\nm app root\n',
  );
  const placedFile = node(placement, '/etc/a');
  assert.ok(placedFile.type === 'file' && placedFile.uid === 900 && placedFile.gid === 901);
});

test('place() makes the directories between a home and a file in it the owner of the home', () => {
  const placement = placed(file('/home/core/.config/x/y.conf', { user: { name: 'core' } }), CORE);
  const path = '/var/home/core/.config/x/y.conf';
  assert.equal(
    text(placement, TMPFILES),
    'd /var/home/core :0700 :core :1000\n' +
      'd /var/home/core/.config :0755 :core :1000\n' +
      'd /var/home/core/.config/x :0755 :core :1000\n' +
      `r! ${path}\nC ${path} 0644 core 0 - /usr/lib/varve/tree${path}\n`,
  );
});

test('place() sets of a directory that a node has only what the configuration gives', () => {
  const placement = placed(
    { storage: { directories: [{ path: '/home/core' }, { path: '/var/lib/x', mode: 0o750 }] } },
    CORE,
  );
  assert.equal(text(placement, TMPFILES), 'd /var/home/core :0700 :core :1000\nd /var/lib/x 0750 :0 :0\n');
});

test('place() adds up what is given of a directory under several names', () => {
  const directories = [
    { path: '/home/core/d', mode: 0o750 },
    { path: '/var/home/core', group: { name: 'wheel' } },
    { path: '/var/home/core/d', user: { id: 7 } },
  ];
  assert.equal(
    text(placed({ storage: { directories } }, CORE), TMPFILES),
    'd /var/home/core :0700 :core wheel\nd /var/home/core/d 0750 7 :1000\n',
  );
  // The home has a line for the file in it before the directory says more of it.
  const files = [{ path: '/home/core/f', contents: { source: 'data:,' } }];
  const both = { storage: { files, directories: directories.slice(1, 2) } };
  assert.match(text(placed(both, CORE), TMPFILES), /^d \/var\/home\/core :0700 :core wheel$/mu);
});

test('place() replaces a file by a link only with overwrite, and never a directory', () => {
  const links = [{ path: '/var/l', target: '/data', overwrite: true }];
  assert.equal(text(placed({ storage: { links } }), TMPFILES), 'r! /var/l\nL /var/l - - - - /data\n');
});

test('place() writes enablement links and generated files through symlinks of the base', () => {
  const entries = {
    '/etc/systemd/system/sockets.target.wants': { type: 'symlink', target: '/usr/lib/custom.wants' },
    '/usr/lib/bootc': { type: 'symlink', target: '../share/bootc' },
  } as const;
  const units = [
    { name: 'a.socket', enabled: true, contents: '[Socket]\n[Install]\nWantedBy=sockets.target\n' },
  ];
  const placement = placed({ systemd: { units } }, { entries });
  assert.equal(node(placement, '/usr/lib/custom.wants/a.socket').type, 'symlink');
  assert.equal(node(placement, '/usr/share/bootc/kargs.d/90-varve.toml').type, 'file');
});

test('place() enables a unit that the configuration gives as a file', () => {
  const unit = 'data:,%5BInstall%5D%0AWantedBy=multi-user.target%0A';
  const placement = placed({
    storage: { files: [{ path: '/etc/systemd/system/a.service', contents: { source: unit } }] },
    systemd: { units: [{ name: 'a.service', enabled: true }] },
  });
  assert.deepEqual(placement.warnings, []);
  assert.equal(node(placement, '/etc/systemd/system/multi-user.target.wants/a.service').type, 'symlink');
});

test("place() declares a primary group without a uid, makes homes, and says that the id is the node's", () => {
  const placement = placed({
    passwd: {
      users: [
        { name: 'alice', primaryGroup: 'root' },
        { name: 'daemon2', system: true },
      ],
    },
  });
  assert.equal(
    text(placement, '/usr/lib/sysusers.d/varve.conf'),
    'u alice -:root - "/home/alice" /bin/bash\nu daemon2 - - "/home/daemon2" /bin/bash\n',
  );
  assert.equal(text(placement, TMPFILES), 'd /var/home/alice :0700 :alice :root\n');
  assert.match(placement.warnings[0] ?? '', /alice has no uid/);
});

test('place() depends on nothing but its input', () => {
  const names = fc.constantFrom('/etc/a', '/etc/b/c', '/usr/lib/d', '/var/lib/e', '/opt/f', '/home/core/g');
  fc.assert(
    fc.property(fc.uniqueArray(names), fc.nat(0o777), (paths, mode) => {
      const files = paths.map((path) => ({ path, mode, overwrite: true, contents: { source: 'data:,x' } }));
      const one = placed({ storage: { files } });
      const other = placed({ storage: { files: [...files].reverse() } });
      const byPath = (placement: Placement): ImageNode[] =>
        [...placement.nodes].sort((a, b) => (a.path < b.path ? -1 : 1));
      assert.deepEqual(byPath(one), byPath(other));
    }),
  );
});

test('place() gives every file exactly one plane and never writes through a base symlink', () => {
  const part = fc.constantFrom('a', 'b', 'local', 'lib', 'home');
  const top = fc.constantFrom('etc', 'usr', 'var', 'home', 'opt', 'root', 'srv', 'bin', 'lib', 'run');
  fc.assert(
    fc.property(top, fc.array(part, { minLength: 1, maxLength: 4 }), (first, rest) => {
      const path = `/${[first, ...rest].join('/')}`;
      let placement;
      try {
        placement = placed(file(path));
      } catch (error) {
        // Only what the base has there may be in the way.
        assert.ok(error instanceof MachineConfigError);
        return;
      }
      assert.equal(placement.items.length, 1);
      for (const { path: written } of placement.nodes) {
        assert.match(written, /^\/(?:usr|etc)\//u);
        assert.ok(!/^\/usr\/local(?:\/|$)/u.test(written), written);
      }
    }),
  );
});

test('place() refuses what lies below a file of the same configuration, on either plane', () => {
  for (const directory of ['/etc/a', '/var/lib/a']) {
    const message = refusal({ storage: { files: [{ path: directory }, { path: `${directory}/b` }] } });
    assert.match(message, new RegExp(`${directory} of MachineConfig "50-test" is no directory`));
  }
});

test('place() refuses two names of what is one file on this base', () => {
  const twins = { storage: { files: [{ path: '/home/a' }, { path: '/var/home/a' }] } };
  const message = refusal(twins, { entries: { '/home': { type: 'symlink', target: 'var/home' } } });
  assert.match(
    message,
    /the base image makes one path of it and of \/home\/a of MachineConfig "50-test"; keep one of the two/,
  );
});

test('place() takes a directory that is named twice', () => {
  const twins = { storage: { directories: [{ path: '/home/a' }, { path: '/var/home/a' }] } };
  const placement = placed(twins, { entries: { '/home': { type: 'symlink', target: 'var/home' } } });
  assert.equal(placement.items.length, 2);
});

test('place() refuses accounts without a name', () => {
  assert.match(refusal({ passwd: { users: [{ name: '' }] } }), /a user: it has no name/);
  assert.match(refusal({ passwd: { groups: [{ name: '' }] } }), /a group: it has no name/);
});

test('place() names the MachineConfig of every file whose contents cannot be had', () => {
  const hash = `sha512-${'0'.repeat(128)}`;
  const message = refusal({
    storage: {
      files: [
        { path: '/etc/a', contents: { source: 'data:,a', verification: { hash } } },
        { path: '/etc/b', contents: { source: 'data:,b' } },
        { path: '/etc/c', append: [{ source: 'data:,c', compression: 'gzip' }] },
      ],
    },
  });
  assert.match(message, /MachineConfig "50-test": cannot verify the contents of \/etc\/a/);
  assert.match(message, /MachineConfig "50-test": cannot decompress the contents of \/etc\/c/);
  assert.doesNotMatch(message, /\/etc\/b/);
});

test("place() leaves mode and owner of a node's file alone where a bare file gives none", () => {
  const bare = (more: object): Placement => placed({ storage: { files: [{ path: '/var/lib/a', ...more }] } });
  assert.match(text(bare({}), TMPFILES), /^f \/var\/lib\/a :0644 :0 :0$/mu);
  assert.match(
    text(bare({ mode: 0o600, user: { name: 'core' } }), TMPFILES),
    /^f \/var\/lib\/a 0600 core :0$/mu,
  );
});

test('place() refuses ssh keys where the configuration has a file of its own', () => {
  const config = {
    ...file('/home/core/.ssh/authorized_keys'),
    passwd: { users: [{ name: 'core', sshAuthorizedKeys: ['ssh-ed25519 k'] }] },
  };
  assert.match(refusal(config, CORE), /ssh keys.*\/var\/home\/core\/\.ssh\/authorized_keys; keep one/su);
});

test('place() keeps an enablement link of the base for a unit that the configuration writes anew', () => {
  const path = '/etc/systemd/system/multi-user.target.wants/a.service';
  const contents = '[Install]\nWantedBy=multi-user.target\n';
  const config = { systemd: { units: [{ name: 'a.service', enabled: true, contents }] } };
  for (const target of [
    '/usr/lib/systemd/system/a.service',
    '../../../../usr/lib/systemd/system/a.service',
  ]) {
    const placement = placed(config, { entries: { [path]: { type: 'symlink', target } } });
    assert.ok(!placement.nodes.some((one) => one.path === path));
  }
  assert.match(
    refusal(config, { entries: { [path]: { type: 'symlink', target: '/dev/null' } } }),
    /would replace the link to \/dev\/null/u,
  );
});

test('place() warns of a repeated kernel argument that meant something else at its second place', () => {
  const warnings = (kernelArguments: string[]): readonly string[] =>
    placed({}, {}, { kernelArguments }).warnings;
  const [warning, ...more] = warnings(['hugepagesz=1G', 'hugepages=2', 'hugepagesz=2M', 'hugepages=2']);
  assert.match(warning ?? '', /hugepages=2 after hugepagesz=2M has no effect/u);
  assert.deepEqual(more, []);
  assert.deepEqual(warnings(['audit=1', 'quiet', 'audit=1', 'quiet']), []);
});
