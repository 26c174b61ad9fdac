import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ImageNode } from '../machineconfig/index.ts';
import { parseReference, sha256 } from '../oci/index.ts';
import { planPackages, type WantedPackages } from './extension-build.ts';
import { visibleConfiguration } from './visible-configuration.ts';

const IMAGE = parseReference('registry.example.com/extensions/os:1');
const DIGEST = sha256(Buffer.from('1'));

function plan(
  wanted: Partial<WantedPackages>,
  digest: typeof DIGEST | 'none' = DIGEST,
): ReturnType<typeof planPackages> {
  const found = digest === 'none' ? undefined : { digest, mediaType: '', size: 0 };
  const registry = { resolve: () => Promise.resolve(found) } as unknown as Parameters<typeof planPackages>[0];
  return planPackages(registry, { extensions: [], ...wanted }, 'amd64');
}

test('planPackages() plans nothing, and asks no registry, where nothing is wanted', async () => {
  for (const kernelType of ['', 'default']) {
    const { scripts, images, extensionsImage } = await plan(
      { kernelType, extensionsImage: IMAGE },
      undefined,
    );
    assert.deepEqual([scripts, images, extensionsImage], [{}, [], undefined]);
  }
});

test('planPackages() takes the extensions image by its digest, which is in the key', async () => {
  const { scripts, images, extensionsImage } = await plan({
    extensions: ['usbguard'],
    extensionsImage: IMAGE,
  });
  assert.equal(extensionsImage, DIGEST);
  assert.equal(images[0]?.digest, DIGEST);
  const folder = '/run/varve-extensions';
  const reference = `registry.example.com/extensions/os@${DIGEST}`;
  assert.deepEqual(scripts.before?.image, { reference, folder });
  assert.match(scripts.before?.text ?? '', /^content='\/run\/varve-extensions'$/m);
  assert.equal(scripts.after?.image, undefined);
  const named = { ...IMAGE, digest: sha256(Buffer.from('2')) };
  assert.equal(
    (await plan({ kernelType: 'realtime', extensionsImage: named }, 'none')).extensionsImage,
    named.digest,
  );
});

test('planPackages() refuses an extensions image that is not there', async () => {
  await assert.rejects(plan({ extensions: ['usbguard'], extensionsImage: IMAGE }, 'none'), {
    code: 'image-missing',
    field: 'spec.baseOSExtensionsContainerImage',
    message:
      'cannot find the extensions image registry.example.com/extensions/os:1: the registry has no such repository or tag; check spec.baseOSExtensionsContainerImage',
  });
});

/** What package managers, and what they run, read of a machine's configuration. */
const READ: Readonly<Record<string, readonly ('always' | 'extensions' | 'kernel')[]>> = {
  '/etc/apt/apt.conf.d/99site': ['always', 'extensions', 'kernel'],
  '/etc/apt/auth.conf.d/site.conf': ['always', 'extensions', 'kernel'],
  '/etc/apt/preferences.d/site': ['always', 'extensions', 'kernel'],
  '/etc/apt/sources.list.d/site.sources': ['always', 'extensions', 'kernel'],
  '/etc/dnf/dnf.conf': ['always', 'extensions', 'kernel'],
  '/etc/dnf/protected.d/site.conf': ['always', 'extensions', 'kernel'],
  '/etc/pki/rpm-gpg/RPM-GPG-KEY-site': ['always', 'extensions', 'kernel'],
  '/etc/rpm/macros.site': ['always', 'extensions', 'kernel'],
  '/etc/yum.repos.d/site.repo': ['always', 'extensions', 'kernel'],
  '/etc/dpkg/dpkg.cfg.d/excludes': ['extensions', 'kernel'],
  '/etc/libdnf/plugins.d/site.conf': ['extensions', 'kernel'],
  '/etc/rhsm/rhsm.conf': ['extensions', 'kernel'],
  '/etc/rpm-ostreed.conf': ['extensions', 'kernel'],
  '/etc/dracut.conf.d/site.conf': ['kernel'],
  '/etc/initramfs-tools/modules': ['kernel'],
  '/etc/kernel/postinst.d/site': ['kernel'],
  '/etc/modprobe.d/site.conf': ['kernel'],
  '/etc/motd': [],
};

test('planPackages() has the build see what the package managers read, and the key with it', async () => {
  const wishes = {
    always: {},
    extensions: { extensions: ['usbguard'] },
    kernel: { kernelType: 'realtime' },
  } as const;
  const nodes = Object.keys(READ).map((path): ImageNode => ({
    type: 'file',
    path,
    mode: 0o644,
    uid: 0,
    gid: 0,
    contents: Buffer.from('x'),
  }));
  for (const [name, wanted] of Object.entries(wishes)) {
    const { reads } = await plan(wanted);
    const seen = visibleConfiguration({ nodes, items: [], removals: [] }, ['', '', reads]).nodes;
    const expected = Object.keys(READ).filter((path) => READ[path]?.some((one) => one === name));
    assert.deepEqual(
      seen.map(({ path }) => path),
      expected,
      name,
    );
  }
});
