import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  decompress,
  MediaType,
  openRegistry,
  parseDocument,
  parseImageConfig,
  parseManifest,
  parseReference,
  readTar,
  sha256,
  type TarMember,
} from '../../oci/index.ts';
import { buildMiniatureBase, type MiniatureBase, pushMiniatureBase, startRegistry } from '../index.ts';

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  await Promise.resolve();
  yield bytes;
}

/** The tree that the layers make together. */
async function treeOf(base: MiniatureBase): Promise<Map<string, TarMember>> {
  const tree = new Map<string, TarMember>();
  for (const { bytes, descriptor } of base.layers) {
    const archive = decompress(once(bytes), descriptor.mediaType);
    for await (const member of readTar(archive, { wanted: () => true })) {
      const known = tree.get(member.path);
      if (known !== undefined)
        assert.deepEqual({ ...member }, { ...known }, `${member.path} is the same in all layers`);
      tree.set(member.path, member);
    }
  }
  return tree;
}

test('buildMiniatureBase() makes an image that hosts accept (host-contract §5.1)', () => {
  const base = buildMiniatureBase();
  const manifest = parseManifest(base.manifest, base.mediaType);
  const config = parseImageConfig(base.config);
  assert.equal(manifest.layers.length, 5);
  assert.deepEqual(
    config.rootfs.diff_ids,
    base.layers.map((layer) => layer.diffId),
  );
  assert.equal(config.history?.length, 5);
  assert.deepEqual([config.os, config.architecture], ['linux', 'amd64']);
  assert.equal(config.config?.Labels?.['ostree.bootable'], 'true');
  assert.equal(config.config?.Labels?.['containers.bootc'], '1');
  assert.equal(base.digest, sha256(base.manifest));
});

test('buildMiniatureBase() has the tree of an ostree host (host-contract §1.9, §3.6)', async () => {
  const tree = await treeOf(buildMiniatureBase({ version: '10.1', composefs: true }));
  const text = (path: string): string => Buffer.from(tree.get(path)?.contents ?? []).toString();
  for (const path of ['boot', 'dev', 'proc', 'run', 'sys', 'sysroot', 'tmp', 'var']) {
    assert.equal(tree.get(path)?.type, 'directory', path);
    assert.ok(![...tree.keys()].some((other) => other.startsWith(`${path}/`)), `${path} is empty`);
  }
  assert.equal(tree.get('tmp')?.mode, 0o1777);
  assert.equal(tree.get('ostree')?.target, 'sysroot/ostree');
  assert.equal(tree.get('usr/local')?.target, '../var/usrlocal');
  assert.ok(!tree.has('usr/etc'));
  const kernels = [...tree.keys()].filter((path) => /^usr\/lib\/modules\/[^/]+$/u.test(path));
  assert.deepEqual(kernels, ['usr/lib/modules/6.1.0-varve']);
  assert.match(text('usr/lib/os-release'), /^VERSION_ID="10"$/mu);
  assert.match(text('etc/passwd'), /^core:x:1000:1000:.*:\/var\/home\/core:/mu);
  assert.match(text('usr/lib/ostree/prepare-root.conf'), /^enabled = yes$/mu);
  assert.match(text('usr/lib/systemd/system/chronyd.service'), /\[Install\]\nWantedBy=multi-user\.target/u);
  for (const [path, member] of tree) {
    if (member.type !== 'symlink' || !path.includes('.wants/')) continue;
    assert.equal(tree.get(member.target!.slice(1))?.type, 'file', `${path} leads to a unit`);
  }
});

test('buildMiniatureBase() gives the same bytes for the same options and others for others', () => {
  assert.deepEqual(buildMiniatureBase(), buildMiniatureBase());
  const digests = [
    {},
    { architecture: 'arm64' },
    { version: '10' },
    { composefs: true },
    { kernel: '6.2' },
  ] as const;
  assert.equal(new Set(digests.map((options) => buildMiniatureBase(options).digest)).size, digests.length);
});

test('pushMiniatureBase() pushes one image, or an index of both architectures', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'miniature-'));
  const registry = await startRegistry({ directory });
  const client = openRegistry({});
  t.after(async () => {
    client.close();
    await registry.close();
    await rm(directory, { recursive: true });
  });
  for (const mediaFamily of ['oci', 'docker'] as const) {
    const one = parseReference(`${registry.address}/${mediaFamily}:one`);
    const digest = await pushMiniatureBase(client, one, { mediaFamily });
    assert.equal(digest, buildMiniatureBase({ mediaFamily }).digest);
    assert.equal((await client.getManifest(one))?.digest, digest);

    const both = parseReference(`${registry.address}/${mediaFamily}:both`);
    const indexDigest = await pushMiniatureBase(client, both, {
      mediaFamily,
      architectures: ['amd64', 'arm64'],
    });
    const stored = await client.getManifest(both);
    assert.equal(stored?.digest, indexDigest);
    const document = parseDocument(stored.bytes, stored.mediaType);
    assert.ok(document.kind === 'index');
    assert.equal(
      document.mediaType,
      mediaFamily === 'oci' ? MediaType.ociIndex : MediaType.dockerManifestList,
    );
    assert.deepEqual(
      document.index.manifests.map((child) => [child.digest, child.platform?.architecture]),
      (['amd64', 'arm64'] as const).map((architecture) => [
        buildMiniatureBase({ mediaFamily, architecture }).digest,
        architecture,
      ]),
    );
  }
});
