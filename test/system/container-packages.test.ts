import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { openRegistry, parseReference } from '../../src/oci/index.ts';
import { containerPool, type ContainerPool, writeObjects } from '../lab/container-pool.ts';
import { makeDebianRepository } from '../lab/debian-repository.ts';
import { pushFileImage } from '../lab/file-image.ts';
import { fileContents, flatten } from '../lab/image-tree.ts';
import { type Laboratory, openLaboratory } from '../lab/laboratory.ts';
import { skipWithout } from '../lab/requirements.ts';
import type { RunResult } from '../lab/run.ts';
import { imageFromRegistry } from '../lab/stored-image.ts';
import { unmountBelow } from '../lab/unmount.ts';
import { varve } from '../lab/varve.ts';

const skip = skipWithout('buildah', 'docker-registry', 'dpkg-deb', 'mmdebstrap', 'skopeo');

suite('varve build with extensions and another kernel, by real buildah and apt', { skip }, () => {
  let lab: Laboratory;
  let count = 0;

  before(async () => {
    lab = await openLaboratory('packages');
  });
  after(async () => {
    // buildah's store is a mount of its own.
    await unmountBelow(lab.folder);
    await lab.close();
  });

  async function build(pool: ContainerPool, more: readonly string[] = []): Promise<RunResult> {
    const folder = join(lab.folder, `config-${count++}`);
    await writeObjects(folder, containerPool(pool));
    const push = `${lab.registry.host}/os/packages:1`;
    const args = ['build', '--pool', 'worker', '-f', folder, '--base', lab.base, '--push', push, ...more];
    const env = { HOME: lab.folder, XDG_CACHE_HOME: join(lab.folder, 'cache') };
    return varve(args, { env, accept: [0, 1] });
  }

  /** The names by which later builds find what earlier ones have made. */
  async function customisations(): Promise<readonly string[]> {
    const client = openRegistry({});
    try {
      const tags = await client.listTags(parseReference(`${lab.registry.host}/os/packages`));
      return tags.filter((tag) => tag.startsWith('customisation-')).sort();
    } finally {
      client.close();
    }
  }

  /** An image with a repository of one package that is nowhere else; its name by tag. */
  async function pushExtensionsImage(): Promise<string> {
    const folder = join(lab.folder, 'extensions');
    await makeDebianRepository(folder, [
      { name: 'lab-extension', files: { 'usr/share/lab-extension': 'from the extensions image\n' } },
    ]);
    const files = new Map<string, Uint8Array>();
    for (const name of await readdir(folder))
      files.set(`usr/share/varve/extensions/${name}`, await readFile(join(folder, name)));
    const reference = `${lab.registry.host}/extensions/os:1`;
    await pushFileImage(reference, files);
    return reference;
  }

  test('extensions of the distribution and of an image, and another kernel, are in an image that a host can boot', async () => {
    const baseOSExtensionsContainerImage = await pushExtensionsImage();
    const downloads = join(lab.folder, 'cache/varve/packages/worker/apt');
    await mkdir(downloads, { recursive: true });
    await writeFile(join(downloads, 'of-another-build.deb'), 'a package');
    const spec = { extensions: ['usbguard', 'lab'], kernelType: 'realtime', baseOSExtensionsContainerImage };
    const { status, stdout, stderr } = await build({ spec }, ['--extension', 'lab=deb:lab-extension']);
    assert.equal(status, 0, stderr);
    const image = await imageFromRegistry(stdout.trim());
    const tree = await flatten(image);
    const contents = await fileContents(image, 51);
    const text = (path: string): string | undefined => contents.get(path)?.toString();
    assert.equal(text('usr/share/lab-extension'), 'from the extensions image\n');
    const kernels = [...tree.keys()].filter((path) => /^usr\/lib\/modules\/[^/]+\/vmlinuz$/.test(path));
    assert.equal(kernels.length, 1, kernels.join(', '));
    const modules = kernels[0]?.replace(/\/vmlinuz$/, '') ?? '';
    assert.match(modules, /-rt-/);
    assert.match(text(`${modules}/initramfs.img`) ?? '', /^initramfs of .*-rt-/);
    assert.deepEqual(
      [...tree.keys()].filter((path) => /^boot\/./.test(path)),
      [],
    );
    // What the machine gets from no image: its /var, and accounts beside those that it has.
    assert.equal(
      text('usr/lib/tmpfiles.d/varve-extensions.conf'),
      'd /var/lib/usbguard 02750 root usbguard -\n',
    );
    assert.match(text('usr/lib/sysusers.d/varve-extensions.conf') ?? '', /^g usbguard \d+\n$/);
    // Nothing of the build is left.
    const left = [...contents.keys()].filter((path) =>
      /coreos-extensions|^run\/|^tmp\/|^var\/lib\/apt\/lists\/.|\.deb$|^var\/log\/./.test(path),
    );
    assert.deepEqual(left, []);
    assert.ok((await readdir(downloads)).includes('of-another-build.deb'), 'downloads are for later builds');

    const again = await build({ spec }, ['--extension', 'lab=deb:lab-extension']);
    assert.equal(again.stdout, stdout);
    assert.match(again.stderr, /what a container build would make is there already/);
  });

  test('a Containerfile cannot take out what the pool asks for, whatever shell and user it ends with', async () => {
    const containerfile =
      'FROM configs AS final\nRUN apt-get purge -y sysstat && ln -sf /bin/true /usr/local/bin/dpkg-query || true\nENV PATH=/nowhere\nUSER nobody\n# \\\n';
    const { status, stderr } = await build({ spec: { extensions: ['sysstat'] }, containerfile });
    assert.equal(status, 1);
    assert.match(
      stderr,
      /cannot build the image: a command has taken packages out that the pool asks for at Varve's own step look whether the image has extensions sysstat/,
    );
    assert.match(stderr, /varve: packages are missing from the image at the end of the build: sysstat\n/);
  });

  test('a Containerfile that leaves two kernels makes no image, and none that a later build takes', async () => {
    const containerfile =
      'FROM configs AS final\nRUN mkdir /usr/lib/modules/9.9 && cp /usr/lib/modules/*/vmlinuz /usr/lib/modules/9.9/vmlinuz\n';
    const before = await customisations();
    const { status, stderr } = await build({ containerfile });
    assert.equal(status, 1);
    assert.match(stderr, /error: cannot use what the container build made: a host boots exactly one kernel/);
    assert.deepEqual(await customisations(), before);
  });
});
