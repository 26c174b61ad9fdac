import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { test } from 'node:test';
import { pushMiniatureBase, startRegistry } from '../embedded/index.ts';
import type { Rendered } from '../machineconfig/index.ts';
import { render } from '../machineconfig/index.ts';
import type { RegistryClient } from '../oci/index.ts';
import { openRegistry, parseReference, withTag } from '../oci/index.ts';
import { memoryCache } from './build-cache.ts';
import { openPoolRegistry } from './open-pool-registry.ts';
import type { PoolRegistry } from './pool-registry.ts';

interface Lab {
  readonly address: string;
  readonly client: RegistryClient;
  readonly pool: PoolRegistry;
}

async function startLab(t: TestContext): Promise<Lab> {
  const directory = await mkdtemp(join(tmpdir(), 'varve-pool-registry-'));
  const server = await startRegistry({ directory });
  const client = openRegistry({});
  const { address } = server;
  const pool = openPoolRegistry(
    {
      pull: undefined,
      push: { name: 'push-secret', document: '{"auths":{}}' },
      certificateAuthorities: [],
      insecureRegistries: [address],
      proxyEnvironment: {},
    },
    memoryCache(),
  );
  t.after(async () => {
    pool.close();
    client.close();
    await server.close();
    await rm(directory, { recursive: true, force: true });
  });
  await pushMiniatureBase(client, parseReference(`${address}/base/os:1`));
  return { address, client, pool };
}

function rendered(text: string): Rendered {
  return render({
    pool: {
      apiVersion: 'machineconfiguration.openshift.io/v1',
      kind: 'MachineConfigPool',
      metadata: { name: 'worker' },
      spec: {
        machineConfigSelector: { matchLabels: { 'machineconfiguration.openshift.io/role': 'worker' } },
      },
    },
    machineConfigs: [
      {
        apiVersion: 'machineconfiguration.openshift.io/v1',
        kind: 'MachineConfig',
        metadata: { name: '00-worker', labels: { 'machineconfiguration.openshift.io/role': 'worker' } },
        spec: {
          config: {
            ignition: { version: '3.4.0' },
            storage: { files: [{ path: '/etc/motd', contents: { source: `data:,${text}` } }] },
          },
        },
      },
    ],
    defaults: { osImageURL: 'registry.example.com/os:1', baseOSExtensionsContainerImage: '' },
  });
}

test('PoolRegistry builds on the base that it resolves, and lets the tags of the pool name what it made', async (t) => {
  const { address, client, pool } = await startLab(t);
  const { signal } = new AbortController();
  const push = parseReference(`${address}/pools/worker:worker-0123456789abcdef0123456789abcdef`);
  const osImageURL = `${address}/base/os:1`;
  const { base, isExternal } = await pool.resolveBase({ pool: 'worker', osImageURL, push, signal });
  assert.equal(isExternal, false);
  const configuration = rendered('one');
  const built = await pool.build({
    pool: 'worker',
    rendered: configuration,
    base: parseReference(base),
    push,
    architectures: 'all',
    signal,
    say: () => undefined,
  });
  assert.equal(built.upToDate, false);
  assert.equal(await pool.has(built.image, signal), true);
  await pool.publishTags({
    pool: 'worker',
    image: built.image,
    rendered: configuration.machineConfig,
    signal,
  });
  const tagged = await client.resolve(withTag(push, 'worker'));
  assert.equal(built.image, `${address}/pools/worker@${tagged?.digest}`);
  const images = await pool.listImages(push, signal);
  assert.deepEqual(images.map(({ tag }) => tag).sort(), [
    'worker',
    'worker-0123456789abcdef0123456789abcdef',
    'worker-rendered-config',
  ]);
  assert.equal(await pool.deleteImages(push, [tagged?.digest ?? ''], signal), 1);
  assert.equal(await pool.has(built.image, signal), false);
});
