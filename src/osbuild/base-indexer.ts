import type { Descriptor, Digest } from '../oci/index.ts';
import { decompress } from '../oci/index.ts';
import { isWanted, readBaseFacts } from './base-facts-reader.ts';
import { encodeBaseIndex } from './base-index.ts';
import type { BaseLimits } from './base-limits.ts';
import { BASE_LIMITS, BaseMeter } from './base-limits.ts';
import { BaseTree } from './base-tree.ts';
import { inParallel } from './bounded-parallel.ts';
import { LayerListing } from './layer-listing.ts';
import type { LayerChange } from './layer-listing.ts';

/** Gives the verified compressed bytes of a layer, until the signal ends it. */
export type LayerSource = (layer: Descriptor, signal: AbortSignal) => AsyncIterable<Uint8Array>;

/** What was listed of layers before, by whoever keeps it: an image that stands on a known one has most of them in common with it. */
export interface KnownListings {
  get(layer: Descriptor): readonly LayerChange[] | undefined;
  put(layer: Descriptor, changes: readonly LayerChange[]): void;
}

const NONE_KNOWN: KnownListings = { get: () => undefined, put: () => undefined };

/** Layers that are read at once: decompression runs on the thread pool, listing on the main thread. */
const CONCURRENT_LAYERS = 3;

/**
 * Makes the index of a base by streaming each layer once, in memory that depends on the number of files only: no layer
 * is ever stored, whole or in part.
 *
 * @param onLayer called when a layer has been listed, in the order in which they finish.
 * @throws OsBuildError `base-malformed` for a base beyond the limits; OciError for layers that cannot be read.
 */
export async function indexBase(
  base: Digest,
  layers: readonly Descriptor[],
  source: LayerSource,
  onLayer: (layer: Descriptor) => void = () => undefined,
  limits: BaseLimits = BASE_LIMITS,
  known: KnownListings = NONE_KNOWN,
): Promise<Buffer> {
  const meter = new BaseMeter(limits);
  const listings = await inParallel(layers, CONCURRENT_LAYERS, async (layer, signal) => {
    const found = known.get(layer);
    const changes = found ?? (await listLayer(layer, (one) => source(one, signal), meter, limits));
    if (found === undefined) known.put(layer, changes);
    onLayer(layer);
    return { layer, changes };
  });

  const tree = new BaseTree();
  const contents = new Map<string, Uint8Array>();
  for (const { layer, changes } of listings) {
    applyLayer(tree, contents, changes, () => meter.merged(layer, tree));
  }
  for (const path of contents.keys()) {
    if (tree.get(path)?.type !== 'file') contents.delete(path);
  }
  const paths = tree.paths();
  return encodeBaseIndex(readBaseFacts(base, tree, paths, contents), paths);
}

async function listLayer(
  layer: Descriptor,
  open: (layer: Descriptor) => AsyncIterable<Uint8Array>,
  meter: BaseMeter,
  limits: BaseLimits,
): Promise<readonly LayerChange[]> {
  const first = await streamLayer(layer, open(layer), meter);
  if (first.missed.size === 0) return first.changes;
  return (await streamLayer(layer, open(layer), new BaseMeter(limits), first.missed)).changes;
}

async function streamLayer(
  layer: Descriptor,
  bytes: AsyncIterable<Uint8Array>,
  meter: BaseMeter,
  keep?: ReadonlySet<string>,
): Promise<LayerListing> {
  const listing = new LayerListing(isWanted, keep);
  for await (const chunk of decompress(bytes, layer.mediaType)) {
    listing.push(chunk);
    meter.listed(layer, { ...listing.size });
  }
  listing.end();
  return listing;
}

/** Applies one layer over those below: whiteouts concern lower layers only, so they come first. */
function applyLayer(
  tree: BaseTree,
  contents: Map<string, Uint8Array>,
  changes: readonly LayerChange[],
  onAdded: () => void,
): void {
  for (const change of changes) {
    if (change.type === 'remove') tree.remove(change.path);
    else if (change.type === 'empty') tree.empty(change.path);
  }
  for (const change of changes) {
    if (change.type === 'add') {
      tree.add(change.path, change.entry);
      if (change.contents === undefined) contents.delete(change.path);
      else contents.set(change.path, change.contents);
    } else if (change.type === 'link') {
      tree.add(change.path, tree.get(change.target) ?? { type: 'file' });
      const linked = contents.get(change.target);
      if (linked !== undefined && isWanted(change.path)) contents.set(change.path, linked);
    }
    onAdded();
  }
}
