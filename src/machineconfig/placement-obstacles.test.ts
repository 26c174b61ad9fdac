import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { JsonObject } from '../ignition/index.ts';
import { parentOf } from './base-path.ts';
import type { FakeBase } from './fake-base.ts';
import { fakeBase } from './fake-base.ts';
import { MachineConfigError } from './machineconfig-error.ts';
import type { Problem } from './machineconfig-error.ts';
import { place } from './placement.ts';
import type { Placement } from './plane.ts';
import { file, files, ignition, machineConfig, renderInfra, units } from './test-objects.ts';

type Spec = ReturnType<typeof ignition>;

const CORE = { users: { core: { uid: 1000, gid: 1000, home: '/home/core' } } } as const;
const SERVICE = '[Service]\nExecStart=/bin/true\n[Install]\nWantedBy=multi-user.target\n';

/** Places the MachineConfigs `10`, `20`… of these specs. */
function placed(specs: readonly Spec[], base: FakeBase = {}): Placement {
  const { config, provenance } = renderInfra(
    specs.map((spec, at) => machineConfig(`${at + 1}0`, 'worker', spec)),
  );
  return place({ config, kernelArguments: [], fips: false, provenance, base: fakeBase(base) });
}

function problems(specs: readonly Spec[], base: FakeBase = {}): readonly Problem[] {
  try {
    placed(specs, base);
  } catch (error) {
    assert.ok(error instanceof MachineConfigError && error.code === 'unplaceable', String(error));
    return error.problems;
  }
  return [];
}

function directory(path: string): Spec {
  return ignition({ storage: { directories: [{ path }] } });
}

function link(path: string, target: string): Spec {
  return ignition({ storage: { links: [{ path, target }] } });
}

const enabled = units({ name: 'a.service', enabled: true, contents: SERVICE });

const OBSTRUCTED: Readonly<Record<string, { specs: readonly Spec[]; base?: FakeBase; problem: Problem }>> = {
  'a deep path that a link of the base makes of a short one': {
    specs: [files(file('/usr/lib/foo', 'a')), files(file('/lib/foo/x', 'b'))],
    problem: {
      machineConfig: '20',
      field: 'spec.config.storage.files[0]',
      message:
        '/lib/foo/x: /usr/lib/foo of MachineConfig "10" is no directory, so nothing can lie below it; move one of the two',
    },
  },
  'the same below /var, where no layer would have told': {
    specs: [link('/var/home/core', '/data'), files(file('/home/core/x', 'b'))],
    problem: {
      machineConfig: '20',
      field: 'spec.config.storage.files[0]',
      message:
        '/home/core/x: /var/home/core of MachineConfig "10" is no directory, so nothing can lie below it; move one of the two',
    },
  },
  'a directory below a file': {
    specs: [files(file('/usr/lib/foo', 'a')), directory('/lib/foo/x')],
    problem: {
      machineConfig: '20',
      field: 'spec.config.storage.directories[0]',
      message:
        '/lib/foo/x: /usr/lib/foo of MachineConfig "10" is no directory, so nothing can lie below it; move one of the two',
    },
  },
  'an enabled unit whose .wants is a link': {
    specs: [link('/etc/systemd/system/multi-user.target.wants', '/elsewhere'), enabled],
    problem: {
      machineConfig: '20',
      field: 'spec.config.systemd.units[0]',
      message:
        'unit a.service: enabled: /etc/systemd/system/multi-user.target.wants of MachineConfig "10" is no directory, so nothing can lie below it; move one of the two',
    },
  },
  'an enablement link where a file is': {
    specs: [files(file('/etc/systemd/system/multi-user.target.wants/a.service', '')), enabled],
    problem: {
      machineConfig: '20',
      field: 'spec.config.systemd.units[0]',
      message:
        'unit a.service: enabled: its link /etc/systemd/system/multi-user.target.wants/a.service would replace /etc/systemd/system/multi-user.target.wants/a.service of MachineConfig "10"; leave one of the two out',
    },
  },
  'ssh keys below a file': {
    specs: [
      files(file('/home/core/.ssh', '')),
      ignition({ passwd: { users: [{ name: 'core', sshAuthorizedKeys: ['ssh-ed25519 k'] }] } }),
    ],
    base: CORE,
    problem: {
      machineConfig: '20',
      field: 'spec.config.passwd.users[0]',
      message:
        'user core: ssh keys: /home/core/.ssh of MachineConfig "10" is no directory, so nothing can lie below it; move one of the two',
    },
  },
  'ssh keys where a file is': {
    specs: [
      files(file('/home/core/.ssh/authorized_keys', '')),
      ignition({ passwd: { users: [{ name: 'core', sshAuthorizedKeys: ['ssh-ed25519 k'] }] } }),
    ],
    base: CORE,
    problem: {
      machineConfig: '20',
      field: 'spec.config.passwd.users[0]',
      message:
        'user core: ssh keys: the configuration also has /home/core/.ssh/authorized_keys of MachineConfig "10" at /var/home/core/.ssh/authorized_keys; keep one of the two',
    },
  },
  'a file in place of a directory of what Varve writes': {
    specs: [files(file('/usr/lib/bootc', ''))],
    problem: {
      machineConfig: '10',
      field: 'spec.config.storage.files[0]',
      message:
        '/usr/lib/bootc: Varve itself writes /usr/lib/bootc/kargs.d/90-varve.toml, which would lie below it; choose another path',
    },
  },
  'something below what Varve writes': {
    specs: [files(file('/usr/lib/bootc/kargs.d/90-varve.toml/x', ''))],
    problem: {
      machineConfig: '10',
      field: 'spec.config.storage.files[0]',
      message:
        '/usr/lib/bootc/kargs.d/90-varve.toml/x: /usr/lib/bootc/kargs.d/90-varve.toml, which Varve itself writes, is no directory, so nothing can lie below it; move one of the two',
    },
  },
};

