import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { startRegistry } from '../embedded/index.ts';
import { buildLayer, openRegistry, parseReference, type TarEntry } from '../oci/index.ts';
import { isLeftover, withoutLeftovers } from './builder-leftovers.ts';
import { TarFilter } from './tar-filter.ts';

const file = (path: string, text: string): TarEntry => {
  return { path, type: 'file', mode: 0o644, uid: 0, gid: 0, contents: Buffer.from(text) };
};
const folder = (path: string): TarEntry => ({ path, type: 'directory', mode: 0o755, uid: 0, gid: 0 });

function archive(entries: readonly TarEntry[]): Uint8Array {
  return buildLayer([folder('usr'), ...entries], { compression: 'none', mediaFamily: 'oci' }).bytes;
}

const LEFT: readonly string[] = [
  'run/lock',
  'run/secrets/rhsm',
  'tmp/x',
  'var/tmp/a/b',
  'var/cache/apt/archives/a.deb',
  'var/cache/dnf',
  'var/cache/ldconfig/aux-cache',
  'var/lib/apt/lists/r_InRelease',
  'var/lib/dnf/history.sqlite',
  'var/log/dpkg.log',
  'var/log/apt/history.log',
  'var/lib/dpkg/status-old',
  'var/cache/debconf/config.dat-old',
];
const KEPT: readonly string[] = [
  'usr/run/x',
  'usr/bin/tmp',
  'var/cache/man/index.db',
  'var/lib/apt/extended_states',
  'var/lib/dpkg/status',
  'var/lib/dnfx',
  'tmp/.wh.x',
  'var/lib/apt/lists/.wh.r_InRelease',
  'etc/resolv.conf',
];

test('isLeftover() knows what builders and package managers leave', () => {
  for (const path of LEFT) assert.equal(isLeftover({ path, type: 'file' }), true, path);
  for (const path of KEPT) assert.equal(isLeftover({ path, type: 'file' }), false, path);
  // Packages own these.
  for (const path of ['run', 'tmp', 'var/log/apt', 'var/lib/apt/lists'])
    assert.equal(isLeftover({ path, type: 'directory' }), false, path);
});

test('TarFilter leaves members out, whatever the chunks, and the rest byte for byte', () => {
  const name = fc.constantFrom('a', 'b', 'c', 'd', 'long'.repeat(40), 'ä'.repeat(70));
  const entries = fc
    .uniqueArray(fc.tuple(name, fc.string({ maxLength: 1200 }), fc.boolean()), {
      selector: ([path]) => path,
      maxLength: 6,
    })
    .map((made) => made.map(([path, text, isKept]) => ({ entry: file(`usr/${path}`, text), isKept })));
  fc.assert(
    fc.property(entries, fc.integer({ min: 1, max: 1500 }), (members, size) => {
      const all = archive(members.map(({ entry }) => entry));
      const kept = new Set(members.filter(({ isKept }) => isKept).map(({ entry }) => entry.path));
      const filter = new TarFilter(({ path }) => path === 'usr' || kept.has(path));
      const parts: Uint8Array[] = [];
      for (let at = 0; at < all.length; at += size) parts.push(...filter.push(all.subarray(at, at + size)));
      parts.push(...filter.end());
      const expected = archive(members.filter(({ isKept }) => isKept).map(({ entry }) => entry));
      assert.ok(Buffer.concat(parts).equals(Buffer.from(expected)));
    }),
  );
});

test('withoutLeftovers() pushes a layer without them, and leaves one that has none as it is', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'varve-leftovers-'));
  const server = await startRegistry({ directory });
  const registry = openRegistry({});
  t.after(async () => {
    registry.close();
    await server.close();
    await rm(directory, { recursive: true, force: true });
  });
  const image = parseReference(`${server.address}/os:1`);
  const push = async (entries: readonly TarEntry[]): ReturnType<typeof withoutLeftovers> => {
    const layer = buildLayer(entries, { compression: 'gzip', mediaFamily: 'oci' });
    await registry.putBlob(image, layer.descriptor, layer.bytes);
    const named = { descriptor: layer.descriptor, diffId: layer.diffId };
    const made = await withoutLeftovers(registry, image, named, new AbortController().signal);
    assert.equal(made === named, !entries.some(({ path, type }) => isLeftover({ path, type })));
    return made;
  };
  const parents = [folder('usr'), folder('var'), folder('var/log')];
  const linked = file('var/log/linked', 'linked');
  const link: TarEntry = {
    path: 'var/log2',
    type: 'hardlink',
    mode: 0o644,
    uid: 0,
    gid: 0,
    target: linked.path,
  };
  const clean = [...parents, file('usr/a', 'a')];
  await push(clean);
  const made = await push([...clean, file('var/log/x', 'log'), linked, link]);
  const expected = buildLayer([...clean, linked, link], { compression: 'gzip', mediaFamily: 'oci' });
  assert.equal(made.diffId, expected.diffId);
  assert.equal(made.descriptor.mediaType, expected.descriptor.mediaType);
  const bytes = await registry.getBlobBytes(image, made.descriptor, 1_000_000);
  assert.equal(bytes.length, made.descriptor.size);
});
