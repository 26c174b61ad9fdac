import { Readable, type Transform } from 'node:stream';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import type { Descriptor, StoredImage } from './stored-image.ts';
import { type Entry, readTar } from './tar-reader.ts';

/** What lies at a path of a flattened image. Hard links count as files of their own: the link's other names tell nothing about the tree. */
export type TreeEntry = Omit<Entry, 'path' | 'type'> & { readonly type: Exclude<Entry['type'], 'hardlink'> };
/** Path (no leading slash) to what is there. */
export type ImageTree = ReadonlyMap<string, TreeEntry>;

const WHITEOUT = '.wh.';
const OPAQUE = '.wh..wh..opq';

/** The plain tar stream of a layer. */
export async function plainLayer(image: StoredImage, layer: Descriptor): Promise<AsyncIterable<Uint8Array>> {
  const packed = Readable.from(await image.blob(layer.digest));
  const unpacked = decompressor(layer.mediaType);
  if (unpacked === undefined) return packed;
  packed.on('error', (error) => unpacked.destroy(error));
  return packed.pipe(unpacked);
}

function decompressor(mediaType: string): Transform | undefined {
  if (mediaType.endsWith('+gzip') || mediaType.endsWith('.gzip')) return createGunzip();
  if (mediaType.endsWith('+zstd')) return createZstdDecompress();
  if (mediaType.endsWith('.tar')) return undefined;
  throw new Error(`cannot read layer: unknown media type ${mediaType}`);
}

/** The entries of one layer, whiteouts included, in its own order. */
export async function layerEntries(image: StoredImage, layer: Descriptor): Promise<readonly Entry[]> {
  const entries: Entry[] = [];
  for await (const entry of readTar(await plainLayer(image, layer))) entries.push(entry);
  return entries;
}

/** The bytes of the files below `image`'s layers number `from` and up, by path; for images whose last layer is small. */
export async function fileContents(image: StoredImage, from: number): Promise<ReadonlyMap<string, Buffer>> {
  const found = new Map<string, Buffer>();
  for (const layer of image.manifest.layers.slice(from)) {
    const source = await plainLayer(image, layer);
    for await (const entry of readTar(source, (kept, bytes) => found.set(kept.path, bytes))) {
      if (entry.type !== 'file') found.delete(entry.path);
    }
  }
  return found;
}

/** Applies layers in order, as a container runtime does, without unpacking anything to disk. */
export async function flatten(image: StoredImage): Promise<ImageTree> {
  const tree = new Map<string, TreeEntry>();
  for (const layer of image.manifest.layers) applyLayer(tree, await layerEntries(image, layer));
  return tree;
}

function applyLayer(tree: Map<string, TreeEntry>, layer: readonly Entry[]): void {
  // Whiteouts speak about lower layers only, wherever in the layer they stand.
  for (const { path } of layer) {
    const slash = path.lastIndexOf('/');
    const name = path.slice(slash + 1);
    const folder = path.slice(0, Math.max(slash, 0));
    if (name === OPAQUE) removeBelow(tree, folder);
    else if (name.startsWith(WHITEOUT)) {
      const hidden = (folder === '' ? '' : `${folder}/`) + name.slice(WHITEOUT.length);
      tree.delete(hidden);
      removeBelow(tree, hidden);
    }
  }
  const named = new Map<string, Entry>();
  for (const entry of layer) {
    const name = entry.path.slice(entry.path.lastIndexOf('/') + 1);
    if (name.startsWith(WHITEOUT)) continue;
    const resolved = entry.type === 'hardlink' ? linked(named, entry) : entry;
    named.set(entry.path, resolved);
    const { path, type, ...rest } = resolved;
    if (type === 'hardlink') throw new Error(`cannot follow hard link ${path}`);
    if (type !== 'directory' && tree.get(entry.path)?.type === 'directory') removeBelow(tree, entry.path);
    tree.set(entry.path, { type, ...rest });
  }
}

/** A hard link is its target, which must be an earlier entry of the same layer (host-contract §5.2). */
function linked(named: ReadonlyMap<string, Entry>, entry: Entry): Entry {
  const target = (entry.linkTarget ?? '').replace(/^(?:\.?\/)+/, '');
  const found = named.get(target);
  if (found === undefined) throw new Error(`cannot follow hard link ${entry.path}: no ${target} before it`);
  return found;
}

function removeBelow(tree: Map<string, TreeEntry>, folder: string): void {
  const prefix = folder === '' ? '' : `${folder}/`;
  for (const path of tree.keys()) if (path.startsWith(prefix)) tree.delete(path);
}
