import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { MachineConfigSpec } from '../api/index.ts';
import type { DisruptionAction } from './disruption-policy.ts';
import { DEFAULT_POLICIES, mergePolicies } from './disruption-policy.ts';
import { disruptionOf } from './disruption.ts';
import { file, files, ignition, machineConfig, units } from './test-objects.ts';

const RELOAD_CRIO = { type: 'Reload', reload: { serviceName: 'crio.service' } } as const;
const RESTART_A = { type: 'Restart', restart: { serviceName: 'a.service' } } as const;
const POLICIES = mergePolicies({
  files: [
    { path: '/etc/a', actions: [RESTART_A] },
    { path: '/etc/a/dear', actions: [{ type: 'Reboot' }] },
    { path: '/etc/a/drained', actions: [{ type: 'Drain' }, RESTART_A] },
  ],
  units: [{ name: 'a.service', actions: [{ type: 'DaemonReload' }, RESTART_A] }],
});

function cost(before: MachineConfigSpec, after: MachineConfigSpec) {
  return disruptionOf(
    machineConfig('rendered-worker-1', 'worker', before),
    machineConfig('rendered-worker-2', 'worker', after),
    POLICIES,
  );
}

function actionsOf(before: MachineConfigSpec, after: MachineConfigSpec): readonly DisruptionAction[] {
  return cost(before, after).actions;
}

const REBOOT = [{ type: 'Reboot' }];
const EMPTY = ignition();
const BASE = { ...EMPTY, osImageURL: 'registry.example.com/os@sha256:1' };

