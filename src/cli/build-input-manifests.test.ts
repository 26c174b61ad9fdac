import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CliError } from './cli-error.ts';
import { decodeManifests, type Manifests } from './manifests.ts';

const HOSTS = { certificateAuthorities: [], proxyEnvironment: {} };

function decode(...objects: readonly string[]): Manifests {
  return decodeManifests([{ name: 'objects.yaml', text: objects.join('\n---\n') }]);
}

function core(kind: string, name: string, more = ''): string {
  return `apiVersion: v1\nkind: ${kind}\nmetadata: {name: ${name}${more}}\ndata: {a.repo: aGVsbG8=}`;
}

test('objects that no build is given may be there as often as they like', () => {
  const { others } = decode(core('ConfigMap', 'app'), core('ConfigMap', 'app'), core('Secret', 'rhsm-2'));
  assert.equal(others.length, 3);
});

test('two objects that one build would be given are refused with the place of the second', () => {
  for (const [kind, name] of [
    ['ConfigMap', 'etc-yum-repos-d'],
    ['Secret', 'rhsm'],
    ['Secret', 'etc-pki-entitlement-worker'],
  ] as const) {
    const twice = [core(kind, name), core(kind, name, ', namespace: openshift-machine-config-operator')];
    assert.throws(
      () => decode(...twice),
      (error: unknown) => {
        assert.ok(error instanceof CliError);
        assert.match(error.message, new RegExp(`objects.yaml:8:\\d+: ${kind} "${name}" is defined twice`));
        return true;
      },
    );
  }
});

test("a build is given what its pool would be, of Varve's namespace or of none", () => {
  const { buildInputs } = decode(
    core('ConfigMap', 'etc-yum-repos-d'),
    core('Secret', 'etc-pki-entitlement-worker'),
    core('Secret', 'etc-pki-entitlement-infra'),
    core('Secret', 'rhsm', ', namespace: elsewhere'),
  );
  const paths = buildInputs.read('worker', HOSTS).mounts.map(({ path }) => path);
  assert.deepEqual(paths, ['/etc/yum.repos.d', '/etc/pki/entitlement']);
});
