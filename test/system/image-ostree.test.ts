import assert from 'node:assert/strict';
import { cp, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { writeCornerConfig } from '../lab/corner-config.ts';
import { folderTree } from '../lab/folder-tree.ts';
import { flatten, type ImageTree } from '../lab/image-tree.ts';
import { type Laboratory, openLaboratory } from '../lab/laboratory.ts';
import { bootTmpfiles, OstreeHost } from '../lab/ostree.ts';
import { skipWithout } from '../lab/requirements.ts';
import { run } from '../lab/run.ts';
import { imageFromLayout, imageFromRegistry, type StoredImage } from '../lab/stored-image.ts';
import { describeDifference, treeDifferences } from '../lab/tree-difference.ts';

const skip = skipWithout('docker-registry', 'mmdebstrap', 'ostree', 'skopeo', 'systemd-tmpfiles');

/** What the corner configuration wants below the node's /var: mode, owner (core has 1000 in the base), contents. */
const WANTED: readonly (readonly [path: string, mode: number, uid: number, gid: number, text: string])[] = [
  ['lib/corner/file', 0o600, 0, 0, 'below /var\n'],
  ['lib/corner/owned', 0o640, 1000, 1000, 'of core\n'],
  ['usrlocal/bin/corner-tool', 0o755, 0, 0, '#!/bin/sh\nexit 0\n'],
  ['opt/corner/file', 0o644, 0, 0, 'below /opt\n'],
  ['srv/corner/100% odd "name"', 0o644, 0, 0, 'below /srv\n'],
  ['roothome/.corner', 0o600, 0, 0, 'below /root\n'],
  ['home/core/corner', 0o644, 1000, 1000, 'below /home\n'],
  ['home/core/.ssh/authorized_keys', 0o600, 1000, 1000, 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJTQ corner\n'],
];

/**
 * A node without a boot: real ostree checks images out, real systemd-tmpfiles does what it does at a boot, and one
 * /var goes from deployment to deployment as a host's does.
 */
suite('an image of varve build on an ostree host', { skip }, () => {
  let lab: Laboratory;
  let first: string;
  let second: string;
  let plain: string;
  let intended: ImageTree;

  before(async () => {
    lab = await openLaboratory();
    const host = await OstreeHost.open(join(lab.folder, 'ostree'));
    const base = await imageFromLayout(lab.layout);
    plain = join(lab.folder, 'plain');
    await host.checkout(base, plain);

    async function deploy(name: string): Promise<{ image: StoredImage; root: string }> {
      const image = await imageFromRegistry(await lab.build([config], `os/${name}`));
      const root = join(lab.folder, name);
      await run('cp', ['--archive', plain, root]);
      await host.checkout(image, root, base.manifest.layers.length);
      return { image, root };
    }
    const config = join(lab.folder, 'config');
    await writeCornerConfig(config);
    const deployed = await deploy('first');
    first = deployed.root;
    intended = await flatten(deployed.image);
    const yaml = await readFile(join(config, 'corner.yaml'), 'utf8');
    await writeFile(
      join(config, 'corner.yaml'),
      yaml.replace('below%20%2Fvar%0A', 'changed%20below%20%2Fvar%0A'),
    );
    second = (await deploy('second')).root;
  });
  after(() => lab.close());

  /** The next boot: `/var` moves on, /etc is the deployment's default. */
  async function boot(from: string | undefined, root: string): Promise<void> {
    if (from !== undefined && from !== root) {
      await rm(join(root, 'var'), { recursive: true });
      await rename(join(from, 'var'), join(root, 'var'));
      await mkdir(join(from, 'var'));
    }
    await bootTmpfiles(root);
  }

  test('is checked out as the tree it means to be, whiteouts and all', async () => {
    const expected = new Map(
      [...intended].map(([path, entry]) => [
        path.replace(/^etc(?=\/|$)/, 'usr/etc'),
        { ...entry, xattrs: {} },
      ]),
    );
    const differences = treeDifferences(expected, await folderTree(first));
    assert.deepEqual(differences.map(describeDifference), []);
    assert.ok(intended.has('etc/corner/default-mode'));
    assert.ok(!intended.has('etc/systemd/system/timers.target.wants/apt-daily.timer'));
  });

  test('materialises what belongs below /var at the first boot', async () => {
    const complaints = await bootTmpfiles(first);
    // Debian's own lines about /home, /srv and /root do not know that those are links on an ostree host.
    const ours = complaints.split('\n').filter((line) => !/\/(?:home|srv|root)" already exists/.test(line));
    assert.deepEqual(ours.join(''), '');
    const tree = await folderTree(join(first, 'var'));
    for (const [path, mode, uid, gid, text] of WANTED) {
      const entry = tree.get(path);
      const found = [entry?.type, entry?.mode, entry?.uid, entry?.gid];
      assert.deepEqual(found, ['file', mode, uid, gid], path);
      assert.equal(await readFile(join(first, 'var', path), 'utf8'), text, path);
    }
    const link = tree.get('lib/corner/link');
    assert.deepEqual([link?.type, link?.linkTarget], ['symlink', 'file']);
    const groups = await readFile(join(first, 'etc/group'), 'utf8');
    const wheel = Number(/^wheel:[^:]*:(\d+):/m.exec(groups)?.[1]);
    const state = tree.get('lib/corner/state');
    assert.deepEqual([state?.type, state?.mode, state?.uid, state?.gid], ['directory', 0o750, 1000, wheel]);
    const ssh = tree.get('home/core/.ssh');
    assert.deepEqual([ssh?.type, ssh?.mode, ssh?.uid, ssh?.gid], ['directory', 0o700, 1000, 1000]);
    assert.equal(tree.get('home/core')?.uid, 1000);
  });

  test('puts its own contents back at the next boot when somebody changed them on the node', async () => {
    await writeFile(join(first, 'var/opt/corner/file'), 'by hand\n', { mode: 0o600 });
    await boot(first, first);
    assert.equal(await readFile(join(first, 'var/opt/corner/file'), 'utf8'), 'below /opt\n');
    assert.equal((await folderTree(join(first, 'var/opt'))).get('corner/file')?.mode, 0o644);
  });

  test('leaves alone what the node has beside it', async () => {
    await writeFile(join(first, 'var/lib/corner/of-the-node'), 'mine\n');
    await boot(first, first);
    assert.equal(await readFile(join(first, 'var/lib/corner/of-the-node'), 'utf8'), 'mine\n');
  });

  test('takes the next image’s contents at its boot, and the old ones back after a rollback', async () => {
    const file = 'var/lib/corner/file';
    await boot(first, second);
    assert.equal(await readFile(join(second, file), 'utf8'), 'changed below /var\n');
    await boot(second, first);
    assert.equal(await readFile(join(first, file), 'utf8'), 'below /var\n');
  });

  // Taking away what an earlier image materialised and this one does not have is the agent's work (architecture D4).
  test('leaves its files below /var in place when an image without them is booted', async () => {
    await cp(join(first, 'var'), join(lab.folder, 'var-before'), { recursive: true, verbatimSymlinks: true });
    await boot(first, plain);
    const kept = await folderTree(join(plain, 'var'));
    const before = await folderTree(join(lab.folder, 'var-before'));
    for (const [path] of WANTED) assert.equal(kept.get(path)?.sha256, before.get(path)?.sha256, path);
  });
});
