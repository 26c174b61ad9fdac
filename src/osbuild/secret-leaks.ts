import { createReadStream } from 'node:fs';
import { readdir, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { OsBuildError } from './osbuild-error.ts';
import { SecretSearch } from './secret-search.ts';
import type { SecretValue } from './secret-values.ts';

/** A secret where it must not be. */
interface Leak {
  /** `/etc/copy` in the image, or what else of it. */
  readonly place: string;
  readonly source: string;
}

/**
 * Looks for the secrets of a build in what it made, before anybody else can see that: contents and names of files, targets of links,
 * and the image's configuration with its history. What a command has compressed or encrypted is not found.
 *
 * @param layers folders
 * @param description the image's configuration, as text
 * @throws OsBuildError `secret-in-image` that names the file and the object, never the secret
 */
export async function refuseLeaks(
  secrets: readonly SecretValue[],
  layers: readonly string[],
  description: string,
): Promise<void> {
  const search = new SecretSearch(secrets);
  if (search.isEmpty) return;
  const source = search.inText(description);
  if (source !== undefined) throw leakError({ place: "the image's configuration", source });
  for (const layer of layers) {
    const leak = await findLeak(search, layer, '');
    if (leak !== undefined) throw leakError(leak);
  }
}

async function findLeak(search: SecretSearch, layer: string, below: string): Promise<Leak | undefined> {
  for (const entry of await readdir(join(layer, below), { withFileTypes: true })) {
    const place = `${below}/${entry.name}`;
    const path = join(layer, place);
    const named = search.inText(entry.name);
    // Its name is the secret.
    if (named !== undefined)
      return { place: `the name of a file in ${below === '' ? '/' : below}`, source: named };
    const source = entry.isFile()
      ? await search.inStream(createReadStream(path, { highWaterMark: 1024 * 1024 }))
      : entry.isSymbolicLink()
        ? search.inText(await readlink(path))
        : undefined;
    if (source !== undefined) return { place, source };
    const leak = entry.isDirectory() ? await findLeak(search, layer, place) : undefined;
    if (leak !== undefined) return leak;
  }
  return undefined;
}

function leakError({ place, source }: Leak): OsBuildError {
  return new OsBuildError(
    'secret-in-image',
    `cannot push the image: the Containerfile has copied a secret of ${source} into ${place}, where everybody who may pull the image can read it; ` +
      'use it where the build mounts it, or remove the copy in the stage that made it',
    { field: 'spec.containerFile' },
  );
}