/** By sentence: the configuration before, the one after, what it costs. */
const ROWS: Readonly<Record<string, readonly [MachineConfigSpec, MachineConfigSpec, readonly object[]]>> = {
  'nothing changed': [BASE, BASE, [{ type: 'None' }]],
  'another OS image': [BASE, { ...BASE, osImageURL: 'registry.example.com/os@sha256:2' }, REBOOT],
  'a kernel argument': [EMPTY, { ...EMPTY, kernelArguments: ['quiet'] }, REBOOT],
  'the order of kernel arguments': [
    { ...EMPTY, kernelArguments: ['a', 'b'] },
    { ...EMPTY, kernelArguments: ['b', 'a'] },
    REBOOT,
  ],
  'no kernel arguments, said in two ways': [EMPTY, { ...EMPTY, kernelArguments: [] }, [{ type: 'None' }]],
  'FIPS mode': [EMPTY, { ...EMPTY, fips: true }, REBOOT],
  'no FIPS mode, said in two ways': [EMPTY, { ...EMPTY, fips: false }, [{ type: 'None' }]],
  'another kernel': [EMPTY, { ...EMPTY, kernelType: 'realtime' }, REBOOT],
  'the default kernel, said in three ways': [
    { ...EMPTY, kernelType: 'default' },
    { ...EMPTY, kernelType: '' },
    [{ type: 'None' }],
  ],
  'an extension': [EMPTY, { ...EMPTY, extensions: ['usbguard'] }, REBOOT],
  'no extensions, said in two ways': [EMPTY, { ...EMPTY, extensions: [] }, [{ type: 'None' }]],
  'where extensions come from, without any': [
    { ...EMPTY, baseOSExtensionsContainerImage: 'x' },
    { ...EMPTY, baseOSExtensionsContainerImage: 'y' },
    [{ type: 'None' }],
  ],
  'where extensions come from, with one': [
    { ...EMPTY, extensions: ['a'], baseOSExtensionsContainerImage: 'x' },
    { ...EMPTY, extensions: ['a'], baseOSExtensionsContainerImage: 'y' },
    REBOOT,
  ],
  'a file without a policy': [EMPTY, files(file('/etc/motd', 'x')), REBOOT],
  'a file that is gone, without a policy': [files(file('/etc/motd', 'x')), EMPTY, REBOOT],
  'a new file below a directory with a policy': [EMPTY, files(file('/etc/a/x', '1')), [RESTART_A]],
  'a file that is gone, with a policy': [files(file('/etc/a/x', '1')), EMPTY, [RESTART_A]],
  'a file with other contents': [files(file('/etc/a/x', '1')), files(file('/etc/a/x', '2')), [RESTART_A]],
  'a file with another mode': [
    files(file('/etc/a/x', '1', { mode: 0o600 })),
    files(file('/etc/a/x', '1', { mode: 0o644 })),
    [RESTART_A],
  ],
  'a file whose closer directory is dearer': [EMPTY, files(file('/etc/a/dear/x', '1')), REBOOT],
  'a file whose name only begins like the directory': [EMPTY, files(file('/etc/ab', '1')), REBOOT],
  'one file with a policy and one without': [
    EMPTY,
    files(file('/etc/a/x', '1'), file('/etc/motd', '1')),
    REBOOT,
  ],
  'ten files of one policy': [
    EMPTY,
    files(...Array.from({ length: 10 }, (_, index) => file(`/etc/a/${index}`, 'x'))),
    [RESTART_A],
  ],
  'the same files in another order': [
    files(file('/etc/motd', '1'), file('/etc/issue', '1')),
    files(file('/etc/issue', '1'), file('/etc/motd', '1')),
    [{ type: 'None' }],
  ],
  'a drain': [EMPTY, files(file('/etc/a/drained', '1')), [{ type: 'Drain' }, RESTART_A]],
  'registries.conf, of which only the base has one': [
    EMPTY,
    files(file('/etc/containers/registries.conf', '')),
    [{ type: 'Drain' }, { type: 'Special' }],
  ],
  'registries.conf with one more place to look in last': [
    files(file('/etc/containers/registries.conf', 'unqualified-search-registries = ["a"]')),
    files(file('/etc/containers/registries.conf', 'unqualified-search-registries = ["a", "b"]')),
    [{ type: 'Special' }],
  ],
  'registries.conf with one place less': [
    files(file('/etc/containers/registries.conf', 'unqualified-search-registries = ["a", "b"]')),
    files(file('/etc/containers/registries.conf', 'unqualified-search-registries = ["a"]')),
    [{ type: 'Drain' }, { type: 'Special' }],
  ],
  'registries.conf and what costs nothing': [
    files(file('/etc/containers/registries.conf', 'unqualified-search-registries = []')),
    files(
      file('/etc/containers/registries.conf', 'unqualified-search-registries = ["a"]'),
      file('/var/lib/kubelet/config.json', '{}'),
    ),
    [{ type: 'Special' }],
  ],
  'a pull secret': [EMPTY, files(file('/var/lib/kubelet/config.json', '{}')), [{ type: 'None' }]],
  'files and units, in this order': [
    EMPTY,
    {
      config: {
        ignition: { version: '3.5.0' },
        storage: { files: [file('/etc/crio/policies/x', '1')] },
        systemd: { units: [{ name: 'a.service', contents: '[Service]\n' }] },
      },
    },
    [RELOAD_CRIO, { type: 'DaemonReload' }, RESTART_A],
  ],
  'a unit without a policy': [EMPTY, units({ name: 'b.service', contents: '[Service]\n' }), REBOOT],
  'a unit that is gone': [
    units({ name: 'a.service', contents: '[Service]\n' }),
    EMPTY,
    [{ type: 'DaemonReload' }, RESTART_A],
  ],
  'a drop-in of a unit': [
    units({ name: 'a.service' }),
    units({ name: 'a.service', dropins: [{ name: '10-x.conf', contents: '[Service]\n' }] }),
    [{ type: 'DaemonReload' }, RESTART_A],
  ],
  'the enablement of a unit': [
    units({ name: 'a.service', enabled: true }),
    units({ name: 'a.service', enabled: false }),
    [{ type: 'DaemonReload' }, RESTART_A],
  ],
  'ssh keys': [
    EMPTY,
    ignition({ passwd: { users: [{ name: 'core', sshAuthorizedKeys: ['ssh-ed25519 A'] }] } }),
    [{ type: 'None' }],
  ],
  'a password': [
    ignition({ passwd: { users: [{ name: 'core', passwordHash: 'a' }] } }),
    ignition({ passwd: { users: [{ name: 'core', passwordHash: 'b' }] } }),
    [{ type: 'None' }],
  ],
  'more of a user': [
    ignition({ passwd: { users: [{ name: 'core', shell: '/bin/sh' }] } }),
    ignition({ passwd: { users: [{ name: 'core', shell: '/bin/bash' }] } }),
    REBOOT,
  ],
  'a group': [EMPTY, ignition({ passwd: { groups: [{ name: 'g' }] } }), REBOOT],
  'a directory': [EMPTY, ignition({ storage: { directories: [{ path: '/etc/a/d' }] } }), REBOOT],
  'a link that is gone': [
    ignition({ storage: { links: [{ path: '/etc/a/l', target: '/x' }] } }),
    EMPTY,
    REBOOT,
  ],
  'another Ignition version': [ignition({}, '3.4.0'), ignition({}, '3.5.0'), [{ type: 'None' }]],
  'a configuration that was never valid': [{ config: { ignition: { version: '9.9.9' } } }, EMPTY, REBOOT],
};

for (const [name, [before, after, expected]] of Object.entries(ROWS)) {
  test(`disruptionOf(): ${name}`, () => {
    assert.deepEqual(actionsOf(before, after), expected);
  });
}

