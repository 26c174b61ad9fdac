import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import type { MiniatureArchitecture } from '../embedded/index.ts';
import { buildMiniatureBase, pushMiniatureBase, startRegistry } from '../embedded/index.ts';
import type { RegistryClient } from '../oci/index.ts';
import { appendLayers, openRegistry, parseDocument, parseReference, withDigest } from '../oci/index.ts';
import type { BuildFlags, BuildReport } from './build-command.ts';
import { build } from './build-command.ts';
import { describeImage, readConfiguration } from '../osbuild/index.ts';

const EXAMPLES = fileURLToPath(new URL('../../examples', import.meta.url));

interface Lab {
  readonly address: string;
  readonly client: RegistryClient;
  readonly directory: string;
  run(flags?: Partial<BuildFlags>, signal?: AbortSignal): Promise<BuildReport>;
}

/** A registry with a miniature base in it, and a build that uses both; `host` keeps one machine's cache from another's. */
async function startLab(
  t: TestContext,
  base: {
    readonly architectures?: readonly MiniatureArchitecture[];
    readonly mediaFamily?: 'oci' | 'docker';
  } = {},
): Promise<Lab> {
  const directory = await mkdtemp(join(tmpdir(), 'varve-build-'));
  const registry = await startRegistry({ directory: join(directory, 'registry') });
  const client = openRegistry({});
  t.after(async () => {
    client.close();
    await registry.close();
    await rm(directory, { recursive: true, force: true });
  });
  const { address } = registry;
  await pushMiniatureBase(client, parseReference(`${address}/base/os:1`), base);
  return {
    address,
    client,
    directory,
    run: (flags = {}, signal) =>
      build(
        {
          pool: 'layered',
          filename: [EXAMPLES],
          base: `${address}/base/os:1`,
          push: `${address}/pools/layered:1`,
          arch: 'amd64',
          compression: 'gzip',
          cache: join(directory, 'cache'),
          dryRun: false,
          quiet: true,
          output: 'text',
          ...flags,
        },
        { variables: {}, program: [] },
        signal,
      ),
  };
}

async function tagDigest({ client }: Lab, reference: string): Promise<string | undefined> {
  return (await client.resolve(parseReference(reference)))?.digest;
}

test('build() pushes an image that its tag names by the digest that it reports', async (t) => {
  const lab = await startLab(t);
  const report = await lab.run();
  assert.equal(await tagDigest(lab, report.tag), report.digest);
  assert.equal(report.image, `${lab.address}/pools/layered@${report.digest}`);
  assert.deepEqual(
    [report.base.indexed, report.mounted, report.copied, report.upToDate],
    [true, 5, 0, false],
  );
});

test('build() finds nothing to do the second time', async (t) => {
  const lab = await startLab(t);
  const first = await lab.run();
  const second = await lab.run();
  assert.equal(second.digest, first.digest);
  assert.deepEqual([second.upToDate, second.base.indexed, second.traffic.sent], [true, false, 0]);
  // One for each of the two tags: what a build that has nothing to do costs.
  assert.equal(second.traffic.requests, 2);
});

test('build() on another machine, for another pool, reads no layer of a base that was seen once', async (t) => {
  const lab = await startLab(t);
  await lab.run();
  const elsewhere = await lab.run({
    cache: join(lab.directory, 'other'),
    push: `${lab.address}/pools/second:1`,
  });
  assert.equal(elsewhere.base.indexed, false);
  assert.equal(elsewhere.mounted, 5);
});

test('build() mounts nothing again in a repository that has the base', async (t) => {
  const lab = await startLab(t);
  await lab.run();
  const file = join(lab.directory, 'more.yaml');
  await writeFile(
    file,
    JSON.stringify({
      apiVersion: 'machineconfiguration.openshift.io/v1',
      kind: 'MachineConfig',
      metadata: { name: '99-more', labels: { 'machineconfiguration.openshift.io/role': 'worker' } },
      spec: { kernelArguments: ['quiet'] },
    }),
  );
  const report = await lab.run({ filename: [EXAMPLES, file] });
  assert.deepEqual([report.mounted, report.copied, report.upToDate], [0, 0, false]);
});

