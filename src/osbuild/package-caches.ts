import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';

/** Where package managers keep what they have downloaded, and with which folder of a cache that is shared. */
const CACHES: readonly (readonly [string, string])[] = [
  ['apt', '/var/cache/apt/archives'],
  ['dnf', '/var/cache/dnf'],
  ['libdnf5', '/var/cache/libdnf5'],
  ['yum', '/var/cache/yum'],
];

/** A folder of the machine that a build sees. */
export interface SharedFolder {
  readonly source: string;
  readonly path: string;
}

/**
 * The folders of a cache of packages, made if they are missing; all that they have in there is in no layer. It is for one pool alone:
 * apt takes a package that is there for the right one by its name and size, so that the commands of one pool's build would choose what
 * another's installs; and what was fetched with the credentials of one is not for another.
 */
export async function openPackageCaches(cache: string): Promise<readonly SharedFolder[]> {
  // apt makes no such folder where it is not the one of the distribution.
  await mkdir(join(cache, 'apt', 'partial'), { recursive: true });
  return Promise.all(
    CACHES.map(async ([name, path]) => {
      const source = join(cache, name);
      await mkdir(source, { recursive: true });
      return { source, path };
    }),
  );
}
