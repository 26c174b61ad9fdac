import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** How buildah's store keeps the layers of images: `overlay` mounts them on each other, `vfs` copies all that is below each. */
export type StoreDriver = 'overlay' | 'vfs';

/** What a person reads where it is to be `vfs`. */
export const VFS_COSTS =
  'warning: buildah has its store where nothing can be mounted by overlayfs: it copies the whole image for each of its layers, which ' +
  'takes minutes and many times the size of the base on the disk; have --cache on a file system of its own, such as ext4 or xfs, and run ' +
  'it as root';

/**
 * The driver that a store in this folder can have (build-lab §2): the mount that buildah will make is tried, in mounts that nobody else
 * sees.
 *
 * @param path where `unshare` and `mount` are looked for, as PATH
 */
export async function storeDriver(folder: string, path: string): Promise<StoreDriver> {
  const trial = await mkdtemp(join(folder, 'driver-'));
  try {
    const [lower, upper, work, merged] = ['lower', 'upper', 'work', 'merged'].map((name) =>
      join(trial, name),
    );
    for (const name of [lower, upper, work, merged]) await mkdir(name ?? trial);
    const options = `lowerdir=${lower},upperdir=${upper},workdir=${work}`;
    const mount = ['mount', '-t', 'overlay', '-o', options, 'overlay', merged ?? trial];
    await promisify(execFile)('unshare', ['--mount', '--', ...mount], { env: { PATH: path, LC_ALL: 'C' } });
    return 'overlay';
  } catch {
    return 'vfs';
  } finally {
    await rm(trial, { recursive: true, force: true });
  }
}

/** Where a store of this driver has its images, below the folder of the store: one folder cannot be of both. */
export function graphRoot(storage: string, driver: StoreDriver): string {
  return join(storage, driver === 'overlay' ? 'images' : `images-${driver}`);
}