test('build() provides every base layer again where the registry lost what the tag names', async (t) => {
  const lab = await startLab(t);
  const { client, address } = lab;
  await lab.run();
  const found = await client.getManifest(parseReference(`${address}/pools/layered:1`));
  assert.ok(found);
  const parsed = parseDocument(found.bytes, found.mediaType);
  assert.ok(parsed.kind === 'manifest');
  const lost = await fetch(`http://${address}/v2/pools/layered/blobs/${parsed.manifest.layers[0]?.digest}`, {
    method: 'DELETE',
  });
  assert.equal(lost.status, 202);
  const report = await lab.run({ compression: 'zstd' });
  assert.equal(await tagDigest(lab, report.tag), report.digest);
});

test('build() writes nothing with --dry-run and gives the digest that a push would', async (t) => {
  const lab = await startLab(t);
  const dry = await lab.run({ dryRun: true });
  assert.equal(await tagDigest(lab, dry.tag), undefined);
  assert.equal((await lab.run()).digest, dry.digest);
});

test('build() copies the base between registries', async (t) => {
  const lab = await startLab(t);
  const other = await startLab(t);
  const report = await lab.run({ push: `${other.address}/pools/layered:1` });
  assert.deepEqual([report.mounted, report.copied], [0, 5]);
  assert.equal(await tagDigest(other, report.tag), report.digest);
});

test('build() makes an index of every architecture asked for', async (t) => {
  const lab = await startLab(t, { architectures: ['amd64', 'arm64'] });
  const report = await lab.run({ arch: 'all' });
  assert.deepEqual(
    report.images.map(({ architecture }) => architecture),
    ['amd64', 'arm64'],
  );
  const found = await lab.client.getManifest(parseReference(report.tag));
  assert.ok(found);
  const parsed = parseDocument(found.bytes, found.mediaType);
  assert.ok(parsed.kind === 'index');
  assert.deepEqual(
    parsed.index.manifests.map(({ digest, platform }) => [platform?.architecture, digest]),
    report.images.map(({ architecture, digest }) => [architecture, digest]),
  );
  const one = await lab.run({ arch: 'arm64', push: `${lab.address}/pools/arm:1` });
  assert.deepEqual(
    one.images.map(({ architecture }) => architecture),
    ['arm64'],
  );
});

test('build() leaves out no Containerfile of a single architecture with --arch all', async (t) => {
  const lab = await startLab(t, { architectures: ['amd64', 'arm64'] });
  const file = join(lab.directory, 'layered.json');
  const osConfig = {
    apiVersion: 'machineconfiguration.openshift.io/v1',
    kind: 'MachineOSConfig',
    metadata: { name: 'layered' },
    spec: {
      machineConfigPool: { name: 'layered' },
      imageBuilder: { imageBuilderType: 'Job' },
      renderedImagePushSecret: { name: 'push' },
      renderedImagePushSpec: 'registry.example.com/os/layered:1',
      containerFile: [{ containerfileArch: 'ARM64', content: 'FROM configs AS final\nRUN true\n' }],
    },
  };
  await writeFile(file, JSON.stringify(osConfig));
  const filename = [EXAMPLES, file];
  // Here is no buildah, and none for two architectures anywhere: what matters is that it is asked for.
  await assert.rejects(
    lab.run({ arch: 'all', filename }),
    /there is no buildah on this machine|nothing is emulated/,
  );
  await assert.rejects(lab.run({ arch: 'all', filename, dryRun: true }), /leave --dry-run out/);
  const { images } = await lab.run({ arch: 'amd64', filename });
  assert.equal(images.length, 1);
});

test('build() keeps the media types of a Docker base', async (t) => {
  const lab = await startLab(t, { mediaFamily: 'docker' });
  const report = await lab.run();
  const found = await lab.client.getManifest(parseReference(report.tag));
  assert.ok(found);
  assert.equal(found.mediaType, 'application/vnd.docker.distribution.manifest.v2+json');
  assert.ok(!Buffer.from(found.bytes).includes('vnd.oci.'));
});

