import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { OsBuildError } from './osbuild-error.ts';
import type { StoreDriver } from './store-driver.ts';

interface StoredImage {
  readonly names?: readonly string[] | null;
  readonly layer?: string;
}

interface StoredLayer {
  readonly id: string;
  readonly parent?: string;
  readonly 'compressed-diff-digest'?: string;
  readonly 'diff-digest'?: string;
}

/**
 * The folders that hold the layers that a build has added to an image, the topmost first: those of a store (containers/storage) that
 * no registry has sent, compressed as it had them.
 *
 * @param graph the store's `graphroot`
 * @throws OsBuildError `builder-storage` where it is not as expected: what cannot be read cannot be said to hold no secret
 */
export async function builtLayers(
  graph: string,
  driver: StoreDriver,
  name: string,
): Promise<readonly string[]> {
  const images = await readRecords<StoredImage>(join(graph, `${driver}-images`, 'images.json'));
  const records = await readRecords<StoredLayer>(join(graph, `${driver}-layers`, 'layers.json'));
  const layers = new Map(records.map((layer) => [layer.id, layer]));
  const image = images.find(({ names }) => names?.includes(name));
  const folders: string[] = [];
  let layer = layers.get(image?.layer ?? '');
  if (layer === undefined) throw unreadable(graph);
  while (layer !== undefined && layer['compressed-diff-digest'] === layer['diff-digest']) {
    // With vfs it holds what is below as well, of which nothing is secret.
    folders.push(
      driver === 'vfs' ? join(graph, driver, 'dir', layer.id) : join(graph, driver, layer.id, 'diff'),
    );
    layer = layers.get(layer.parent ?? '');
  }
  return folders;
}

async function readRecords<T>(path: string): Promise<readonly T[]> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as readonly T[];
  } catch (cause) {
    throw unreadable(path, cause);
  }
}

function unreadable(path: string, cause?: unknown): OsBuildError {
  return new OsBuildError(
    'builder-storage',
    `cannot tell whether a secret is in what the container build made: the store of buildah, ${path}, is not as expected`,
    { cause },
  );
}
