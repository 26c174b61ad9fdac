import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TreeUnit } from '../ignition/index.ts';
import { enableUnits } from './enablement.ts';
import type { FakeBase } from './fake-base.ts';
import { fakeBase } from './fake-base.ts';
import type { ImageNode } from './plane.ts';
import { UnitFiles } from './unit-files.ts';

const SERVICE = '[Service]\nExecStart=/bin/true\n[Install]\nWantedBy=multi-user.target\n';

function enablement(
  units: readonly Partial<TreeUnit>[],
  base: FakeBase = {},
): { links: string[]; removals: string[]; presets: readonly string[]; warnings: string[] } {
  const all = units.map((unit) => ({ name: 'a.service', dropins: [], ...unit }));
  const facts = fakeBase(base);
  const result = enableUnits(all, facts, new UnitFiles(facts, nodesOf(all)));
  return {
    links: result.links.map(({ path, target }) => `${path} -> ${target}`),
    removals: result.removals.map(({ path }) => path),
    presets: result.presets,
    warnings: result.warnings.map(({ message }) => message),
  };
}

/** What of units is in the image. */
function nodesOf(units: readonly TreeUnit[]): ReadonlyMap<string, ImageNode> {
  const file = (path: string, text: string): [string, ImageNode] => [
    path,
    { type: 'file', path, mode: 0o644, uid: 0, gid: 0, contents: Buffer.from(text) },
  ];
  return new Map(
    units.flatMap(({ name, contents = '', dropins }) => [
      ...(contents === '' ? [] : [file(`/etc/systemd/system/${name}`, contents)]),
      ...dropins.map((dropin) => file(`/etc/systemd/system/${name}.d/${dropin.name}`, dropin.contents)),
    ]),
  );
}

test('enableUnits() links an enabled unit of the configuration as systemctl enable does', () => {
  assert.deepEqual(enablement([{ contents: SERVICE, enabled: true }]), {
    links: ['/etc/systemd/system/multi-user.target.wants/a.service -> /etc/systemd/system/a.service'],
    removals: [],
    presets: ['enable a.service'],
    warnings: [],
  });
});

test('enableUnits() links an enabled unit of the base to where the base has it', () => {
  const units = {
    'sshd.service': {
      path: '/usr/lib/systemd/system/sshd.service',
      install: { wantedBy: ['multi-user.target'], alias: ['ssh.service'] },
    },
  };
  assert.deepEqual(enablement([{ name: 'sshd.service', enabled: true }], { units }).links, [
    '/etc/systemd/system/multi-user.target.wants/sshd.service -> /usr/lib/systemd/system/sshd.service',
    '/etc/systemd/system/ssh.service -> /usr/lib/systemd/system/sshd.service',
  ]);
});

test('enableUnits() reads [Install] of drop-ins too', () => {
  const units = { 'x.service': { path: '/usr/lib/systemd/system/x.service', install: {} } };
  const dropins = [{ name: '10.conf', contents: '[Install]\nRequiredBy=b.target\n' }];
  assert.deepEqual(enablement([{ name: 'x.service', enabled: true, dropins }], { units }).links, [
    '/etc/systemd/system/b.target.requires/x.service -> /usr/lib/systemd/system/x.service',
  ]);
});

test('enableUnits() enables instances by their template and templates by DefaultInstance', () => {
  const contents = '[Install]\nWantedBy=multi-user.target\nDefaultInstance=eth0\n';
  const { links, presets } = enablement([
    { name: 'net@.service', contents, enabled: true },
    { name: 'net@eth1.service', enabled: true },
  ]);
  assert.deepEqual(links, [
    '/etc/systemd/system/multi-user.target.wants/net@eth0.service -> /etc/systemd/system/net@.service',
    '/etc/systemd/system/multi-user.target.wants/net@eth1.service -> /etc/systemd/system/net@.service',
  ]);
  assert.deepEqual(presets, ['enable net@.service', 'enable net@.service eth1']);
});

test('enableUnits() expands specifiers of [Install]', () => {
  const contents = '[Install]\nWantedBy=dev-%i.device\n';
  assert.deepEqual(
    enablement([
      { name: 'net@.service', contents },
      { name: 'net@eth1.service', enabled: true },
    ]).links,
    ['/etc/systemd/system/dev-eth1.device.wants/net@eth1.service -> /etc/systemd/system/net@.service'],
  );
});

