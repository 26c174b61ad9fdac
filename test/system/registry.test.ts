import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import {
  authDocument,
  type AuthSource,
  type Descriptor,
  MediaType,
  OciError,
  openRegistry,
  parseReference,
  type Reference,
  type RegistryClient,
  type RegistryOptions,
  sha256,
  withDigest,
  withTag,
} from '../../src/oci/index.ts';
import { atEnd } from '../lab/at-end.ts';
import { startRegistry } from '../lab/registry.ts';
import { skipWithout } from '../lab/requirements.ts';

const skip = skipWithout('docker-registry');

// bcrypt of "varve-secret".
const HTPASSWD = 'builder:$2b$04$Hpi88ZWAHmvPjE5c7AqzK.iOe0zCojFBBd/lhpTOHC5TcnG9bQF8C\n';

interface Lab {
  readonly client: RegistryClient;
  readonly at: (name: string) => Reference;
  readonly address: string;
}

async function lab(t: TestContext, options: RegistryOptions = {}, htpasswd?: string): Promise<Lab> {
  const registry = await startRegistry({ htpasswd });
  atEnd(t, () => registry.stop());
  const client = openRegistry(options);
  atEnd(t, () => client.close());
  return { client, address: registry.host, at: (name) => parseReference(`${registry.host}/${name}`) };
}

function layer(bytes: Uint8Array): Descriptor {
  return { mediaType: MediaType.ociLayer, digest: sha256(bytes), size: bytes.length };
}

function image(layers: readonly Descriptor[], config: Descriptor): Uint8Array {
  const manifest = { schemaVersion: 2, mediaType: MediaType.ociManifest, config, layers };
  return Buffer.from(JSON.stringify(manifest));
}

async function pushImage({ client }: Lab, ref: Reference, content: Uint8Array): Promise<Uint8Array> {
  const config = Buffer.from('{}');
  const configDescriptor = { ...layer(config), mediaType: MediaType.ociConfig };
  await client.putBlob(ref, layer(content), content);
  await client.putBlob(ref, configDescriptor, config);
  const manifest = image([layer(content)], configDescriptor);
  await client.putManifest(ref, manifest, MediaType.ociManifest);
  return manifest;
}

