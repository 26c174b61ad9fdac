import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { rootCertificates } from 'node:tls';
import type { ControllerConfig } from '../api/index.ts';
import {
  buildInputObjects,
  type BuildInputSources,
  type InputConfigMap,
  type InputSecret,
  readBuildInputs,
} from './build-input-objects.ts';
import { OsBuildError } from './osbuild-error.ts';

const encoded = (text: string): string => Buffer.from(text).toString('base64');

interface Objects {
  readonly secrets?: readonly InputSecret[];
  readonly configMaps?: readonly InputConfigMap[];
  readonly spec?: Partial<ControllerConfig['spec']>;
  readonly proxies?: Readonly<Record<string, string | undefined>>;
}

function sources({ secrets = [], configMaps = [], spec, proxies = {} }: Objects): BuildInputSources {
  return {
    pool: 'worker',
    secret: (name) => secrets.find(({ metadata }) => metadata.name === name),
    configMap: (name) => configMaps.find(({ metadata }) => metadata.name === name),
    controllerConfig:
      spec === undefined
        ? undefined
        : ({ metadata: { name: 'machine-config-controller' }, spec } as ControllerConfig),
    certificateAuthorities: ['own'],
    proxyEnvironment: proxies,
  };
}

function mounts(objects: Objects): unknown {
  return readBuildInputs(sources(objects)).mounts.map(({ path, files, source }) => [
    source,
    path,
    Object.fromEntries([...files].map(([name, bytes]) => [name, Buffer.from(bytes).toString()])),
  ]);
}

describe('readBuildInputs()', () => {
  test('gives every object that is there as a folder, and no other', () => {
    const secret = (name: string): InputSecret => ({ metadata: { name }, data: { a: encoded('1') } });
    assert.deepEqual(
      mounts({
        secrets: [
          secret('etc-pki-entitlement-worker'),
          secret('etc-pki-entitlement-infra'),
          secret('etc-pki-rpm-gpg'),
          secret('etc-apt-keyrings'),
          secret('etc-apt-auth-conf-d'),
          secret('rhsm'),
          secret('other'),
        ],
        configMaps: [
          { metadata: { name: 'etc-yum-repos-d' }, data: { 'a.repo': '[a]' } },
          { metadata: { name: 'etc-apt-sources-list-d' }, data: { 'a.list': 'deb' } },
        ],
      }),
      [
        ['ConfigMap etc-apt-sources-list-d', '/etc/apt/sources.list.d', { 'a.list': 'deb' }],
        ['ConfigMap etc-yum-repos-d', '/etc/yum.repos.d', { 'a.repo': '[a]' }],
        ['Secret etc-apt-auth-conf-d', '/etc/apt/auth.conf.d', { a: '1' }],
        ['Secret etc-apt-keyrings', '/etc/apt/keyrings', { a: '1' }],
        ['Secret etc-pki-entitlement-worker', '/etc/pki/entitlement', { a: '1' }],
        ['Secret etc-pki-rpm-gpg', '/etc/pki/rpm-gpg', { a: '1' }],
        ['Secret rhsm', '/run/secrets/rhsm', { a: '1' }],
      ],
    );
    assert.deepEqual(mounts({}), []);
  });

  test('has no two objects for one folder', () => {
    const paths = buildInputObjects('worker').map(({ path }) => path);
    assert.equal(new Set(paths).size, paths.length);
  });

  test("takes a Secret's stringData before its data, and a ConfigMap's binaryData beside its data", () => {
    assert.deepEqual(
      mounts({
        secrets: [
          { metadata: { name: 'rhsm' }, data: { a: encoded('1'), b: 'Mg ==\n' }, stringData: { a: 'x' } },
        ],
        configMaps: [
          { metadata: { name: 'etc-yum-repos-d' }, data: { a: '1' }, binaryData: { b: encoded('2') } },
        ],
      }),
      [
        ['ConfigMap etc-yum-repos-d', '/etc/yum.repos.d', { a: '1', b: '2' }],
        ['Secret rhsm', '/run/secrets/rhsm', { a: 'x', b: '2' }],
      ],
    );
  });

  test('has proxies in both cases of their names, the ControllerConfig first', () => {
    const proxy = { httpProxy: 'http://p:1', httpsProxy: '', noProxy: 'local' };
    const proxies = { HTTP_PROXY: 'http://own:1' };
    assert.deepEqual(readBuildInputs(sources({ spec: { proxy }, proxies })).proxyEnvironment, {
      HTTP_PROXY: 'http://p:1',
      http_proxy: 'http://p:1',
      NO_PROXY: 'local',
      no_proxy: 'local',
    });
    for (const spec of [{ proxy: null }, { proxy: { httpProxy: '', httpsProxy: '', noProxy: 'x' } }, {}]) {
      assert.deepEqual(readBuildInputs(sources({ spec, proxies })).proxyEnvironment, proxies);
    }
  });

  test('trusts the additional bundle of the ControllerConfig besides', () => {
    const [first = ''] = rootCertificates;
    const spec = { additionalTrustBundle: encoded(`# ours\n${first}\n`) };
    assert.deepEqual(readBuildInputs(sources({ spec })).certificateAuthorities, ['own', first]);
  });
});