test('enableUnits() enables what Also names, and ends when units name each other', () => {
  const { links } = enablement([
    { name: 'a.service', contents: '[Install]\nAlso=a.socket\nWantedBy=x.target\n', enabled: true },
    { name: 'a.socket', contents: '[Install]\nAlso=a.service\nWantedBy=sockets.target\n' },
  ]);
  assert.equal(links.length, 2);
});

test('enableUnits() says of what Also names whose doing it is', () => {
  const units = {
    'a.socket': { path: '/usr/lib/systemd/system/a.socket', install: { wantedBy: ['sockets.target'] } },
  };
  const facts = fakeBase({ units });
  const owners = (...names: readonly string[]): string[] => {
    const all = names.map((name, at) =>
      at === 0
        ? { name, dropins: [], contents: '[Install]\nAlso=a.socket gone.socket\n', enabled: true }
        : { name, dropins: [] },
    );
    const { links, warnings } = enableUnits(all, facts, new UnitFiles(facts, nodesOf(all)));
    return [...links, ...warnings].map(({ unit }) => unit);
  };
  assert.deepEqual(owners('a.service'), ['a.service', 'a.service']);
  assert.deepEqual(owners('a.service', 'a.socket'), ['a.socket', 'a.service']);
});

test('enableUnits() takes the links of the base away from a disabled unit', () => {
  const base: FakeBase = {
    entries: {
      '/etc/systemd/system/multi-user.target.wants/a.service': {
        type: 'symlink',
        target: '/usr/lib/systemd/system/a.service',
      },
      '/etc/systemd/system/alias.service': { type: 'symlink', target: '/usr/lib/systemd/system/a.service' },
      '/etc/systemd/system/multi-user.target.wants/b.service': {
        type: 'symlink',
        target: '/usr/lib/systemd/system/b.service',
      },
    },
  };
  const { removals, presets } = enablement([{ enabled: false }], base);
  assert.deepEqual(removals, [
    '/etc/systemd/system/multi-user.target.wants/a.service',
    '/etc/systemd/system/alias.service',
  ]);
  assert.deepEqual(presets, ['disable a.service']);
});

test('enableUnits() takes the links of all instances away from a disabled template', () => {
  const base: FakeBase = {
    entries: {
      '/etc/systemd/system/getty.target.wants/getty@tty1.service': {
        type: 'symlink',
        target: '/usr/lib/systemd/system/getty@.service',
      },
    },
  };
  assert.deepEqual(enablement([{ name: 'getty@.service', enabled: false }], base).removals, [
    '/etc/systemd/system/getty.target.wants/getty@tty1.service',
  ]);
});

test('enableUnits() unmasks what the base masks', () => {
  const base: FakeBase = {
    entries: { '/etc/systemd/system/a.service': { type: 'symlink', target: '/dev/null' } },
  };
  assert.deepEqual(enablement([{ mask: false }], base).removals, ['/etc/systemd/system/a.service']);
});

test('enableUnits() warns of what enabling cannot do', () => {
  assert.deepEqual(enablement([{ enabled: true }]).warnings, [
    'cannot enable unit a.service: neither the configuration nor the base image has it',
  ]);
  assert.deepEqual(enablement([{ enabled: true, contents: '[Service]\n' }]).warnings, [
    'unit a.service is enabled, but has no [Install] section, so enabling it does nothing',
  ]);
  const units = {
    'a.service': { path: '/usr/lib/systemd/system/a.service', install: { wantedBy: ['x/../y'] } },
  };
  const entries = { '/etc/systemd/system/a.service': { type: 'symlink', target: '/dev/null' } } as const;
  assert.deepEqual(enablement([{ enabled: true }], { units, entries }).warnings, [
    'unit a.service is enabled, but the base image masks it: set mask: false',
    'unit a.service names "x/../y" in [Install], which is no unit',
  ]);
  assert.deepEqual(enablement([{ enabled: true, mask: true }]).warnings, [
    'unit a.service is both enabled and masked: it is masked',
  ]);
});
