import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { test } from 'node:test';
import { pushMiniatureBase, startRegistry } from '../embedded/index.ts';
import type { Digest, Reference } from '../oci/index.ts';
import { digestHex, openRegistry, parseReference } from '../oci/index.ts';
import type { ResolvedBase } from './base-catalog.ts';
import { BaseCatalog } from './base-catalog.ts';
import type { BuildCache } from './build-cache.ts';
import { memoryCache } from './build-cache.ts';
import { indexLocations, publishIndex } from './index-artifact.ts';

interface Lab {
  readonly base: Reference;
  readonly digest: Digest;
  readonly push: Reference;
  /** Opens the base with a catalog of its own; says whether its layers were read. */
  open(cache: BuildCache): Promise<{ readonly base: ResolvedBase; readonly read: boolean }>;
  publish(index: Buffer): Promise<void>;
}

async function startLab(t: TestContext): Promise<Lab> {
  const directory = await mkdtemp(join(tmpdir(), 'varve-catalog-'));
  const server = await startRegistry({ directory });
  const registry = openRegistry({});
  t.after(async () => {
    registry.close();
    await server.close();
    await rm(directory, { recursive: true, force: true });
  });
  const base = parseReference(`${server.address}/base/os:1`);
  const push = parseReference(`${server.address}/pools/layered:1`);
  const digest = await pushMiniatureBase(registry, base);
  return {
    base,
    digest,
    push,
    async open(cache) {
      let read = false;
      const catalog = new BaseCatalog({ registry, cache }, { events: { onIndexing: () => (read = true) } });
      return { base: await catalog.open(base, ['amd64'], push), read };
    },
    async publish(index) {
      assert.ok(await publishIndex(registry, indexLocations(push, digest), index));
    },
  };
}

function indexKey(digest: Digest): string {
  return `base-index/v2/${digestHex(digest)}`;
}

/** Changes the body of an index and makes its checksum right again. */
function changed(index: Buffer, change: (body: string) => string): Buffer {
  const body = change(index.toString('utf8', 65));
  return Buffer.from(`${hash('sha256', body, 'hex')}\n${body}`);
}

test('BaseCatalog makes an index anew that is damaged in the cache or in the registry', async (t) => {
  const lab = await startLab(t);
  const good = memoryCache();
  assert.equal((await lab.open(good)).read, true);
  const index = good.get(indexKey(lab.digest));
  assert.ok(index);
  assert.equal((await lab.open(good)).read, false);
  assert.equal((await lab.open(memoryCache())).read, false);
  for (const bad of [
    Buffer.from('no index'),
    changed(index, (body) => body.slice(0, -1)),
    changed(index, (body) => body.replace('"users":{', '"nobody":{')),
    changed(index, (body) => body.replaceAll('\t', ' ')),
    changed(index, (body) => `${body}/no-tab\n`),
  ]) {
    await lab.publish(bad);
    const cache = memoryCache();
    const { base, read } = await lab.open(cache);
    assert.equal(read, true);
    assert.deepEqual(base.images[0]?.facts.entry('/etc')?.type, 'directory');
    assert.ok(cache.get(indexKey(lab.digest))?.equals(index));
  }
  await lab.publish(Buffer.from('no index'));
  const cache = memoryCache();
  cache.put(indexKey(lab.digest), index.subarray(0, -1));
  assert.equal((await lab.open(cache)).read, true);
  assert.ok(cache.get(indexKey(lab.digest))?.equals(index));
});

test('BaseCatalog.find() reads no layer, and complete() publishes nothing unless it may', async (t) => {
  const lab = await startLab(t);
  const registry = openRegistry({});
  t.after(() => registry.close());
  const catalog = new BaseCatalog({ registry, cache: memoryCache() });
  const found = await catalog.find(lab.base, ['amd64'], lab.push);
  assert.deepEqual(
    found.images.map(({ digest, facts }) => [digest, facts]),
    [[lab.digest, undefined]],
  );
  await catalog.complete(found, lab.push, { publish: false });
  assert.equal(registry.traffic.sent, 0);
  await catalog.complete(found, lab.push);
  assert.ok(registry.traffic.sent > 0);
});