for (const [sentence, { specs, base = {}, problem }] of Object.entries(OBSTRUCTED)) {
  test(`place() refuses ${sentence}, and names what is in the way and whose it is`, () => {
    assert.deepEqual(problems(specs, base), [problem]);
  });
}

test('place() names the MachineConfig of the other one of two names of what is one file on this base', () => {
  const [problem, ...more] = problems([files(file('/lib/a', '')), files(file('/usr/lib/a', ''))]);
  assert.deepEqual(problem, {
    machineConfig: '20',
    field: 'spec.config.storage.files[0]',
    message:
      '/usr/lib/a: the base image makes one path of it and of /lib/a of MachineConfig "10"; keep one of the two',
  });
  assert.deepEqual(more, []);
});

test('place() takes a link of one unit that two links of the base bring to one place', () => {
  const base = {
    entries: {
      '/etc/systemd/system/b.target.wants': { type: 'symlink', target: 'multi-user.target.wants' },
    },
  } as const;
  const contents = SERVICE.replace('multi-user.target', 'multi-user.target b.target');
  const { nodes } = placed([units({ name: 'a.service', enabled: true, contents })], base);
  assert.deepEqual(
    nodes.filter(({ type }) => type === 'symlink').map(({ path }) => path),
    ['/etc/systemd/system/multi-user.target.wants/a.service'],
  );
});

test('place() gives no image node below one that is no directory, whatever the names and the order', () => {
  const roots = ['/usr/lib', '/lib', '/etc', '/var/home', '/home', '/etc/systemd/system', '/usr/lib/bootc'];
  const path = fc
    .tuple(
      fc.constantFrom(...roots),
      fc.array(fc.constantFrom('a', 'b', 'kargs.d'), { minLength: 1, maxLength: 3 }),
    )
    .map(([root, parts]) => `${root}/${parts.join('/')}`);
  const node = fc.tuple(path, fc.constantFrom('files', 'directories', 'links'));
  fc.assert(
    fc.property(fc.uniqueArray(node, { selector: ([at]) => at, maxLength: 6 }), (nodes) => {
      const paths = (kind: string): string[] => nodes.filter(([, type]) => type === kind).map(([at]) => at);
      const storage = {
        files: paths('files').map((at): JsonObject => ({ path: at, contents: { source: 'data:,' } })),
        directories: paths('directories').map((at): JsonObject => ({ path: at })),
        links: paths('links').map((at): JsonObject => ({ path: at, target: '/t' })),
      };
      let placement: Placement;
      try {
        placement = placed([ignition({ storage })]);
      } catch (error) {
        // Refused by Ignition's own rules, or here; either way with the name of the MachineConfig.
        assert.ok(error instanceof MachineConfigError && error.machineConfig === '10', String(error));
        return;
      }
      const types = new Map(placement.nodes.map(({ path: at, type }) => [at, type]));
      for (const at of types.keys())
        for (let parent = parentOf(at); parent !== '/'; parent = parentOf(parent))
          assert.ok((types.get(parent) ?? 'directory') === 'directory', `${at} below ${parent}`);
    }),
  );
});
