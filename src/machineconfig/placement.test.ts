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
  assert.equal(text(placement, TMPFILES), 'd /var/d 0700 5 0\nL+ /var/l - - - - /etc/a b%%\n');
});

test('place() quotes what tmpfiles.d would read otherwise', () => {
  const placement = placed(file('/var/a b[1]%'));
  assert.equal(
    text(placement, TMPFILES),
    'r! "/var/a b[[]1]%%"\nC "/var/a b[1]%%" 0644 0 0 - /usr/lib/varve/tree/var/a b[1]%%\n',
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
    'd /var/home/core :0700 :core :core\n' +
      'd /var/home/core/.ssh 0700 core core\n' +
      `r! ${path}\nC ${path} 0600 core core - /usr/lib/varve/tree${path}\n`,
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
