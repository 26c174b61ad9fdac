import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DEFAULT_POLICIES, mergePolicies } from './disruption-policy.ts';
import { filePolicy } from './disruption.ts';

const RESTART_TRUST = { type: 'Restart', restart: { serviceName: 'coreos-update-ca-trust.service' } };
const RESTART_CRIO = { type: 'Restart', restart: { serviceName: 'crio.service' } };
const RESTART_KUBELET = { type: 'Restart', restart: { serviceName: 'kubelet.service' } };
const RESTART_IRI = { type: 'Restart', restart: { serviceName: 'iri-registry.service' } };
const RELOAD_CRIO = { type: 'Reload', reload: { serviceName: 'crio.service' } };

/** Contract §5.11, the table. */
const FILES: Readonly<Record<string, readonly object[]>> = {
  '/var/lib/kubelet/config.json': [{ type: 'None' }],
  '/etc/machine-config-daemon/no-reboot/containers-gpg.pub': [RELOAD_CRIO],
  '/etc/containers/policy.json': [RELOAD_CRIO],
  '/etc/containers/registries.conf': [{ type: 'Special' }],
  '/etc/containers/registries.d': [RELOAD_CRIO],
  '/etc/crio/policies': [RELOAD_CRIO],
  '/etc/nmstate/openshift': [{ type: 'None' }],
  '/etc/pki/ca-trust/source/anchors/openshift-config-user-ca-bundle.crt': [RESTART_TRUST, RESTART_CRIO],
  '/etc/kubernetes/credential-providers': [RESTART_KUBELET],
  '/etc/systemd/system/kubelet.service.d/40-kubelet-crio-image-credential-provider.conf': [
    { type: 'DaemonReload' },
    RESTART_KUBELET,
  ],
  '/etc/iri-registry': [RESTART_IRI],
  '/usr/local/bin/load-registry-image.sh': [RESTART_IRI],
  '/etc/pki/ca-trust/source/anchors/iri-root-ca.crt': [RESTART_TRUST],
};

for (const [path, actions] of Object.entries(FILES)) {
  test(`the default policy for ${path}`, () => {
    assert.deepEqual(filePolicy(path, DEFAULT_POLICIES), { path, actions });
  });
}

test('the defaults are those of the table and no others', () => {
  assert.deepEqual(
    DEFAULT_POLICIES.files.map(({ path }) => path),
    Object.keys(FILES),
  );
  assert.deepEqual(DEFAULT_POLICIES.units, [
    { name: 'iri-registry.service', actions: [{ type: 'DaemonReload' }, RESTART_IRI] },
  ]);
  assert.deepEqual(DEFAULT_POLICIES.sshkey, { actions: [{ type: 'None' }] });
});

/** The rules of paths: the policy's path, the file's, whether it is meant. */
const PATHS: readonly (readonly [string, string, boolean])[] = [
  ['/etc/foo', '/etc/foo', true],
  ['/etc/foo', '/etc/foo/bar', true],
  ['/etc/foo', '/etc/foo/bar/baz', true],
  ['/etc/foo', '/etc/foobar', false],
  ['/etc/foo', '/etc/fo', false],
  ['/etc/foo/', '/etc/foo/bar', true],
  ['/', '/etc/foo', true],
  ['/etc/foo/bar', '/etc/foo', false],
];

for (const [policy, path, isMeant] of PATHS) {
  test(`filePolicy(): a policy for ${policy} is ${isMeant ? '' : 'not '}about ${path}`, () => {
    const files = [{ path: policy, actions: [{ type: 'None' as const }] }];
    const found = filePolicy(path, { files, units: [], sshkey: { actions: [] } });
    assert.equal(found?.path, isMeant ? policy : undefined);
  });
}

test('filePolicy() takes the longest path, wherever it stands', () => {
  const named = (path: string) => ({ path, actions: [] });
  const files = [named('/etc'), named('/etc/a/b'), named('/etc/a'), named('/')];
  const policies = { files, units: [], sshkey: { actions: [] } };
  assert.equal(filePolicy('/etc/a/b/c', policies)?.path, '/etc/a/b');
  assert.equal(filePolicy('/etc/a/c', policies)?.path, '/etc/a');
  assert.equal(filePolicy('/etc/ab', policies)?.path, '/etc');
  assert.equal(filePolicy('/var', policies)?.path, '/');
});

test('mergePolicies() without a user’s policies is the defaults', () => {
  assert.deepEqual(mergePolicies(undefined), DEFAULT_POLICIES);
  assert.deepEqual(mergePolicies({}), DEFAULT_POLICIES);
});

test('mergePolicies() replaces what has the same path or name in its place, and adds the rest', () => {
  const merged = mergePolicies({
    files: [
      { path: '/etc/motd', actions: [{ type: 'None' }] },
      { path: '/etc/containers/registries.conf', actions: [{ type: 'Reboot' }] },
    ],
    units: [
      { name: 'a.service', actions: [{ type: 'Restart', restart: { serviceName: 'a.service' } }] },
      { name: 'iri-registry.service', actions: [{ type: 'None' }] },
    ],
    sshkey: { actions: [{ type: 'Drain' }] },
  });
  assert.deepEqual(
    merged.files.map(({ path }) => path),
    [...Object.keys(FILES), '/etc/motd'],
  );
  assert.deepEqual(filePolicy('/etc/containers/registries.conf', merged)?.actions, [{ type: 'Reboot' }]);
  assert.deepEqual(merged.units, [
    { name: 'iri-registry.service', actions: [{ type: 'None' }] },
    { name: 'a.service', actions: [{ type: 'Restart', restart: { serviceName: 'a.service' } }] },
  ]);
  assert.deepEqual(merged.sshkey, { actions: [{ type: 'Drain' }] });
});

test('mergePolicies() leaves the default for ssh keys where the user names no action', () => {
  assert.deepEqual(mergePolicies({ sshkey: { actions: [] } }).sshkey, DEFAULT_POLICIES.sshkey);
});

test('mergePolicies() has an action that no API server lets in cost a reboot', () => {
  const merged = mergePolicies({ files: [{ path: '/etc/a', actions: [{ type: 'Restart' }] }] });
  assert.deepEqual(filePolicy('/etc/a', merged)?.actions, [{ type: 'Reboot' }]);
});
