import assert from 'node:assert/strict';
import { test } from 'node:test';
import { reconcile } from './index.ts';
import { file, files, ignition, machineConfig, renderInfra } from './test-objects.ts';
import type { Difference, IrreconcilableOverride, Rendered } from './index.ts';
import type { MachineConfig } from '../api/index.ts';
import type { JsonObject, JsonValue } from '../ignition/index.ts';

type Spec = MachineConfig['spec'];

/** The configuration of one MachineConfig under a fixed name, so that messages can be compared. */
function rendered(name: string, ...specs: readonly Spec[]): Rendered {
  const result = renderInfra(specs.map((spec, index) => machineConfig(`mc-${index}`, 'worker', spec)));
  return { ...result, machineConfig: { ...result.machineConfig, metadata: { name } } };
}

function differences(
  before: Spec | readonly Spec[],
  after: Spec | readonly Spec[],
  overrides?: readonly IrreconcilableOverride[],
): readonly Difference[] {
  const old = rendered('old', ...[before].flat());
  return reconcile(old.machineConfig, rendered('new', ...[after].flat()), overrides);
}

function storage(sections: JsonObject): Spec {
  return ignition({ storage: sections });
}

function users(...entries: readonly JsonObject[]): Spec {
  return ignition({ passwd: { users: entries } });
}

const REST = 'and running nodes cannot follow; undo the change, or replace the nodes';
const DISKS = { disks: [{ device: '/dev/sda', wipeTable: true }] };
const FILESYSTEMS = { filesystems: [{ device: '/dev/sda1', format: 'xfs', path: '/var' }] };
const RAID = { raid: [{ name: 'md', level: 'raid1', devices: ['/dev/sda', '/dev/sdb'] }] };

test('reconcile() lets through what nodes can do', async (t) => {
  const cases: Record<string, [Spec | Spec[], Spec | Spec[]]> = {
    'nothing changed': [{}, {}],
    'files and units': [
      files(file('/etc/a', '1'), file('/etc/gone', '')),
      ignition({
        storage: { files: [file('/etc/a', '2')] },
        systemd: { units: [{ name: 'a.service', enabled: true }] },
      }),
    ],
    'kernel arguments of the MachineConfig': [{ kernelArguments: ['a'] }, { kernelArguments: ['b'] }],
    'OS image, extensions and kernel': [
      {},
      { osImageURL: 'x@sha256:1', extensions: ['ipsec'], kernelType: 'realtime' },
    ],
    'keys and password of core': [
      users({ name: 'core', sshAuthorizedKeys: ['a'] }),
      users({ name: 'core', sshAuthorizedKeys: ['b'], passwordHash: 'x' }),
    ],
    'all users gone': [users({ name: 'core', sshAuthorizedKeys: ['a'] }), {}],
    'all links gone': [storage({ links: [{ path: '/etc/a', target: 'b' }] }), {}],
    'the same from more MachineConfigs': [
      storage({ directories: [{ path: '/etc/a' }, { path: '/etc/b' }] }),
      [storage({ directories: [{ path: '/etc/a' }] }), storage({ directories: [{ path: '/etc/b' }] })],
    ],
    'LUKS volumes, which the contract does not look at': [
      {},
      storage({ luks: [{ name: 'a', device: '/dev/sda' }] }),
    ],
    'no FIPS, said or not': [{ fips: false }, {}],
  };
  for (const [sentence, [before, after]] of Object.entries(cases)) {
    await t.test(sentence, () => assert.deepEqual(differences(before, after), []));
  }
});