test('disruptionOf() says why, with what changed and by which rule', () => {
  const { reasons, items } = cost(files(file('/etc/a/x', '1')), {
    ...files(file('/etc/motd', '1'), file('/etc/a/x', '2'), file('/etc/containers/policy.json', '1')),
    kernelArguments: ['quiet'],
  });
  assert.deepEqual(
    reasons.map(({ item, rule }) => `${item}: ${rule}`),
    [
      'spec.kernelArguments: no running node can change it',
      '/etc/motd: no policy is about it',
      '/etc/a/x: the policy for files below /etc/a',
      '/etc/containers/policy.json: the policy for /etc/containers/policy.json',
    ],
  );
  assert.deepEqual(items, ['spec.kernelArguments', '/etc/motd', '/etc/a/x', '/etc/containers/policy.json']);
});

test('disruptionOf() names the configuration that cannot be read', () => {
  const { reasons } = cost({ config: { ignition: { version: '9.9.9' } } }, EMPTY);
  assert.match(reasons[0]?.rule ?? '', /rendered-worker-1 is no valid Ignition config/u);
});

const PATHS = fc.constantFrom('/etc/motd', '/etc/a/x', '/etc/a/y', '/etc/a/dear', '/etc/crio/policies/p');
const SPEC = fc
  .record({
    contents: fc.dictionary(PATHS, fc.constantFrom('1', '2')),
    unit: fc.constantFrom(undefined, '[Service]\n', '[Unit]\n'),
    keys: fc.subarray(['ssh-ed25519 A', 'ssh-ed25519 B']),
    more: fc.constantFrom<MachineConfigSpec>({}, { kernelArguments: ['quiet'] }),
  })
  .map(({ contents, unit, keys, more }): MachineConfigSpec => {
    const sections = ignition({
      storage: { files: Object.entries(contents).map(([path, text]) => file(path, text)) },
      ...(unit === undefined ? {} : { systemd: { units: [{ name: 'a.service', contents: unit }] } }),
      ...(keys.length === 0 ? {} : { passwd: { users: [{ name: 'core', sshAuthorizedKeys: keys }] } }),
    });
    return Object.assign(sections, more);
  });

test('disruptionOf() no change costs nothing, and the way back costs what the way costs', () => {
  fc.assert(
    fc.property(SPEC, SPEC, (one, other) => {
      assert.deepEqual(actionsOf(one, one), [{ type: 'None' }]);
      assert.deepEqual(cost(one, one).reasons, []);
      const key = (actions: readonly DisruptionAction[]): readonly string[] =>
        actions.map((action) => JSON.stringify(action)).sort();
      const [there, back] = [cost(one, other), cost(other, one)];
      assert.deepEqual(key(there.actions), key(back.actions));
      assert.deepEqual([...there.items].sort(), [...back.items].sort());
    }),
  );
});

test('disruptionOf() a way over a third configuration is never cheaper than the direct one', () => {
  fc.assert(
    fc.property(SPEC, SPEC, SPEC, (one, middle, other) => {
      const direct = actionsOf(one, other);
      const steps = [...actionsOf(one, middle), ...actionsOf(middle, other)];
      if (steps.some(({ type }) => type === 'Reboot')) return;
      const done = new Set(steps.map((action) => JSON.stringify(action)));
      for (const action of direct)
        if (action.type !== 'None') assert.ok(done.has(JSON.stringify(action)), JSON.stringify(action));
    }),
  );
});

test('disruptionOf() never forgets what a policy that reboots is about', () => {
  fc.assert(
    fc.property(SPEC, SPEC, (one, other) => {
      const { actions, reasons } = cost(one, other);
      const reboots = reasons.some((reason) => reason.actions.some(({ type }) => type === 'Reboot'));
      assert.equal(reboots, actions[0]?.type === 'Reboot');
      assert.equal(reasons.length === 0, sameSets(one, other));
    }),
  );
  function sameSets(one: MachineConfigSpec, other: MachineConfigSpec): boolean {
    const set = (spec: MachineConfigSpec): string => {
      const config = structuredClone(spec.config) as { storage: { files: { path: string }[] } };
      config.storage.files.sort((a, b) => (a.path < b.path ? -1 : 1));
      return JSON.stringify([config, spec.kernelArguments ?? []]);
    };
    return set(one) === set(other);
  }
});

test('disruptionOf() by the defaults alone reboots for a file that nobody named', () => {
  const before = machineConfig('a', 'worker', EMPTY);
  const after = machineConfig('b', 'worker', files(file('/etc/a/x', '1')));
  assert.deepEqual(disruptionOf(before, after, DEFAULT_POLICIES).actions, REBOOT);
});
