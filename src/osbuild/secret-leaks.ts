import { createReadStream } from 'node:fs';
import { readdir, readlink } from 'node:fs/promises';
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
 * @param description the image's configuration, as JSON
 * @throws OsBuildError `secret-in-image` that names the file and the object, never the secret; the signal's reason when it aborts
 */
export async function refuseLeaks(
  secrets: readonly SecretValue[],
  layers: readonly string[],
  description: string,
  signal: AbortSignal,
): Promise<void> {
  const search = new SecretSearch(secrets);
  if (search.isEmpty) return;
  for (const text of textsIn(description)) {
    const source = search.inText(text);
    if (source !== undefined) throw leakError({ place: "the image's configuration", source });
  }
  for (const layer of layers) {
    const leak = await findLeak({ search, signal }, Buffer.from(layer), '');
    if (leak !== undefined) throw leakError(leak);
  }
}

/** A document as it is, and each text in it as it is without the escapes of JSON; one may be a document again. */
function textsIn(document: string): readonly string[] {
  try {
    return [document, ...textsOf(JSON.parse(document))];
  } catch (error) {
    if (error instanceof SyntaxError) return [document];
    throw error;
  }
}

function textsOf(value: unknown): readonly string[] {
  if (typeof value === 'string') return textsIn(value);
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, member]) => [name].concat(textsOf(member)));
}

interface LeakSearch {
  readonly search: SecretSearch;
  readonly signal: AbortSignal;
}

const SLASH = Buffer.from('/');

/** @param folder in bytes, as a name is that is no text, of which an archive may be full */
async function findLeak(
  { search, signal }: LeakSearch,
  folder: Buffer,
  below: string,
): Promise<Leak | undefined> {
  for (const entry of await readdir(folder, { withFileTypes: true, encoding: 'buffer' })) {
    signal.throwIfAborted();
    const name = entry.name.toString();
    const place = `${below}/${name}`;
    const path = Buffer.concat([folder, SLASH, entry.name]);
    const named = search.inText(name);
    // Its name is the secret.
    if (named !== undefined)
      return { place: `the name of a file in ${below === '' ? '/' : below}`, source: named };
    const source = entry.isFile()
      ? await search.inStream(createReadStream(path, { highWaterMark: 1024 * 1024 }))
      : entry.isSymbolicLink()
        ? search.inText(await readlink(path))
        : undefined;
    if (source !== undefined) return { place, source };
    const leak = entry.isDirectory() ? await findLeak({ search, signal }, path, place) : undefined;
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
