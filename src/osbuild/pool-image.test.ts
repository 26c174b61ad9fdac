import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { test } from 'node:test';
import { buildMiniatureBase, pushMiniatureBase, startRegistry } from '../embedded/index.ts';
import type { Reference, RegistryClient, TarEntry } from '../oci/index.ts';
import { appendLayers, buildLayer, openRegistry, parseReference } from '../oci/index.ts';
import { Label } from './image-labels.ts';
import { OsBuildError } from './osbuild-error.ts';
import type { ConfigurationLayer } from './pool-image.ts';
import { describeImage, readConfiguration } from './pool-image.ts';

interface Lab {
  readonly registry: RegistryClient;
  readonly reference: Reference;
  /** Pushes an image with a configuration layer that somebody else has made, and reads it. */
  readonly read: (provenance: string) => Promise<ConfigurationLayer>;
}

async function startLab(t: TestContext): Promise<Lab> {
  const directory = await mkdtemp(join(tmpdir(), 'varve-image-'));
  const server = await startRegistry({ directory });
  const registry = openRegistry({});
  t.after(async () => {
    registry.close();
    await server.close();
    await rm(directory, { recursive: true, force: true });
  });
  const reference = parseReference(`${server.address}/pools/layered:1`);
  await pushMiniatureBase(registry, reference);
  const base = buildMiniatureBase();
  const read = async (provenance: string): Promise<ConfigurationLayer> => {
    const parents = ['usr', 'usr/lib', 'usr/lib/varve'].map((path): TarEntry => ({
      path,
      type: 'directory',
      mode: 0o755,
      uid: 0,
      gid: 0,
    }));
    const map: TarEntry = {
      path: 'usr/lib/varve/provenance.json',
      type: 'file',
      mode: 0o600,
      uid: 0,
      gid: 0,
      contents: Buffer.from(provenance),
    };
    const layer = buildLayer([...parents, map], { compression: 'gzip', mediaFamily: 'oci' });
    const image = appendLayers(base, [layer], {
      labels: { [Label.configLayer]: layer.diffId },
      annotations: {},
      created: '2026-01-01T00:00:00Z',
      history: [{ created_by: 'somebody' }],
    });
    await registry.putBlob(reference, layer.descriptor, layer.bytes);
    await registry.putBlob(reference, image.configDescriptor, image.config);
    await registry.putManifest(reference, image.manifest, image.mediaType);
    return readConfiguration(registry, await describeImage(registry, reference, 'amd64'));
  };
  return { registry, reference, read };
}

const MAP = {
  version: 1,
  pool: 'layered',
  renderedConfig: 'rendered-layered-1',
  base: `sha256:${'0'.repeat(64)}`,
  kernelArguments: ['quiet'],
  items: [
    {
      item: '/etc/a',
      plane: 'etc',
      machineConfigs: ['a'],
      reason: 'it is a file',
      paths: [{ path: '/etc/a' }],
    },
  ],
};

test('readConfiguration() reads a provenance map', async (t) => {
  const { read } = await startLab(t);
  assert.deepEqual((await read(JSON.stringify(MAP))).provenance, MAP);
});

test('readConfiguration() refuses what is no provenance map', async (t) => {
  const { read } = await startLab(t);
  const [item] = MAP.items;
  for (const provenance of [
    '{',
    'null',
    '[]',
    JSON.stringify({ ...MAP, version: 2 }),
    JSON.stringify({ ...MAP, items: undefined }),
    JSON.stringify({ ...MAP, items: [null] }),
    JSON.stringify({ ...MAP, items: [{ ...item, paths: undefined }] }),
    JSON.stringify({ ...MAP, items: [{ ...item, paths: [{ path: 1 }] }] }),
    JSON.stringify({ ...MAP, items: [{ ...item, machineConfigs: 'a' }] }),
    JSON.stringify({ ...MAP, kernelArguments: {} }),
  ]) {
    await assert.rejects(
      read(provenance),
      (error) => error instanceof OsBuildError && error.code === 'provenance-missing',
    );
  }
});

test('describeImage() names an image that the registry has not got', async (t) => {
  const { registry, reference } = await startLab(t);
  await assert.rejects(
    describeImage(registry, { ...reference, tag: 'gone' }, 'amd64'),
    (error) => error instanceof OsBuildError && error.code === 'image-missing',
  );
});
