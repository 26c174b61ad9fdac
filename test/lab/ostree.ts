import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { run } from './run.ts';
import type { StoredImage } from './stored-image.ts';

/** What a host's importer does with names: the tree's /etc is the image's default, /usr/etc (host-contract §5.2). */
const ETC_FILTER = '^etc(/|$),usr/etc\\1';

/**
 * A host's repository and what it does with an image, by real ostree without booting (host-contract §10.3): each
 * layer is a commit of its own, and a tree is checked out layer by layer, where whiteouts take effect.
 */
export class OstreeHost {
  readonly #folder: string;
  readonly #repository: string;
  readonly #refs = new Map<string, string>();

  private constructor(folder: string) {
    this.#folder = folder;
    this.#repository = join(folder, 'repo');
  }

  static async open(folder: string): Promise<OstreeHost> {
    const host = new OstreeHost(folder);
    await mkdir(folder, { recursive: true });
    await run('ostree', ['init', `--repo=${host.#repository}`, '--mode=bare']);
    // Nothing here is to survive a power cut, and thousands of small files wait long for a busy disk.
    await run('ostree', ['config', `--repo=${host.#repository}`, 'set', 'core.fsync', 'false']);
    return host;
  }

  /**
   * Imports what is new of an image and checks it out at `target`, as copies that may be changed. The first `present`
   * layers are left out: they are there already.
   */
  async checkout(image: StoredImage, target: string, present = 0): Promise<void> {
    for (const { digest } of image.manifest.layers.slice(present)) {
      if (!this.#refs.has(digest)) this.#refs.set(digest, await this.#import(image, digest));
      await run('ostree', [
        ['checkout', `--repo=${this.#repository}`, '--force-copy', '--union', '--whiteouts'],
        [this.#refs.get(digest) ?? '', target],
      ]);
    }
  }

  async #import(image: StoredImage, digest: string): Promise<string> {
    const file = join(this.#folder, 'layer.tar.gz');
    await pipeline(await image.blob(digest), createWriteStream(file));
    const ref = `layer/${digest.replace(':', '-')}`;
    await run('ostree', [
      ['commit', `--repo=${this.#repository}`, `--branch=${ref}`, '--no-bindings', '--timestamp=@0'],
      ['--tar-autocreate-parents', `--tar-pathname-filter=${ETC_FILTER}`, `--tree=tar=${file}`],
    ]);
    return ref;
  }
}

/**
 * What systemd-tmpfiles does at a boot, over a checkout whose /etc is a fresh copy of its default. The files that
 * make sense only on a running machine fail on their own lines; they are the base's, not ours.
 */
export async function bootTmpfiles(root: string): Promise<string> {
  await run('cp', ['--archive', '--no-target-directory', join(root, 'usr/etc'), join(root, 'etc')]);
  const done = await run('systemd-tmpfiles', ['--create', '--remove', '--boot', `--root=${root}`], {
    accept: [0, 65, 73],
  });
  return done.stderr;
}
