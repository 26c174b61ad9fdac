import { hash } from 'node:crypto';
import { deserialize, serialize } from 'node:v8';
import { digestHex, type Descriptor } from '../oci/index.ts';
import type { KnownListings } from './base-indexer.ts';
import type { BuildCache } from './build-cache.ts';
import type { LayerChange } from './layer-listing.ts';

/** Grows with {@link LayerChange} and with what a listing keeps of a layer; the form is that of this V8. */
const KEY = `layer-listing/v2-${process.versions.v8.split('.').slice(0, 2).join('.')}`;

/** Of the sha256 that stands before a listing, in bytes. */
const HASH = 32;

/**
 * Listings of layers in a cache of this machine, which nobody else writes. What a crash of the machine has damaged there is found
 * out by its hash, and listed anew: V8 would make something of it.
 */
export function keptListings(cache: BuildCache): KnownListings {
  // How its bytes are to be read is a part of what a layer is: the same ones of another type may be no layer at all.
  const keyOf = ({ digest, mediaType }: Descriptor): string =>
    `${KEY}/${digestHex(digest)}-${hash('sha256', mediaType, 'hex').slice(0, 16)}`;
  return {
    get(layer) {
      const bytes = cache.get(keyOf(layer));
      if (bytes === undefined) return undefined;
      const listing = bytes.subarray(HASH);
      if (!hashOf(listing).equals(bytes.subarray(0, HASH))) return undefined;
      try {
        const changes: unknown = deserialize(listing);
        return Array.isArray(changes) ? (changes as readonly LayerChange[]) : undefined;
      } catch {
        return undefined;
      }
    },
    put(layer, changes) {
      const listing = serialize(changes);
      cache.put(keyOf(layer), Buffer.concat([hashOf(listing), listing]));
    },
  };
}

function hashOf(listing: Uint8Array): Buffer {
  return hash('sha256', listing, 'buffer');
}
