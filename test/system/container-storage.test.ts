import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { openRegistry } from '../../src/oci/index.ts';
import { atEnd } from '../lab/at-end.ts';
import { containerPool, writeObjects } from '../lab/container-pool.ts';
import { fileContents } from '../lab/image-tree.ts';
import { startRegistry } from '../lab/registry.ts';
import { skipWithout } from '../lab/requirements.ts';
import { run } from '../lab/run.ts';
import { pushShellBase } from '../lab/shell-base.ts';
import { imageFromRegistry } from '../lab/stored-image.ts';
import { unmountBelow } from '../lab/unmount.ts';
import { varve } from '../lab/varve.ts';

/** The base has so many layers. */
const BASE_LAYERS = 6;

test(
  'where overlayfs cannot be mounted container builds are made all the same, and say what that costs',
  { skip: skipWithout('buildah', 'docker-registry') },
  async (t) => {
    const folder = await mkdtemp(join(tmpdir(), 'varve-storage-'));
    atEnd(t, async () => {
      await unmountBelow(folder);
      await rm(folder, { recursive: true, force: true });
    });
    const registry = await startRegistry({ parent: folder });
    atEnd(t, () => registry.stop());
    const client = openRegistry({});
    atEnd(t, async () => client.close());
    const base = await pushShellBase(client, `${registry.host}/base/os`);

    // The root of a container is a mount of this kind; overlayfs does not stand on itself.
    const cache = join(folder, 'cache');
    for (const name of ['lower', 'upper', 'work', 'cache']) await mkdir(join(folder, name));
    const options = ['lower', 'upper', 'work'].map((name) => `${name}dir=${join(folder, name)}`).join(',');
    await run('mount', ['-t', 'overlay', '-o', options, 'overlay', cache]);

    const objects = join(folder, 'objects');
    const containerfile = 'FROM configs\nRUN echo made > /usr/share/made\n';
    await writeObjects(objects, containerPool({ containerfile }));
    const push = `${registry.host}/os/pool:1`;
    const args = [
      'build',
      '--pool',
      'worker',
      '-f',
      objects,
      '--base',
      base,
      '--push',
      push,
      '--cache',
      cache,
    ];
    const { stdout, stderr } = await varve(args, { env: { HOME: folder } });
    assert.match(stderr, /^warning: buildah has its store where nothing can be mounted by overlayfs/m);
    const contents = await fileContents(await imageFromRegistry(stdout.trim()), BASE_LAYERS);
    assert.equal(contents.get('usr/share/made')?.toString(), 'made\n');

    const elsewhere = ['--cache', join(folder, 'other'), '--push', `${registry.host}/other/pool:1`];
    const other = await varve([...args, ...elsewhere], { env: { HOME: folder } });
    assert.doesNotMatch(other.stderr, /overlayfs/);
    assert.match(other.stderr, /a container build makes/);

    const secret = Buffer.from('a password of the mirror').toString('base64');
    const given = {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'etc-apt-auth-conf-d' },
      data: { mirror: secret },
    };
    const leaking = 'FROM configs\nRUN cp /etc/apt/auth.conf.d/mirror /usr/share/leak\n';
    await writeObjects(objects, [...containerPool({ containerfile: leaking }), given]);
    const refused = await varve(args, { env: { HOME: folder }, accept: [1] });
    assert.match(refused.stderr, /\/usr\/share\/leak/, 'a secret is found in a store of either kind');
  },
);
