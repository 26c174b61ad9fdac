import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { makeLayout } from './base-layers.ts';
import { type BaseSize, baseRecipe, RECIPE_VERSION } from './base-recipe.ts';
import { makeRootfs } from './base-rootfs.ts';
import { cached } from './cache.ts';
import { run } from './run.ts';

/**
 * The OCI layout (image `latest`) of a Debian base shaped as an ostree host, made on first use and kept in the
 * laboratory's cache. Needs root, mmdebstrap and the machine's apt sources; the small one takes a minute, the large
 * one some five, and 5 GB while it is made.
 */
export async function baseLayout(size: BaseSize): Promise<string> {
  const architecture = (await run('dpkg', ['--print-architecture'])).stdout.trim();
  const suite = await debianSuite();
  return cached(`base-${size}-${suite}-${architecture}-v${RECIPE_VERSION}`, async (folder) => {
    const root = `${folder}-rootfs`;
    try {
      const kernel = await makeRootfs(root, baseRecipe(size, architecture), suite);
      await makeLayout(root, folder, { architecture, kernel, version: `${suite}-${size}` });
    } finally {
      await rm(root, { recursive: true, force: true });
    }
  });
}

async function debianSuite(): Promise<string> {
  const release = await readFile(join('/', 'etc/os-release'), 'utf8');
  const suite = /^VERSION_CODENAME=(\S+)$/m.exec(release)?.[1];
  if (suite === undefined) throw new Error('cannot tell the Debian release: /etc/os-release names none');
  return suite;
}
