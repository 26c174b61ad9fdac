import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Digest } from '../oci/index.ts';
import { sha256 } from '../oci/index.ts';
import type { BaseIndex } from './base-index.ts';
import { encodeBaseIndex, openBaseIndex } from './base-index.ts';
import { INDEX_VERSION } from './base-index-header.ts';
import { OpenedBases } from './opened-bases.ts';

function digest(name: number | string): Digest {
  return sha256(Buffer.from(String(name)));
}

function index(base: Digest): BaseIndex {
  const header = {
    version: INDEX_VERSION,
    base,
    kernels: [],
    users: {},
    groups: {},
    units: {},
    dropins: {},
    unitLinks: [],
    keepsToplevels: false,
    readsKeyDirectory: false,
  };
  return openBaseIndex(encodeBaseIndex(header as unknown as BaseIndex['header'], []), base);
}

const never = (): Promise<BaseIndex> => assert.fail('made again');
const nothing = (): void => undefined;

test('OpenedBases keeps the bases that were used last', () => {
  const bases = new OpenedBases();
  for (let base = 0; base < 8; base += 1) bases.set(digest(base), index(digest(base)));
  assert.ok(bases.get(digest(0)));
  bases.set(digest(8), index(digest(8)));
  assert.equal(bases.get(digest(1)), undefined);
  for (const base of [0, 2, 3, 4, 5, 6, 7, 8]) assert.ok(bases.get(digest(base)), String(base));
});

test('OpenedBases.make() makes an index once for all who want it', async () => {
  const bases = new OpenedBases();
  const base = digest('base');
  const made = Promise.withResolvers<BaseIndex>();
  let waits = 0;
  const first = bases.make(base, () => made.promise, undefined, nothing);
  const others = [1, 2].map(() => bases.make(base, never, undefined, () => (waits += 1)));
  const another = await bases.make(digest('other'), async () => index(digest('other')), undefined, nothing);
  assert.equal(another?.header.base, digest('other'));
  const found = index(base);
  made.resolve(found);
  assert.deepEqual(await Promise.all([first, ...others]), [found, found, found]);
  assert.equal(waits, 2);
  assert.equal(bases.get(base), found);
});

test('OpenedBases.make() lets the next one make what another one could not', async () => {
  const bases = new OpenedBases();
  const base = digest('base');
  const failed = Promise.withResolvers<BaseIndex>();
  const first = bases.make(base, () => failed.promise, undefined, nothing);
  const found = index(base);
  const rest = [1, 2].map(() => bases.make(base, async () => found, undefined, nothing));
  failed.reject(new Error('no such layer'));
  await assert.rejects(first, /no such layer/u);
  assert.deepEqual(await Promise.all(rest), [found, found]);
});

test('OpenedBases.make() waits no longer than its signal lets it', async () => {
  const bases = new OpenedBases();
  const base = digest('base');
  const made = Promise.withResolvers<BaseIndex>();
  const first = bases.make(base, () => made.promise, undefined, nothing);
  const abort = new AbortController();
  const second = bases.make(base, never, abort.signal, nothing);
  abort.abort();
  assert.equal(await second, undefined);
  assert.equal(await bases.make(base, never, AbortSignal.abort(), nothing), undefined);
  made.resolve(index(base));
  assert.ok(await first);
});
