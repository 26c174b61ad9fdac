import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MediaType, sha256, type Descriptor } from '../oci/index.ts';
import { memoryCache } from './build-cache.ts';
import { keptListings } from './kept-listings.ts';
import type { LayerChange } from './layer-listing.ts';

const LAYER: Descriptor = {
  mediaType: MediaType.ociLayerGzip,
  digest: sha256(Buffer.from('layer')),
  size: 5,
};
const CHANGES: readonly LayerChange[] = [
  {
    type: 'add',
    path: 'etc/passwd',
    entry: { type: 'file' },
    contents: Buffer.from('root'),
  },
  { type: 'link', path: 'etc/passwd-', target: 'etc/passwd' },
  { type: 'remove', path: 'etc/x' },
  { type: 'empty', path: 'var' },
];

test('keptListings() gives what was listed, whoever opened the cache', () => {
  const cache = memoryCache();
  keptListings(cache).put(LAYER, CHANGES);
  assert.deepEqual(keptListings(cache).get(LAYER), CHANGES);
});

test('keptListings() knows nothing of the same bytes as a layer of another type, or of another layer', () => {
  const listings = keptListings(memoryCache());
  listings.put(LAYER, CHANGES);
  assert.equal(listings.get({ ...LAYER, mediaType: 'application/x-squashfs' }), undefined);
  assert.equal(listings.get({ ...LAYER, mediaType: MediaType.ociLayer }), undefined);
  assert.equal(listings.get({ ...LAYER, digest: sha256(Buffer.from('other')) }), undefined);
});

test('keptListings() has a listing made anew that is damaged', () => {
  const cache = memoryCache();
  keptListings({ get: () => Buffer.from('no listing'), put: cache.put }).put(LAYER, CHANGES);
  assert.equal(
    keptListings({ get: () => Buffer.from('no listing'), put: () => undefined }).get(LAYER),
    undefined,
  );
});
