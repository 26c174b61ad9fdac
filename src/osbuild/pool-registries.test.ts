import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ImageNode } from '../machineconfig/index.ts';
import { builderPolicy } from './builder-policy.ts';
import { OsBuildError } from './osbuild-error.ts';
import { builderRegistries, mirrorsOf, poolRegistries } from './pool-registries.ts';

const file = (path: string, text: string): ImageNode => {
  return { type: 'file', path, mode: 0o644, uid: 0, gid: 0, contents: Buffer.from(text) };
};

const MAIN = `unqualified-search-registries = ["docker.io"]

[[registry]]
location = "quay.io/team"
[[registry.mirror]]
location = "mirror.example.com/team"
insecure = false

[[registry]]
prefix = "*.example.org"
location = "other.example.com"
`;

test('poolRegistries() is empty where the pool says nothing', () => {
  assert.deepEqual(poolRegistries([file('/etc/containers/storage.conf', 'x')]), {});
});

test('poolRegistries() has the file of the pool, and its policy', () => {
  const nodes = [file('/etc/containers/registries.conf', MAIN), file('/etc/containers/policy.json', '{}')];
  assert.deepEqual(poolRegistries(nodes), { registriesConf: MAIN, policy: '{}' });
});

test('poolRegistries(): a later table takes the place of an earlier one for the same images, with its mirrors', () => {
  const { registriesConf = '' } = poolRegistries([
    file('/etc/containers/registries.conf', MAIN),
    file(
      '/etc/containers/registries.conf.d/20.conf',
      '[[registry]]\nlocation = "quay.io/team"\nblocked = true',
    ),
    file('/etc/containers/registries.conf.d/10.conf', '[[registry]]\nprefix = "quay.io/team"\n'),
    file('/etc/containers/registries.conf.d/30.conf.bak', '[[registry]]\nlocation = "no"\n'),
  ]);
  assert.equal(
    registriesConf,
    `unqualified-search-registries = ["docker.io"]

[[registry]]
location = "quay.io/team"
blocked = true
[[registry]]
prefix = "*.example.org"
location = "other.example.com"
`,
  );
});

test('builderRegistries() marks what may be without TLS, mirrors too, and adds what has no table', () => {
  const conf = builderRegistries(MAIN, ['mirror.example.com', '127.0.0.1:5000']);
  assert.match(conf, /location = "mirror\.example\.com\/team"\n+insecure = true\n/);
  assert.doesNotMatch(conf, /insecure = false/);
  assert.match(conf, /\[\[registry\]\]\nlocation = "127\.0\.0\.1:5000"\ninsecure = true\n$/);
  assert.equal(builderRegistries('', []), '');
});

test('mirrorsOf() names where an image may come from, by the longest prefix', () => {
  const image = (registry: string, repository: string): readonly string[] =>
    mirrorsOf(`${MAIN}[[registry]]\nlocation = "quay.io"\n`, { registry, repository });
  assert.deepEqual(image('quay.io', 'team/os'), ['quay.io/team/os', 'mirror.example.com/team/os']);
  assert.deepEqual(image('quay.io', 'teams/os'), ['quay.io/teams/os']);
  assert.deepEqual(image('r.example.com', 'os'), []);
});

test("builderPolicy() trusts Varve's own images and the stages of the build besides", () => {
  const policy = JSON.stringify({
    default: [{ type: 'reject' }],
    transports: { docker: { 'quay.io': [{ type: 'insecureAcceptAnything' }] } },
  });
  const own = `registry.example.com/os@sha256:${'1'.repeat(64)}`;
  assert.deepEqual(JSON.parse(builderPolicy(policy, [own])), {
    default: [{ type: 'reject' }],
    transports: {
      docker: {
        'quay.io': [{ type: 'insecureAcceptAnything' }],
        [own]: [{ type: 'insecureAcceptAnything' }],
      },
      'containers-storage': { '': [{ type: 'insecureAcceptAnything' }] },
    },
  });
  assert.deepEqual(JSON.parse(builderPolicy(undefined, [own])), {
    default: [{ type: 'insecureAcceptAnything' }],
  });
});

for (const [what, text] of Object.entries({
  'no JSON': '{',
  'a list': '[]',
  'one without a default': '{}',
  'transports that are none': '{"default": [], "transports": 1}',
})) {
  test(`builderPolicy() refuses ${what}`, () => {
    assert.throws(
      () => builderPolicy(text, []),
      (error) => error instanceof OsBuildError && error.code === 'invalid-configuration',
    );
  });
}