const big = encoded('x'.repeat(1024 * 1024));
const REFUSED: Readonly<Record<string, readonly [Objects, string, string]>> = {
  'a key that is a path': [
    { secrets: [{ metadata: { name: 'rhsm', namespace: 'mco' }, data: { '../a': '' } }] },
    'Secret "mco/rhsm"',
    'data["../a"]: is no name of a file',
  ],
  'a key that is a folder': [
    { secrets: [{ metadata: { name: 'rhsm' }, data: { '..': '' } }] },
    'Secret "rhsm"',
    'data[".."]: is no name of a file',
  ],
  'a key without a name': [
    { configMaps: [{ metadata: { name: 'etc-yum-repos-d' }, data: { '': 'x' } }] },
    'ConfigMap "etc-yum-repos-d"',
    'data[""]: is no name of a file',
  ],
  'what is not base64': [
    { secrets: [{ metadata: { name: 'etc-pki-rpm-gpg' }, data: { key: 'hunter2!' } }] },
    'Secret "etc-pki-rpm-gpg"',
    'data.key: is not base64',
  ],
  'base64 that is cut off': [
    { secrets: [{ metadata: { name: 'etc-pki-rpm-gpg' }, data: { key: 'abcde' } }] },
    'Secret "etc-pki-rpm-gpg"',
    'data.key: is not base64',
  ],
  'what is no text': [
    { configMaps: [{ metadata: { name: 'etc-yum-repos-d' }, data: { a: 7 as unknown as string } }] },
    'ConfigMap "etc-yum-repos-d"',
    'data.a: must be a string',
  ],
  'data that is a list': [
    { secrets: [{ metadata: { name: 'rhsm' }, data: ['x'] as unknown as Record<string, string> }] },
    'Secret "rhsm"',
    'data: must be an object',
  ],
  'a key that is text and binary': [
    { configMaps: [{ metadata: { name: 'etc-yum-repos-d' }, data: { a: '1' }, binaryData: { a: '' } }] },
    'ConfigMap "etc-yum-repos-d"',
    'binaryData.a: is in data, too',
  ],
  'more than an API server takes': [
    { secrets: [{ metadata: { name: 'rhsm' }, data: { a: big, b: encoded('y') } }] },
    'Secret "rhsm"',
    'data.b: is too much: all keys together may have 1048576 bytes',
  ],
  'an object without keys': [
    { secrets: [{ metadata: { name: 'etc-pki-entitlement-worker' }, data: null }] },
    'Secret "etc-pki-entitlement-worker"',
    'data: has no keys: each is a file of /etc/pki/entitlement',
  ],
};

describe('readBuildInputs() refuses by object and field, and quotes no secret:', () => {
  for (const [what, [objects, object, reason]] of Object.entries(REFUSED)) {
    test(what, () => {
      assert.throws(
        () => readBuildInputs(sources(objects)),
        (error) =>
          error instanceof OsBuildError &&
          error.code === 'invalid-secret' &&
          error.field !== undefined &&
          error.message.startsWith(`cannot give ${object} to the container build: ${reason}`) &&
          !error.message.includes('hunter2'),
      );
    });
  }
});