async function collect(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function cut(bytes: Uint8Array, size: number): () => AsyncGenerator<Uint8Array> {
  return async function* pieces() {
    for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
  };
}

function rejects(code: string, pattern?: RegExp): (error: unknown) => true {
  return (error) => {
    assert.ok(error instanceof OciError, String(error));
    assert.equal(error.code, code, error.message);
    if (pattern !== undefined) assert.match(error.message, pattern);
    return true;
  };
}

test('docker-registry: an image goes up in six requests and comes back the same', { skip }, async (t) => {
  const here = await lab(t);
  const ref = here.at('team/os:1');
  assert.equal(await here.client.resolve(ref), undefined);
  const content = randomBytes(300_000);
  const manifest = await pushImage(here, ref, content);
  // HEAD, POST+PUT, POST+PUT, PUT.
  assert.equal(here.client.traffic.requests, 6);

  const resolved = await here.client.resolve(ref);
  assert.deepEqual(resolved, {
    digest: sha256(manifest),
    mediaType: MediaType.ociManifest,
    size: manifest.length,
  });
  const byTag = await here.client.getManifest(ref);
  assert.deepEqual(Buffer.from(byTag!.bytes), Buffer.from(manifest));
  const byDigest = await here.client.getManifest(withDigest(ref, sha256(manifest)));
  assert.equal(byDigest?.mediaType, MediaType.ociManifest);
  const streamed = await collect(here.client.getBlob(ref, layer(content)));
  assert.equal(sha256(streamed), sha256(content));
  const bytes = await here.client.getBlobBytes(ref, layer(content), 1_000_000);
  assert.equal(sha256(bytes), sha256(content));
  assert.ok(here.client.traffic.sent >= content.length);
  assert.ok(here.client.traffic.received >= 2 * content.length);
});

test(
  'docker-registry: a blob goes up in chunks from memory and from a stream, and is not sent twice',
  { skip },
  async (t) => {
    const { client, at } = await lab(t, { chunkSize: 1 << 20 });
    const ref = at('team/chunks');
    const content = randomBytes((5 << 20) + 17);
    assert.equal(await client.putBlob(ref, layer(content), cut(content, 77_777)), 'uploaded');
    assert.equal(sha256(await collect(client.getBlob(ref, layer(content)))), sha256(content));
    assert.equal(await client.putBlob(ref, layer(content), cut(content, 77_777)), 'present');
    assert.equal(await client.putBlob(at('team/other'), layer(content), content), 'uploaded');
    assert.equal(await client.hasBlob(at('team/other'), sha256(content)), true);
  },
);

test('docker-registry: blobs of all small sizes survive the chunk arithmetic', { skip }, async (t) => {
  const { client, at } = await lab(t, { chunkSize: 4 });
  const ref = at('team/small');
  for (const size of [0, 1, 2, 3, 4, 5, 7, 8, 9, 12, 13]) {
    const content = randomBytes(size);
    await client.putBlob(ref, layer(content), cut(content, 3));
    assert.deepEqual(await collect(client.getBlob(ref, layer(content))), content, `size ${size}`);
  }
});

test('docker-registry: two uploads of one blob at the same time both succeed', { skip }, async (t) => {
  const { client, at } = await lab(t);
  const content = randomBytes(1 << 20);
  const put = (): Promise<string> => client.putBlob(at('team/twice'), layer(content), content);
  assert.deepEqual(await Promise.all([put(), put()]), ['uploaded', 'uploaded']);
});

test(
  'docker-registry: a blob is mounted from another repository, and an unknown one is not',
  { skip },
  async (t) => {
    const { client, at } = await lab(t);
    const content = randomBytes(1000);
    await client.putBlob(at('base/os'), layer(content), content);
    assert.equal(await client.mountBlob(at('team/os'), sha256(content), 'base/os'), true);
    assert.equal(await client.hasBlob(at('team/os'), sha256(content)), true);
    assert.equal(await client.mountBlob(at('team/os'), sha256(randomBytes(8)), 'base/os'), false);
    assert.equal(await client.mountBlob(at('team/os'), sha256(content), 'no/such'), false);
    assert.equal(await client.copyBlob(at('base/os'), at('team/third'), layer(content)), 'mounted');
    assert.equal(await client.copyBlob(at('base/os'), at('base/os'), layer(content)), 'present');
  },
);

test(
  'docker-registry: a blob is copied between registries, and found present the second time',
  { skip },
  async (t) => {
    const here = await lab(t);
    const there = await lab(t);
    const content = randomBytes(3 << 20);
    await here.client.putBlob(here.at('base/os'), layer(content), content);
    const copy = (): Promise<string> =>
      here.client.copyBlob(here.at('base/os'), there.at('mirror/os'), layer(content));
    assert.equal(await copy(), 'copied');
    assert.equal(await copy(), 'present');
    assert.equal(
      sha256(await collect(there.client.getBlob(there.at('mirror/os'), layer(content)))),
      sha256(content),
    );
  },
);

test(
  'docker-registry: a manifest of absent blobs is refused as blob-unknown, naming them',
  { skip },
  async (t) => {
    const { client, at } = await lab(t);
    const config = Buffer.from('{}');
    await client.putBlob(at('team/os'), layer(config), config);
    const absent = layer(randomBytes(9));
    const manifest = image([absent], { ...layer(config), mediaType: MediaType.ociConfig });
    await assert.rejects(client.putManifest(at('team/os:1'), manifest, MediaType.ociManifest), (error) => {
      rejects('blob-unknown', /push manifest .*team\/os:1.*push it first/u)(error);
      assert.deepEqual((error as OciError).digests, [absent.digest]);
      return true;
    });
  },
);

test('docker-registry: tags are listed over several pages and manifests deleted', { skip }, async (t) => {
  const here = await lab(t);
  const ref = here.at('team/os');
  assert.deepEqual(await here.client.listTags(ref), []);
  const manifest = await pushImage(here, withTag(ref, 'a'), randomBytes(10));
  for (const tag of ['b', 'c'])
    await here.client.putManifest(withTag(ref, tag), manifest, MediaType.ociManifest);
  assert.deepEqual([...(await here.client.listTags(ref))].sort(), ['a', 'b', 'c']);
  assert.equal(await here.client.deleteManifest(withDigest(ref, sha256(manifest))), true);
  assert.equal(await here.client.deleteManifest(withDigest(ref, sha256(manifest))), false);
  assert.equal(await here.client.getManifest(withTag(ref, 'a')), undefined);
});

test('docker-registry: referrers come from the fallback tag', { skip }, async (t) => {
  const here = await lab(t);
  const ref = here.at('team/os:1');
  const digest = sha256(await pushImage(here, ref, randomBytes(10)));
  assert.deepEqual(await here.client.referrers(ref, digest), []);
  const child = await pushImage(here, here.at('team/os:sbom'), randomBytes(11));
  const entry = { mediaType: MediaType.ociManifest, digest: sha256(child), size: child.length };
  const index = {
    schemaVersion: 2,
    mediaType: MediaType.ociIndex,
    manifests: [{ ...entry, artifactType: 'text/sbom' }],
  };
  const bytes = Buffer.from(JSON.stringify(index));
  await here.client.putManifest(withTag(ref, digest.replace(':', '-')), bytes, MediaType.ociIndex);
  assert.deepEqual(await here.client.referrers(ref, digest), [{ ...entry, artifactType: 'text/sbom' }]);
  assert.deepEqual(await here.client.referrers(ref, digest, 'text/other'), []);
});

test(
  'docker-registry: a missing repository and a missing tag have errors of their own',
  { skip },
  async (t) => {
    const here = await lab(t);
    await assert.rejects(
      here.client.requireManifest(here.at('no/such:1')),
      rejects('not-found', /MANIFEST_UNKNOWN|NAME_UNKNOWN/u),
    );
    const content = layer(randomBytes(3));
    await assert.rejects(
      collect(here.client.getBlob(here.at('no/such'), content)),
      rejects('not-found', /cannot read blob/u),
    );
  },
);

function credentials(host: string, text: string): AuthSource {
  const auth = Buffer.from(text).toString('base64');
  return authDocument('pull-secret', Buffer.from(JSON.stringify({ auths: { [host]: { auth } } })));
}

test('docker-registry with htpasswd: pushes with credentials and explains refusals', { skip }, async (t) => {
  let host = '';
  const auth: AuthSource = { lookup: (...args) => credentials(host, 'builder:varve-secret').lookup(...args) };
  const here = await lab(t, { auth }, HTPASSWD);
  host = here.address;
  const ref = here.at('team/os:1');
  const manifest = await pushImage(here, ref, randomBytes(1000));
  // The 401 is paid once: POST, POST+PUT, POST+PUT, PUT.
  assert.equal(here.client.traffic.requests, 6);
  assert.equal((await here.client.resolve(ref))?.digest, sha256(manifest));

  const refusals: readonly [AuthSource | undefined, RegExp][] = [
    [undefined, /wants credentials \(401\), and there is no auth file; log in with podman login 127/u],
    [credentials(host, 'builder:wrong'), /refused the credentials from pull-secret \(401\)/u],
    [credentials('elsewhere.example', 'a:b'), /wants credentials \(401\), and pull-secret has none for it/u],
  ];
  for (const [source, pattern] of refusals) {
    const other = openRegistry(source === undefined ? {} : { auth: source });
    await assert.rejects(other.resolve(ref), rejects('unauthorized', pattern));
    other.close();
  }
});