test('build() leaves the tag at one of two images when two builds push at once', async (t) => {
  const lab = await startLab(t);
  const reports = await Promise.all([lab.run({ compression: 'gzip' }), lab.run({ compression: 'zstd' })]);
  const digest = await tagDigest(lab, `${lab.address}/pools/layered:1`);
  assert.ok(reports.some((report) => report.digest === digest));
});

test('build() repeats no osImageURL that may hold a password', async (t) => {
  const lab = await startLab(t);
  const file = join(lab.directory, 'os.yaml');
  await writeFile(
    file,
    JSON.stringify({
      apiVersion: 'machineconfiguration.openshift.io/v1',
      kind: 'MachineConfig',
      metadata: { name: '99-os', labels: { 'machineconfiguration.openshift.io/role': 'worker' } },
      spec: { osImageURL: 'ada:s3cret@registry.example.com/os:1' },
    }),
  );
  const written = t.mock.method(process.stderr, 'write', () => true);
  const message = await lab.run({ filename: [EXAMPLES, file], quiet: false }).then(
    () => assert.fail('built'),
    (error: Error) => error.message,
  );
  const said = written.mock.calls.map(({ arguments: [text] }) => String(text)).join('');
  written.mock.restore();
  assert.match(message, /it holds a user name or password before the host/u);
  assert.doesNotMatch(said + message, /s3cret/u);
});

test("build() takes the push reference of the pool's MachineOSConfig", async (t) => {
  const lab = await startLab(t);
  const file = join(lab.directory, 'osconfig.yaml');
  await writeFile(
    file,
    JSON.stringify({
      apiVersion: 'machineconfiguration.openshift.io/v1',
      kind: 'MachineOSConfig',
      metadata: { name: 'layered' },
      spec: {
        machineConfigPool: { name: 'layered' },
        imageBuilder: { imageBuilderType: 'Job' },
        renderedImagePushSecret: { name: 'push' },
        renderedImagePushSpec: `${lab.address}/pools/from-object:1`,
      },
    }),
  );
  const report = await lab.run({ filename: [EXAMPLES, file], push: undefined });
  assert.equal(report.tag, `${lab.address}/pools/from-object:1`);
});

test('build() puts neither MachineConfigs nor a secret that no file asked for into the image', async (t) => {
  const lab = await startLab(t);
  const secret = '$y$j9T$only-for-the-node';
  const file = join(lab.directory, 'secret.yaml');
  await writeFile(
    file,
    JSON.stringify({
      apiVersion: 'machineconfiguration.openshift.io/v1',
      kind: 'MachineConfig',
      metadata: { name: '99-secret', labels: { 'machineconfiguration.openshift.io/role': 'worker' } },
      spec: {
        config: {
          ignition: { version: '3.4.0' },
          passwd: { users: [{ name: 'core', passwordHash: secret }] },
        },
      },
    }),
  );
  const report = await lab.run({ filename: [EXAMPLES, file] });
  const reference = parseReference(report.tag);
  const found = await lab.client.getManifest(
    withDigest(reference, (await lab.client.resolve(reference))!.digest),
  );
  assert.ok(found);
  const parsed = parseDocument(found.bytes, found.mediaType);
  assert.ok(parsed.kind === 'manifest');
  const layer = parsed.manifest.layers.at(-1);
  assert.ok(layer);
  const tar = gunzipSync(await lab.client.getBlobBytes(reference, layer, 1_000_000));
  const config = await lab.client.getBlobBytes(reference, parsed.manifest.config, 1_000_000);
  for (const bytes of [tar, config, found.bytes]) {
    assert.ok(!Buffer.from(bytes).includes(secret));
    assert.ok(!Buffer.from(bytes).includes('data:text/plain'));
  }
  assert.ok(tar.includes('I was created by a MachineConfig'));
});

/** A file with a MachineConfig of the pool that the examples have. */
async function machineConfig({ directory }: Lab, spec: object): Promise<string> {
  const file = join(directory, 'site.yaml');
  await writeFile(
    file,
    JSON.stringify({
      apiVersion: 'machineconfiguration.openshift.io/v1',
      kind: 'MachineConfig',
      metadata: { name: '99-site', labels: { 'machineconfiguration.openshift.io/role': 'worker' } },
      spec,
    }),
  );
  return file;
}

