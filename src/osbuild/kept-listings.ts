import { deserialize, serialize } from 'node:v8';
import { digestHex, type Descriptor } from '../oci/index.ts';
import type { KnownListings } from './base-indexer.ts';
import type { BuildCache } from './build-cache.ts';
import type { LayerChange } from './layer-listing.ts';

/** Grows with {@link LayerChange} and with what a listing keeps of a layer; the form is that of this V8. */
const KEY = `layer-listing/v1-${process.versions.v8.split('.').slice(0, 2).join('.')}`;

/** Listings of layers in a cache of this machine, which nobody else writes. What cannot be read there is listed anew. */
export function keptListings(cache: BuildCache): KnownListings {
  const keyOf = ({ digest }: Descriptor): string => `${KEY}/${digestHex(digest)}`;
  return {
    get(layer) {
      const bytes = cache.get(keyOf(layer));
      if (bytes === undefined) return undefined;
      try {
        const changes: unknown = deserialize(bytes);
        return Array.isArray(changes) ? (changes as readonly LayerChange[]) : undefined;
      } catch {
        return undefined;
      }
    },
    put: (layer, changes) => cache.put(keyOf(layer), serialize(changes)),
  };
}
