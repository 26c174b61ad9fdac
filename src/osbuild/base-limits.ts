import type { Descriptor } from '../oci/index.ts';
import type { BaseTree } from './base-tree.ts';
import { OsBuildError } from './osbuild-error.ts';

/** How much a base may hold; real ones stay far below. A layer of kilobytes can unpack to any number of entries. */
export interface BaseLimits {
  readonly layerEntries: number;
  readonly entries: number;
  /** Of a path, as Linux takes it. */
  readonly pathBytes: number;
  /** Of all names, and of the contents that the index is made from. */
  readonly bytes: number;
}

export const BASE_LIMITS: BaseLimits = {
  layerEntries: 2_000_000,
  entries: 4_000_000,
  pathBytes: 4096,
  bytes: 256 * 1024 * 1024,
};

/** What has been listed of a layer so far. */
export interface ListingSize {
  readonly entries: number;
  readonly bytes: number;
  readonly longestPath: number;
}

/** Adds up what the layers of a base take while they are listed, several at once. */
export class BaseMeter {
  readonly #limits: BaseLimits;
  readonly #layers = new Map<Descriptor, ListingSize>();
  #entries = 0;
  #bytes = 0;

  constructor(limits: BaseLimits) {
    this.#limits = limits;
  }

  /** @throws OsBuildError `base-malformed` that names the layer which is too much. */
  listed(layer: Descriptor, now: ListingSize): void {
    const { layerEntries, entries, pathBytes, bytes } = this.#limits;
    const before = this.#layers.get(layer);
    this.#layers.set(layer, now);
    this.#entries += now.entries - (before?.entries ?? 0);
    this.#bytes += now.bytes - (before?.bytes ?? 0);
    if (now.entries > layerEntries) throw tooMuch(layer, `it has more than ${layerEntries} entries`);
    if (now.longestPath > pathBytes) throw tooMuch(layer, `it has a path of more than ${pathBytes} bytes`);
    if (this.#entries > entries) throw tooMuch(layer, `with it, the base has more than ${entries} entries`);
    if (this.#bytes > bytes)
      throw tooMuch(layer, `with it, the names of the base take more than ${bytes} bytes`);
  }

  /** As {@link listed}, for the tree after an entry of the layer: directories that no layer declares count too. */
  merged(layer: Descriptor, tree: BaseTree): void {
    const { entries, bytes } = this.#limits;
    if (tree.size > entries) throw tooMuch(layer, `with it, the base has more than ${entries} paths`);
    if (tree.pathBytes > bytes)
      throw tooMuch(layer, `with it, the paths of the base take more than ${bytes} bytes`);
  }
}

function tooMuch(layer: Descriptor, reason: string): OsBuildError {
  return new OsBuildError(
    'base-malformed',
    `cannot index layer ${layer.digest} of the base: ${reason}; use another base image`,
  );
}
