import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MachineConfig } from '../api/index.ts';
import { ObjectCache, type KubeObject } from '../kube/index.ts';
import { OsBuildError } from '../osbuild/index.ts';
import type { ClusterView } from './cluster-view.ts';
import { containerInputs, type ContainerInputs } from './container-inputs.ts';
import { noBuilding } from './process-building.ts';
import { DEFAULT_SETTINGS } from './support.ts';
import { osConfigOf } from './test-images.ts';
import { machineConfig } from './test-view.ts';

const RENDERED = machineConfig('rendered-worker-1', 'worker');
const CONTAINERFILE = [{ containerfileArch: 'NoArch' as const, content: 'FROM configs AS final\n' }];

interface Asked {
  readonly secrets?: readonly KubeObject[];
  readonly configMaps?: readonly KubeObject[];
  readonly controllerConfig?: object;
  readonly rendered?: MachineConfig;
  readonly containerFile?: typeof CONTAINERFILE;
  readonly kind?: 'none' | 'process';
}

function read(asked: Asked = {}): ContainerInputs {
  const cached = (objects: readonly object[] = []): object => {
    const cache = new ObjectCache<KubeObject>();
    cache.replace(objects as readonly KubeObject[]);
    return { cache };
  };
  const { controllerConfig, kind = 'none', containerFile = CONTAINERFILE } = asked;
  const view = {
    secrets: cached(asked.secrets),
    configMaps: cached(asked.configMaps),
    controllerConfigs: cached(controllerConfig === undefined ? [] : [controllerConfig]),
  } as unknown as ClusterView;
  const settings = {
    ...DEFAULT_SETTINGS,
    namespace: 'varve',
    proxyEnvironment: { HTTPS_PROXY: 'http://proxy:3128', HOME: '/root' },
  };
  const osConfig = osConfigOf('worker', { containerFile });
  const containers = { ...noBuilding('m'), kind };
  return containerInputs(osConfig, asked.rendered ?? RENDERED, { view, settings, containers });
}

function object(name: string, resourceVersion: string, data?: Readonly<Record<string, string>>): KubeObject {
  const metadata = { name, namespace: 'varve', uid: `uid-${name}`, resourceVersion };
  return { metadata, ...(data === undefined ? {} : { data }) };
}

const KEYS = { 'key.pem': Buffer.from('secret').toString('base64') };

test('a pool that needs no container takes nothing, and no change of it concerns it', () => {
  const secrets = [object('etc-pki-entitlement-worker', '1')];
  for (const kind of ['none', 'process'] as const) {
    const { inputs, circumstances } = read({ containerFile: [], secrets, kind });
    assert.deepEqual(inputs, { mounts: [], certificateAuthorities: [], proxyEnvironment: {} });
    assert.equal(circumstances, '');
  }
});

test('what is there of the objects that builds are given is mounted; of the environment only proxies', () => {
  const { inputs } = read({
    secrets: [object('etc-pki-entitlement-worker', '1', KEYS), object('other', '1', KEYS)],
    configMaps: [object('etc-yum-repos-d', '1', { 'a.repo': '[a]' })],
  });
  assert.deepEqual(
    inputs.mounts.map(({ path, files }) => [path, [...files.keys()]]),
    [
      ['/etc/yum.repos.d', ['a.repo']],
      ['/etc/pki/entitlement', ['key.pem']],
    ],
  );
  assert.equal(inputs.proxyEnvironment['HTTPS_PROXY'], 'http://proxy:3128');
  assert.ok(!('HOME' in inputs.proxyEnvironment));
});

test('a failed build is tried anew for another builder, other contents, other proxies, and nothing else', () => {
  const secrets = [object('etc-pki-entitlement-worker', '1', KEYS)];
  const controllerConfig = {
    metadata: { name: 'machine-config-controller', generation: 1, resourceVersion: '7' },
    spec: {},
  };
  const first = read({ secrets, controllerConfig }).circumstances;
  const { metadata } = controllerConfig;
  const same = { ...controllerConfig, metadata: { ...metadata, resourceVersion: '8' } };
  assert.equal(read({ secrets, controllerConfig: same }).circumstances, first);
  const others: readonly Asked[] = [
    { secrets, controllerConfig, kind: 'process' },
    { secrets: [object('etc-pki-entitlement-worker', '2', KEYS)], controllerConfig },
    { controllerConfig },
    { secrets, controllerConfig, configMaps: [object('etc-yum-repos-d', '1', { 'a.repo': '[a]' })] },
    { secrets, controllerConfig: { ...controllerConfig, metadata: { ...metadata, generation: 2 } } },
  ];
  const texts = others.map((asked) => read(asked).circumstances);
  assert.equal(new Set([first, ...texts]).size, others.length + 1);
  for (const text of [first, ...texts]) assert.ok(!text.includes('secret '), text);
});

test('a failed build of extensions is tried anew when it changes what they stand for', () => {
  const given = (version: string, extensions?: readonly string[]): string => {
    const rendered = machineConfig(
      'rendered-worker-1',
      'worker',
      extensions === undefined ? {} : { extensions },
    );
    return read({ rendered, configMaps: [object('varve-extensions', version, { x: 'deb:x' })] })
      .circumstances;
  };
  assert.notEqual(given('1', ['x']), given('2', ['x']));
  assert.equal(given('1', ['x']), given('1', ['x']));
  assert.equal(given('1'), given('2'));
});

test('an object that a build cannot be given is refused by its name', () => {
  assert.throws(
    () => read({ secrets: [object('etc-pki-entitlement-worker', '1', {})] }),
    (error) =>
      error instanceof OsBuildError &&
      error.code === 'invalid-secret' &&
      error.message.includes('etc-pki-entitlement-worker'),
  );
});
