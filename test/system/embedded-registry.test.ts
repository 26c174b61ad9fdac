import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';
import { buildMiniatureBase, pushMiniatureBase, startRegistry } from '../../src/embedded/index.ts';
import {
  type Digest,
  openRegistry,
  parseReference,
  type RegistryClient,
  sha256,
} from '../../src/oci/index.ts';
import { atEnd } from '../lab/at-end.ts';
import { skipWithout } from '../lab/requirements.ts';
import { run } from '../lab/run.ts';

async function succeed(command: string, ...args: string[]): Promise<string> {
  return (await run(command, args)).stdout;
}

interface Lab {
  readonly folder: string;
  readonly address: string;
  readonly client: RegistryClient;
}

async function makeLab(t: TestContext): Promise<Lab> {
  const folder = await mkdtemp(join(tmpdir(), 'embedded-registry-'));
  const registry = await startRegistry({ directory: join(folder, 'registry') });
  const client = openRegistry({});
  atEnd(t, async () => {
    client.close();
    await registry.close();
    await rm(folder, { recursive: true, force: true });
  });
  return { folder, address: registry.address, client };
}

describe('the embedded registry with skopeo', { skip: skipWithout('skopeo') }, () => {
  test('skopeo copies, inspects, lists and deletes', async (t) => {
    const { folder, address, client } = await makeLab(t);
    const source = `${address}/base/os:1`;
    await pushMiniatureBase(client, parseReference(source), {});
    const base = buildMiniatureBase();

    const raw = await succeed('skopeo', 'inspect', '--tls-verify=false', '--raw', `docker://${source}`);
    assert.equal(sha256(Buffer.from(raw)), base.digest);
    const inspected = JSON.parse(
      await succeed('skopeo', 'inspect', '--tls-verify=false', `docker://${source}`),
    ) as {
      Digest: string;
      Labels: Record<string, string>;
      RepoTags: string[];
      Layers: string[];
    };
    assert.equal(inspected.Digest, base.digest);
    assert.equal(inspected.Labels['ostree.bootable'], 'true');
    assert.deepEqual(inspected.RepoTags, ['1']);
    assert.equal(inspected.Layers.length, 5);

    const [pulled, again] = [`oci:${join(folder, 'pulled')}:1`, `${address}/copy/os:2`];
    await succeed('skopeo', 'copy', '--quiet', '--src-tls-verify=false', `docker://${source}`, pulled);
    await succeed('skopeo', 'copy', '--quiet', '--dest-tls-verify=false', pulled, `docker://${again}`);
    assert.equal((await client.resolve(parseReference(again)))?.digest, base.digest);

    // From repository to repository skopeo mounts what it can.
    await succeed(
      'skopeo',
      'copy',
      '--quiet',
      '--src-tls-verify=false',
      '--dest-tls-verify=false',
      `docker://${source}`,
      `docker://${address}/copy/os:3`,
    );
    const listed = await succeed('skopeo', 'list-tags', '--tls-verify=false', `docker://${address}/copy/os`);
    assert.deepEqual((JSON.parse(listed) as { Tags: string[] }).Tags, ['2', '3']);

    await succeed('skopeo', 'delete', '--tls-verify=false', `docker://${again}`);
    assert.equal(await client.resolve(parseReference(again)), undefined);
    const gone = await run('skopeo', ['inspect', '--tls-verify=false', `docker://${again}`], {
      accept: [1, 2],
    });
    assert.match(gone.stderr, /manifest unknown/u);
  });

  test('skopeo copies an index with all its images, and a Docker image', async (t) => {
    const { folder, address, client } = await makeLab(t);
    const index = `${address}/base/os:index`;
    const architectures = ['amd64', 'arm64'] as const;
    const digest = await pushMiniatureBase(client, parseReference(index), { architectures });
    const copied = join(folder, 'all');
    await succeed(
      'skopeo',
      'copy',
      '--quiet',
      '--all',
      '--src-tls-verify=false',
      `docker://${index}`,
      `oci:${copied}:1`,
    );
    const layout = JSON.parse(await readFile(join(copied, 'index.json'), 'utf8')) as {
      manifests: { digest: Digest }[];
    };
    assert.deepEqual(
      layout.manifests.map((entry) => entry.digest),
      [digest],
    );
    const chosen = await succeed(
      'skopeo',
      '--override-arch=arm64',
      'inspect',
      '--tls-verify=false',
      '--format={{.Architecture}}',
      `docker://${index}`,
    );
    assert.equal(chosen.trim(), 'arm64');

    const docker = `${address}/base/os:docker`;
    await pushMiniatureBase(client, parseReference(docker), { mediaFamily: 'docker' });
    await succeed(
      'skopeo',
      'copy',
      '--quiet',
      '--src-tls-verify=false',
      `docker://${docker}`,
      `dir:${join(folder, 'docker')}`,
    );
    const manifest = await readFile(join(folder, 'docker/manifest.json'));
    assert.equal(sha256(manifest), buildMiniatureBase({ mediaFamily: 'docker' }).digest);
  });
});

describe('the embedded registry with buildah', { skip: skipWithout('buildah') }, () => {
  test('buildah pulls a base with each compression, builds on it and pushes', async (t) => {
    const { folder, address, client } = await makeLab(t);
    const storage = [
      `--root=${join(folder, 'root')}`,
      `--runroot=${join(folder, 'runroot')}`,
      '--storage-driver=vfs',
    ];
    const buildah = (...args: string[]): Promise<string> => succeed('buildah', ...storage, ...args);

    await pushMiniatureBase(client, parseReference(`${address}/base/os:zstd`), { compression: 'zstd' });
    await buildah('pull', '--quiet', '--tls-verify=false', `docker://${address}/base/os:zstd`);

    await pushMiniatureBase(client, parseReference(`${address}/base/os:gzip`), {});
    const container = (await buildah('from', '--tls-verify=false', `${address}/base/os:gzip`)).trim();
    await writeFile(join(folder, 'motd'), 'hello\n');
    await buildah('copy', '--quiet', container, join(folder, 'motd'), '/etc/motd');
    const image = (await buildah('commit', '--quiet', '--rm', container)).trim();
    const target = `${address}/pool/os:1`;
    await buildah('push', '--quiet', '--tls-verify=false', image, `docker://${target}`);

    const pushed = await client.getManifest(parseReference(target));
    assert.ok(pushed !== undefined);
    const { layers } = JSON.parse(Buffer.from(pushed.bytes).toString()) as { layers: object[] };
    assert.equal(layers.length, 6);
    assert.deepEqual(await readdir(join(folder, 'registry/temporary')), []);
  });
});
