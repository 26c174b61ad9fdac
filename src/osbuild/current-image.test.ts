import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pushMiniatureBase } from '../embedded/index.ts';
import { openRegistry, parseReference, sha256 } from '../oci/index.ts';
import type { BuildCache } from './build-cache.ts';
import { memoryCache } from './build-cache.ts';
import { readCurrentImage, rememberPushed } from './current-image.ts';
import { startTestRegistry } from './test-registry.ts';

const OTHER = sha256(Buffer.from('other'));

test('readCurrentImage() asks for no more than the digest where it knows what was pushed', async (t) => {
  const server = await startTestRegistry(t);
  const registry = openRegistry({});
  t.after(() => registry.close());
  const push = parseReference(`${server.address}/pools/worker:1`);
  const cache = memoryCache();
  assert.equal(await readCurrentImage({ registry, cache }, push), undefined);
  for (const architectures of [['amd64'], ['amd64', 'arm64']] as const) {
    const digest = await pushMiniatureBase(registry, push, { architectures });
    server.forget();
    const read = await readCurrentImage({ registry, cache }, push);
    assert.ok(read);
    const count = architectures.length;
    assert.equal(read.digest, digest);
    assert.equal(read.manifests.size, count === 1 ? 1 : 1 + count);
    // Five layers and a config of each, of which some may be the same.
    assert.ok(read.blobs.size > 5 && read.blobs.size <= 6 * count);
    assert.equal(server.lines('GET').length, count === 1 ? 1 : 1 + count);

    rememberPushed(cache, push, read);
    server.forget();
    assert.deepEqual(await readCurrentImage({ registry, cache }, push), read);
    assert.deepEqual(server.lines(), ['HEAD /v2/pools/worker/manifests/1']);

    // Somebody else has pushed since, or the entry is not what it was.
    rememberPushed(cache, push, { ...read, digest: OTHER });
    assert.deepEqual(await readCurrentImage({ registry, cache }, push), read);
    const digests = [digest];
    for (const damaged of [
      '',
      'null',
      '[]',
      JSON.stringify({ digest }),
      JSON.stringify({ digest, manifests: 'x', blobs: digests }),
      JSON.stringify({ digest, manifests: digests, blobs: ['sha256:x'] }),
      JSON.stringify({ digest: 7, manifests: digests, blobs: digests }),
    ]) {
      const entry: BuildCache = { get: () => Buffer.from(damaged), put: () => undefined };
      assert.deepEqual(await readCurrentImage({ registry, cache: entry }, push), read, damaged);
    }
  }
});