test('reconcile() names what nodes cannot do, old before new, and whose it is', async (t) => {
  const cases: Record<string, [Spec | Spec[], Spec | Spec[], Difference]> = {
    groups: [
      ignition({ passwd: { groups: [{ name: 'a' }] } }),
      [{}, ignition({ passwd: { groups: [{ name: 'b' }] } })],
      {
        code: 'groups',
        field: 'spec.config.passwd.groups',
        message: `groups differ between old and new (group b), ${REST}`,
        machineConfigs: ['mc-1'],
      },
    ],
    'a user besides core': [
      users({ name: 'core', sshAuthorizedKeys: ['a'] }),
      users({ name: 'core', sshAuthorizedKeys: ['a'] }, { name: 'bob' }),
      {
        code: 'users',
        field: 'spec.config.passwd.users',
        message:
          'users differ between old and new, and user bob cannot be created or changed on running nodes; only core can; undo the change, or replace the nodes',
        machineConfigs: ['mc-0'],
      },
    ],
    'more of core than keys and password': [
      {},
      users({ name: 'core', sshAuthorizedKeys: ['a'], shell: '/bin/zsh', uid: 7 }),
      {
        code: 'users',
        field: 'spec.config.passwd.users',
        message:
          'users differ between old and new, and of user core only sshAuthorizedKeys and passwordHash can change, not shell, uid; undo the change, or replace the nodes',
        machineConfigs: ['mc-0'],
      },
    ],
    'neither key nor password of core': [
      users({ name: 'core', sshAuthorizedKeys: ['a'] }),
      users({ name: 'core' }),
      {
        code: 'users',
        field: 'spec.config.passwd.users',
        message:
          'users differ between old and new, and user core needs sshAuthorizedKeys or a passwordHash; undo the change, or replace the nodes',
        machineConfigs: ['mc-0'],
      },
    ],
    'kernel arguments of Ignition': [
      ignition({ kernelArguments: { shouldExist: ['a'] } }),
      [
        ignition({ kernelArguments: { shouldExist: ['a'] } }),
        ignition({ kernelArguments: { shouldNotExist: ['b'] } }),
      ],
      {
        code: 'ignition-kernel-arguments',
        field: 'spec.config.kernelArguments',
        message:
          "Ignition's kernelArguments differ between old and new, which counts on first boot only; use spec.kernelArguments",
        machineConfigs: ['mc-1'],
      },
    ],
    disks: [
      {},
      storage(DISKS),
      {
        code: 'disks',
        field: 'spec.config.storage.disks',
        message: `disks differ between old and new (disk /dev/sda), ${REST}`,
        machineConfigs: ['mc-0'],
      },
    ],
    'a disk that is gone, whose owner nobody knows': [
      storage(DISKS),
      {},
      {
        code: 'disks',
        field: 'spec.config.storage.disks',
        message: `disks differ between old and new, ${REST}`,
        machineConfigs: [],
      },
    ],
    filesystems: [
      {},
      storage(FILESYSTEMS),
      {
        code: 'filesystems',
        field: 'spec.config.storage.filesystems',
        message: `filesystems differ between old and new (filesystem on /dev/sda1), ${REST}`,
        machineConfigs: ['mc-0'],
      },
    ],
    RAID: [
      {},
      storage(RAID),
      {
        code: 'raid',
        field: 'spec.config.storage.raid',
        message: `RAID arrays differ between old and new (RAID md), ${REST}`,
        machineConfigs: ['mc-0'],
      },
    ],
    'directories of two MachineConfigs': [
      storage({ directories: [{ path: '/etc/a' }] }),
      [
        storage({ directories: [{ path: '/etc/a', mode: 448 }] }),
        storage({ directories: [{ path: '/etc/b' }] }),
      ],
      {
        code: 'directories',
        field: 'spec.config.storage.directories',
        message: `directories differ between old and new (directory /etc/a, directory /etc/b), ${REST}`,
        machineConfigs: ['mc-0', 'mc-1'],
      },
    ],
    'a link that changed': [
      storage({ links: [{ path: '/etc/a', target: 'b' }] }),
      storage({ links: [{ path: '/etc/a', target: 'c' }] }),
      {
        code: 'links',
        field: 'spec.config.storage.links',
        message: `links differ between old and new (link /etc/a), ${REST}`,
        machineConfigs: ['mc-0'],
      },
    ],
    'append, even if it was there before': [
      files({ path: '/etc/a', append: [{ source: 'data:,a' }] }),
      files({ path: '/etc/a', append: [{ source: 'data:,a' }] }),
      {
        code: 'append',
        field: 'spec.config.storage.files',
        message:
          'file /etc/a of new has append, which a node would do again with every update; write the whole contents',
        machineConfigs: ['mc-0'],
      },
    ],
    'the file that switches checks off': [
      {},
      files(file('/run/machine-config-daemon-force', '')),
      {
        code: 'force-file',
        field: 'spec.config.storage.files',
        message:
          'file /run/machine-config-daemon-force of new must not come from a MachineConfig; it makes a node skip its checks',
        machineConfigs: ['mc-0'],
      },
    ],
    FIPS: [
      {},
      [{}, { fips: true }],
      {
        code: 'fips',
        field: 'spec.fips',
        message:
          'FIPS mode differs between old and new (false before, true after); it is chosen when a machine is installed',
        machineConfigs: ['mc-1'],
      },
    ],
  };
  for (const [sentence, [before, after, expected]] of Object.entries(cases)) {
    await t.test(sentence, () => assert.deepEqual(differences(before, after), [expected]));
  }
});

test('reconcile() passes over what an administrator has declared irrelevant', () => {
  const after = storage({ ...DISKS, ...FILESYSTEMS, ...RAID });
  const codes = (...overrides: readonly IrreconcilableOverride[]): readonly string[] =>
    differences({}, after, overrides).map(({ code }) => code);
  assert.deepEqual(codes(), ['disks', 'filesystems', 'raid']);
  assert.deepEqual(codes('Disks'), ['filesystems', 'raid']);
  assert.deepEqual(codes('FileSystems', 'Raid'), ['disks']);
  assert.deepEqual(codes('Disks', 'FileSystems', 'Raid'), []);
});

test('reconcile() reports several differences in the order of the contract', () => {
  const after = ignition({
    passwd: { groups: [{ name: 'a' }] },
    storage: { directories: [{ path: '/etc/a' }] },
  });
  assert.deepEqual(
    differences({}, { ...after, fips: true }).map(({ code }) => code),
    ['groups', 'directories', 'fips'],
  );
});

test('reconcile() says so if the current configuration cannot be read', () => {
  const broken: JsonValue = { ignition: { version: '3.5.0' }, storage: { files: [{ path: 'a' }] } };
  const current = machineConfig('old', 'worker', { config: broken });
  assert.deepEqual(reconcile(current, rendered('new', {})), [
    {
      code: 'invalid-config',
      field: 'spec.config',
      message: 'the current configuration old is not a valid Ignition config: path not absolute',
      machineConfigs: [],
    },
  ]);
  assert.equal(reconcile({ ...current, spec: {} }, rendered('new', {})).length, 0);
});
