import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import type { MiniatureArchitecture } from '../embedded/index.ts';
import { pushMiniatureBase, startRegistry } from '../embedded/index.ts';
import type { RegistryClient } from '../oci/index.ts';
import { openRegistry, parseDocument, parseReference, withDigest } from '../oci/index.ts';
import type { BuildFlags, BuildReport } from './build-command.ts';
import { build } from './build-command.ts';

const EXAMPLES = fileURLToPath(new URL('../../examples', import.meta.url));

interface Lab {
  readonly address: string;
  readonly client: RegistryClient;
  readonly directory: string;
  run(flags?: Partial<BuildFlags>): Promise<BuildReport>;
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
    run: (flags = {}) =>
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
        { variables: {} },
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
