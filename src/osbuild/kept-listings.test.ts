import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Descriptor } from '../oci/index.ts';
import { sha256 } from '../oci/index.ts';
import { type BuildCache, memoryCache } from './build-cache.ts';
import { keptListings } from './kept-listings.ts';
import type { LayerChange } from './layer-listing.ts';

const LAYER: Descriptor = {
  mediaType: 'application/vnd.oci.image.layer.v1.tar',
  digest: sha256(Buffer.from('layer')),
  size: 5,
};
const CHANGES: readonly LayerChange[] = [
  { type: 'add', path: 'etc/passwd', entry: { type: 'file' }, contents: Buffer.from('root') },
  { type: 'remove', path: 'etc/gone' },
];

function damaged(damage: (bytes: Buffer) => Buffer): BuildCache {
  const cache = memoryCache();
  return {
    get: (key) => cache.get(key),
    put: (key, bytes) => cache.put(key, damage(Buffer.from(bytes))),
  };
}

test('a listing is found again as it was', () => {
  const listings = keptListings(memoryCache());
  assert.equal(listings.get(LAYER), undefined);
  listings.put(LAYER, CHANGES);
  assert.deepEqual(JSON.parse(JSON.stringify(listings.get(LAYER))), JSON.parse(JSON.stringify(CHANGES)));
});

for (const [sentence, damage] of Object.entries({
  'is cut short': (bytes: Buffer) => bytes.subarray(0, bytes.length - 3),
  'is empty': () => Buffer.alloc(0),
  'has another byte': (bytes: Buffer) => {
    bytes[bytes.length - 4] = 0x21;
    return bytes;
  },
})) {
  test(`an entry that ${sentence} is none`, () => {
    const listings = keptListings(damaged(damage));
    listings.put(LAYER, CHANGES);
    assert.equal(listings.get(LAYER), undefined);
  });
}

test('the same bytes as a layer of another type have no listing', () => {
  const listings = keptListings(memoryCache());
  listings.put(LAYER, CHANGES);
  assert.equal(listings.get({ ...LAYER, mediaType: 'application/x-squashfs' }), undefined);
  assert.equal(listings.get({ ...LAYER, mediaType: `${LAYER.mediaType}+gzip` }), undefined);
});
