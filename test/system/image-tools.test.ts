import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { BuildahPeer } from '../lab/buildah.ts';
import { plainLayer } from '../lab/image-tree.ts';
import { type Laboratory, openLaboratory } from '../lab/laboratory.ts';
import { skipWithout } from '../lab/requirements.ts';
import { run } from '../lab/run.ts';
import { writeSiteConfig } from '../lab/site-config.ts';
import { imageFromLayout, type StoredImage } from '../lab/stored-image.ts';

const skip = skipWithout('buildah', 'docker-registry', 'mmdebstrap', 'skopeo');

suite('an image of varve build, in the hands of other tools', { skip }, () => {
  let lab: Laboratory;
  let reference: string;
  let layout: string;
  let base: StoredImage;
  let image: StoredImage;

  before(async () => {
    lab = await openLaboratory();
    await writeSiteConfig(join(lab.folder, 'site'));
    reference = await lab.build([join(lab.folder, 'site')], 'os/layered');
    layout = join(lab.folder, 'copy');
    await run('skopeo', [
      ['--insecure-policy', 'copy', '--preserve-digests', '--src-tls-verify=false'],
      [`docker://${reference}`, `oci:${layout}:latest`],
    ]);
    base = await imageFromLayout(lab.layout);
    image = await imageFromLayout(layout);
  });
  after(() => lab.close());

  test('skopeo inspect reads it by tag and finds the printed digest', async () => {
    const [repository, digest] = reference.split('@') as [string, string];
    const { stdout } = await run('skopeo', ['inspect', '--tls-verify=false', `docker://${repository}:1`]);
    const found = JSON.parse(stdout) as { Digest: string; Architecture: string; Layers: string[] };
    assert.equal(found.Digest, digest);
    assert.equal(found.Architecture, base.config.architecture);
    assert.deepEqual(
      found.Layers,
      image.manifest.layers.map((layer) => layer.digest),
    );
  });

  test('the manifest starts with the descriptors of the base, member for member', () => {
    const inherited = image.manifest.layers.slice(0, base.manifest.layers.length);
    assert.equal(JSON.stringify(inherited), JSON.stringify(base.manifest.layers));
    assert.equal(image.manifest.layers.length, base.manifest.layers.length + 1);
  });

  test('every blob has the digest and size of its descriptor, every layer the diff_id of the config', async () => {
    const { config, layers } = image.manifest;
    for (const descriptor of [config, ...layers]) {
      const file = join(layout, 'blobs', descriptor.digest.replace(':', '/'));
      assert.equal((await stat(file)).size, descriptor.size);
      const hex = createHash('sha256')
        .update(await readFile(file))
        .digest('hex');
      assert.equal(`sha256:${hex}`, descriptor.digest);
    }
    const diffIds = [];
    for (const layer of layers) {
      const hash = createHash('sha256');
      for await (const chunk of await plainLayer(image, layer)) hash.update(chunk);
      diffIds.push(`sha256:${hash.digest('hex')}`);
    }
    assert.deepEqual(diffIds, image.config.rootfs.diff_ids);
  });

  test('the config keeps what the base says and has one history entry per layer', () => {
    const { config } = image;
    const labels = config.config?.Labels ?? {};
    for (const [key, value] of Object.entries(base.config.config?.Labels ?? {})) {
      if (key !== 'org.opencontainers.image.version') assert.equal(labels[key], value);
    }
    assert.equal(labels['org.opencontainers.image.base.digest'], lab.baseDigest);
    assert.equal(config.os, base.config.os);
    assert.deepEqual(
      config.rootfs.diff_ids.slice(0, base.config.rootfs.diff_ids.length),
      base.config.rootfs.diff_ids,
    );
    const history = config.history ?? [];
    assert.equal(history.filter((entry) => entry.empty_layer !== true).length, image.manifest.layers.length);
    assert.deepEqual(history.slice(0, base.config.history?.length ?? 0), base.config.history);
  });

  test('buildah from takes it and shows the files of the configuration', async () => {
    const peer = await BuildahPeer.open(lab.folder);
    try {
      const container = (
        await peer.buildah(['from', '--tls-verify=false', `docker://${reference}`])
      ).stdout.trim();
      const root = (await peer.buildah(['mount', container])).stdout.trim();
      const text = await readFile(join(root, 'etc/sysctl.d/50-site.conf'), 'utf8');
      assert.match(text, /^# Managed by the site's MachineConfigs\n/);
      assert.ok((await stat(join(root, 'usr/bin/systemctl'))).isFile());
      await peer.buildah(['umount', container]);
    } finally {
      await peer.close();
    }
  });
});
