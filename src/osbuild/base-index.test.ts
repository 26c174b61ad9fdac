import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import type { BaseEntry } from '../machineconfig/index.ts';
import type { Digest } from '../oci/index.ts';
import { sha256 } from '../oci/index.ts';
import type { BaseIndexHeader } from './base-index-header.ts';
import { INDEX_VERSION } from './base-index-header.ts';
import { encodeBaseIndex, openBaseIndex } from './base-index.ts';
import { BaseTree } from './base-tree.ts';
import { OsBuildError } from './osbuild-error.ts';

const BASE: Digest = sha256(Buffer.from('base'));

const HEADER: BaseIndexHeader = {
  version: INDEX_VERSION,
  base: BASE,
  users: { core: { uid: 1000, gid: 1000, home: '/home/core' } },
  groups: { wheel: 10 },
  units: {},
  dropins: {},
  unitLinks: [],
  kernels: ['6.1'],
  keepsToplevels: false,
  readsKeyDirectory: false,
};

function malformed(error: unknown): boolean {
  return error instanceof OsBuildError && error.code === 'base-malformed';
}

/** An index with a right checksum, whatever is in it. */
function sealed(header: unknown, lines: string): Buffer {
  const body = `${JSON.stringify(header)}\n${lines}`;
  return Buffer.from(`${hash('sha256', body, 'hex')}\n${body}`);
}

const name = fc
  .string({
    unit: fc.constantFrom('a', 'b', '-', '.', ' ', '%', '\t', '\n', 'é', '漢', '~'),
    minLength: 1,
    maxLength: 5,
  })
  // The tree takes . for the directory itself, as tar does.
  .filter((text) => text !== '.');
const path = fc.array(name, { minLength: 1, maxLength: 4 }).map((parts) => `/${parts.join('/')}`);
const entry: fc.Arbitrary<BaseEntry> = fc.oneof(
  fc.constant<BaseEntry>({ type: 'file' }),
  name.map((target): BaseEntry => ({ type: 'symlink', target })),
  fc
    .tuple(fc.nat(0o7777), fc.nat(), fc.nat())
    .map(([mode, uid, gid]): BaseEntry => ({ type: 'directory', mode, uid, gid })),
);

test('openBaseIndex() finds every path that was encoded, and no other', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(path, entry)), fc.array(path), (added, others) => {
      const tree = new BaseTree();
      for (const [there, what] of added) tree.add(there, what);
      const index = openBaseIndex(encodeBaseIndex(HEADER, tree.paths()), BASE);
      for (const [there, expected] of tree.paths()) assert.deepEqual(index.entry(there), expected);
      for (const other of others) assert.deepEqual(index.entry(other), tree.get(other));
    }),
  );
});

test('encodeBaseIndex() does not depend on the order of the paths', () => {
  const paths: [string, BaseEntry][] = [
    ['/b', { type: 'file' }],
    ['/a', { type: 'file' }],
    ['/a/b', { type: 'file' }],
  ];
  assert.deepEqual(encodeBaseIndex(HEADER, paths), encodeBaseIndex(HEADER, [...paths].reverse()));
});

test('openBaseIndex() keeps what the header says', () => {
  const index = openBaseIndex(encodeBaseIndex(HEADER, []), BASE);
  assert.deepEqual(index.users.get('core'), { uid: 1000, gid: 1000, home: '/home/core' });
  assert.equal(index.groups.get('wheel'), 10);
  assert.deepEqual(index.entry('/'), { type: 'directory', mode: 0o755, uid: 0, gid: 0 });
});

test('openBaseIndex() refuses a damaged index, and one of another base', () => {
  const bytes = encodeBaseIndex(HEADER, [['/a', { type: 'file' }]]);
  const damaged = Buffer.from(bytes);
  damaged[bytes.length - 2] = 0x78;
  assert.throws(() => openBaseIndex(damaged, BASE), malformed);
  assert.throws(() => openBaseIndex(bytes.subarray(0, 40), BASE), malformed);
  assert.throws(() => openBaseIndex(bytes, sha256(Buffer.from('other'))), malformed);
});

test('openBaseIndex() refuses a header that is not one', () => {
  const unit = { path: '/x', install: [['Also', 'y.service']] };
  for (const change of [
    { version: INDEX_VERSION - 1 },
    { users: undefined },
    { users: { core: { uid: '1000', gid: 1000, home: '/' } } },
    { users: { core: null } },
    { groups: { wheel: -1 } },
    { units: { 'x.service': { path: '/x' } } },
    { units: { 'x.service': { path: '/x', install: [['Also', 'y.service', 'z.service']] } } },
    { units: { 'x.service': { path: '/x', install: { also: ['y.service'] } } } },
    { dropins: { 'x.service': unit } },
    { dropins: undefined },
    { unitLinks: [1] },
    { kernels: 'none' },
    { keepsToplevels: 'no' },
  ])
    assert.throws(() => openBaseIndex(sealed({ ...HEADER, ...change }, ''), BASE), malformed);
  assert.throws(() => openBaseIndex(sealed([], ''), BASE), malformed);
  assert.throws(() => openBaseIndex(sealed(HEADER, '/a\tf'), BASE), malformed);
  const index = openBaseIndex(
    sealed({ ...HEADER, units: { 'x.service': unit }, dropins: { 'x.service': [unit] } }, ''),
    BASE,
  );
  assert.deepEqual(index.unit('x.service'), unit);
  assert.deepEqual(index.dropins('x.service'), [unit]);
  assert.deepEqual([index.unit('toString'), index.dropins('toString')], [undefined, []]);
});

test('BaseIndex refuses a damaged list of files in look-ups, which all end, and as a whole', () => {
  for (const lines of ['/a\n/b\n/c\n', '/a\tf\n/b\n/c\tf\n', '/a\tf\n\n\n/c\tf\n', '/b\tx\n', '/b\td755\n']) {
    const index = openBaseIndex(sealed(HEADER, lines), BASE);
    assert.throws(() => index.entry('/b'), malformed);
    assert.throws(() => index.verify(), malformed);
  }
  assert.throws(() => openBaseIndex(sealed(HEADER, '/b\tf\n/a\tf\n'), BASE).verify(), malformed);
});

test('BaseIndex.verify() takes whatever encodeBaseIndex() makes', () => {
  fc.assert(
    fc.property(fc.dictionary(path, entry, { noNullPrototype: true }), (tree) => {
      openBaseIndex(encodeBaseIndex(HEADER, Object.entries(tree)), BASE).verify();
    }),
  );
});