/** A registry in front of the lab's; `onRequest` is awaited before a request goes on. */
async function startProxy(
  t: TestContext,
  { address }: Lab,
  onRequest: (target: string) => Promise<void>,
): Promise<string> {
  const [host, port] = address.split(':');
  const server = createServer((incoming, answer) => {
    const { url: path = '', method, headers } = incoming;
    void onRequest(`${method} ${path}`).then(() => {
      const outgoing = request({ host, port, path, method, headers }, (response) => {
        answer.writeHead(response.statusCode ?? 500, response.headers);
        response.pipe(answer);
      });
      outgoing.on('error', () => answer.destroy());
      answer.on('close', () => outgoing.destroy());
      incoming.pipe(outgoing);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const OVER_BASE =
  /cannot push to .*: the image would take the place of its own base .*push to another tag or repository/u;

test('build() refuses to push an image over its own base, however that is named', async (t) => {
  const lab = await startLab(t);
  const base = `${lab.address}/base/os:1`;
  const digest = await tagDigest(lab, base);
  const byDigest = `${lab.address}/base/os@${digest}`;
  await assert.rejects(lab.run({ push: base }), OVER_BASE);
  await assert.rejects(lab.run({ push: base, base: byDigest }), OVER_BASE);
  await pushMiniatureBase(lab.client, parseReference(`${lab.address}/base/other:1`), { version: '9.2' });
  const filename = [EXAMPLES, await machineConfig(lab, { osImageURL: byDigest })];
  await assert.rejects(lab.run({ push: base, base: `${lab.address}/base/other:1`, filename }), OVER_BASE);
  assert.equal(await tagDigest(lab, base), digest);
  const beside = await lab.run({ push: `${lab.address}/base/os:pool`, base: byDigest });
  assert.equal(await tagDigest(lab, beside.tag), beside.digest);
});

test('build() refuses to push over an index that its base is an image of', async (t) => {
  const lab = await startLab(t, { architectures: ['amd64', 'arm64'] });
  const found = await lab.client.getManifest(parseReference(`${lab.address}/base/os:1`));
  assert.ok(found);
  const parsed = parseDocument(found.bytes, found.mediaType);
  assert.ok(parsed.kind === 'index');
  const base = `${lab.address}/base/os@${parsed.index.manifests[0]?.digest}`;
  await assert.rejects(lab.run({ push: `${lab.address}/base/os:1`, base }), OVER_BASE);
});

test('build() sends nothing at all to the registry with --dry-run', async (t) => {
  const lab = await startLab(t);
  const dry = await lab.run({ dryRun: true });
  assert.deepEqual([dry.base.indexed, dry.traffic.sent], [true, 0]);
  for (const repository of ['pools/base-index', 'pools/layered'])
    assert.deepEqual(await lab.client.listTags(parseReference(`${lab.address}/${repository}`)), []);
});

test("build() reads no layer of --base where a MachineConfig's osImageURL takes its place", async (t) => {
  const lab = await startLab(t);
  const other = `${lab.address}/base/other:1`;
  await pushMiniatureBase(lab.client, parseReference(other), { version: '9.2' });
  const asked: string[] = [];
  const proxy = await startProxy(t, lab, (target) => {
    asked.push(target);
    return Promise.resolve();
  });
  const filename = [EXAMPLES, await machineConfig(lab, { osImageURL: other })];
  const report = await lab.run({ base: `${proxy}/base/os:1`, filename });
  assert.equal(report.base.reference, other);
  assert.equal((await readdir(join(lab.directory, 'cache/base-index/v2'))).length, 1);
  const found = await lab.client.getManifest(parseReference(`${lab.address}/base/os:1`));
  assert.ok(found);
  const parsed = parseDocument(found.bytes, found.mediaType);
  assert.ok(parsed.kind === 'manifest');
  for (const { digest } of parsed.manifest.layers)
    assert.ok(!asked.includes(`GET /v2/base/os/blobs/${digest}`));
});

test('build() looks at the tag again when it had to read the base first', async (t) => {
  const lab = await startLab(t);
  let onRead: (() => Promise<unknown>) | undefined;
  const proxy = await startProxy(t, lab, async (target) => {
    if (!target.startsWith('GET /v2/base/os/blobs/') || onRead === undefined) return;
    const once = onRead;
    onRead = undefined;
    await once();
  });
  const flags = { base: `${proxy}/base/os:1`, push: `${proxy}/pools/layered:1` };
  const first = await lab.run(flags);
  const tag = parseReference(`${lab.address}/pools/layered:1`);
  const image = await lab.client.getManifest(tag);
  assert.ok(image);
  const indexes = parseReference(`${lab.address}/pools/base-index:x`);
  for (const name of await lab.client.listTags(indexes))
    await lab.client.deleteManifest({ ...indexes, tag: name });
  // What another build does while this one reads the base's layers.
  await lab.client.deleteManifest(tag);
  onRead = async () => lab.client.putManifest(tag, image.bytes, image.mediaType);
  const second = await lab.run({ ...flags, cache: join(lab.directory, 'other') });
  assert.equal(onRead, undefined);
  assert.deepEqual([second.base.indexed, second.upToDate, second.digest], [true, true, first.digest]);
});

test('build() that fails leaves nothing half-written in its cache and nothing under way', async (t) => {
  const lab = await startLab(t);
  await assert.rejects(lab.run({ filename: [join(lab.directory, 'missing')] }), /no such file/u);
  const cached = await readdir(join(lab.directory, 'cache'), { recursive: true, withFileTypes: true }).catch(
    () => [],
  );
  for (const entry of cached) assert.ok(entry.isDirectory() || /^[0-9a-f]{64}$/u.test(entry.name));
  await rm(join(lab.directory, 'cache'), { recursive: true, force: true });
  await new Promise((done) => {
    setImmediate(done);
  });
  assert.ok(!(await readdir(lab.directory)).includes('cache'));
});

test('build() ends when its signal is aborted', async (t) => {
  const lab = await startLab(t);
  const stop = new AbortController();
  const proxy = await startProxy(t, lab, (target) => {
    if (target.includes('/blobs/')) stop.abort();
    return Promise.resolve();
  });
  await assert.rejects(lab.run({ base: `${proxy}/base/os:1` }, stop.signal), { code: 'aborted' });
  assert.equal(await tagDigest(lab, `${lab.address}/pools/layered:1`), undefined);
});

test('build() lets only root read the provenance map, which is complete', async (t) => {
  const lab = await startLab(t);
  const report = await lab.run();
  const image = await describeImage(lab.client, parseReference(report.tag), 'amd64');
  const { paths, provenance } = await readConfiguration(lab.client, image);
  assert.equal(paths.get('/usr/lib/varve/provenance.json')?.mode, 0o600);
  const files = provenance.items.flatMap((item) => item.paths).filter(({ sha256 }) => sha256 !== undefined);
  assert.ok(files.length > 0);
  for (const { path, sha256 } of files) assert.equal(paths.get(path)?.sha256, sha256);
});

test("build() keeps its base's label of the time of creation, and makes one of a base without", async (t) => {
  const lab = await startLab(t);
  const label = 'org.opencontainers.image.created';
  const labelled = parseReference(`${lab.address}/base/os:labelled`);
  const image = appendLayers(buildMiniatureBase(), [], {
    labels: { [label]: '2026-02-02T00:00:00Z' },
    annotations: {},
    created: '2026-03-03T00:00:00Z',
    history: [],
  });
  await lab.client.putBlob(labelled, image.configDescriptor, image.config);
  await lab.client.putManifest(labelled, image.manifest, image.mediaType);
  for (const [base, created, configCreated] of [
    [`${lab.address}/base/os:1`, '2026-01-01T00:00:00Z', '2026-01-01T00:00:00Z'],
    [`${lab.address}/base/os:labelled`, '2026-02-02T00:00:00Z', '2026-03-03T00:00:00Z'],
  ] as const) {
    const report = await lab.run({ base });
    const { labels, config } = await describeImage(lab.client, parseReference(report.tag), 'amd64');
    assert.deepEqual([labels[label], config.created], [created, configCreated]);
  }
});
