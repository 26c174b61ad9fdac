import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Descriptor, Layer, TarEntry } from '../oci/index.ts';
import { buildLayer, sha256 } from '../oci/index.ts';
import type { BaseIndex } from './base-index.ts';
import { openBaseIndex } from './base-index.ts';
import { indexBase } from './base-indexer.ts';
import type { BaseLimits } from './base-limits.ts';
import { BASE_LIMITS } from './base-limits.ts';
import { OsBuildError } from './osbuild-error.ts';

const BASE = sha256(Buffer.from('base'));

function dir(path: string, mode = 0o755): TarEntry {
  return { path, type: 'directory', mode, uid: 0, gid: 0 };
}
function file(path: string, contents = ''): TarEntry {
  return { path, type: 'file', mode: 0o644, uid: 0, gid: 0, contents: Buffer.from(contents) };
}
function link(path: string, target: string): TarEntry {
  return { path, type: 'symlink', mode: 0o777, uid: 0, gid: 0, target };
}
function hardlink(path: string, target: string): TarEntry {
  return { path, type: 'hardlink', mode: 0o644, uid: 0, gid: 0, target };
}

async function index(
  layers: readonly (readonly TarEntry[])[],
  limits: Partial<BaseLimits> = {},
): Promise<BaseIndex> {
  const built = new Map<Descriptor, Layer>();
  for (const [position, entries] of layers.entries()) {
    const compression = position % 2 === 0 ? 'gzip' : 'zstd';
    const layer = buildLayer(entries, { compression, mediaFamily: 'oci' });
    built.set(layer.descriptor, layer);
  }
  async function* source(descriptor: Descriptor): AsyncGenerator<Uint8Array> {
    const { bytes } = built.get(descriptor)!;
    for (let at = 0; at < bytes.length; at += 100) yield bytes.subarray(at, at + 100);
  }
  const made = await indexBase(BASE, [...built.keys()], source, undefined, { ...BASE_LIMITS, ...limits });
  return openBaseIndex(made, BASE);
}

test('indexBase() merges ordinary layers: later ones win, whiteouts take away, opaque ones empty', async () => {
  const base = await index([
    [
      dir('etc'),
      file('etc/a'),
      file('etc/b'),
      dir('etc/d'),
      file('etc/d/x'),
      dir('etc/o'),
      file('etc/o/x'),
      link('home', 'var/home'),
    ],
    [
      dir('etc', 0o700),
      file('etc/.wh.b'),
      link('etc/d', 'elsewhere'),
      dir('etc/o'),
      file('etc/o/.wh..wh..opq'),
      file('etc/o/y'),
    ],
  ]);
  assert.deepEqual(base.entry('/etc'), { type: 'directory', mode: 0o700, uid: 0, gid: 0 });
  assert.deepEqual(base.entry('/etc/a'), { type: 'file' });
  assert.equal(base.entry('/etc/b'), undefined);
  assert.deepEqual(base.entry('/etc/d'), { type: 'symlink', target: 'elsewhere' });
  assert.equal(base.entry('/etc/d/x'), undefined);
  assert.equal(base.entry('/etc/o/x'), undefined);
  assert.deepEqual(base.entry('/etc/o/y'), { type: 'file' });
  assert.deepEqual(base.entry('/home'), { type: 'symlink', target: 'var/home' });
});

test('indexBase() resolves the hard links of ostree chunks to their objects, which may be symlinks', async () => {
  const repo = 'sysroot/ostree/repo/objects';
  const parents = [
    dir('sysroot'),
    dir('sysroot/ostree'),
    dir('sysroot/ostree/repo'),
    dir(repo),
    dir(`${repo}/ab`),
  ];
  const base = await index([
    [
      ...parents,
      file(`${repo}/ab/01.file`, 'root:x:0:0::/root:/bin/sh\ncore:x:1000:1000::/var/home/core:/bin/sh\n'),
      link(`${repo}/ab/02.file`, '../usr/lib/os-release'),
      file(`${repo}/ab/03.file`, '[Install]\nWantedBy=multi-user.target\n'),
      dir('etc'),
      hardlink('etc/passwd', `${repo}/ab/01.file`),
      dir('usr'),
      dir('usr/lib'),
      dir('usr/lib/systemd'),
      dir('usr/lib/systemd/system'),
      hardlink('usr/lib/systemd/system/x.service', `${repo}/ab/03.file`),
    ],
    [
      ...parents,
      link(`${repo}/ab/02.file`, '../usr/lib/os-release'),
      dir('etc'),
      hardlink('etc/os-release', `${repo}/ab/02.file`),
    ],
  ]);
  assert.deepEqual(base.entry('/etc/os-release'), { type: 'symlink', target: '../usr/lib/os-release' });
  assert.deepEqual(base.users.get('core'), { uid: 1000, gid: 1000, home: '/var/home/core' });
  assert.deepEqual(base.unit('x.service')?.install, [['WantedBy', 'multi-user.target']]);
  assert.equal(base.entry(`/${repo}/ab/01.file`), undefined);
});

test("indexBase() reads what placement needs of units, accounts and the host's root", async () => {
  const units = 'usr/lib/systemd/system';
  const base = await index([
    [
      dir('etc'),
      dir('etc/systemd'),
      dir('etc/systemd/system'),
      dir('etc/systemd/system/multi-user.target.wants'),
      link('etc/systemd/system/multi-user.target.wants/x.service', '/usr/lib/systemd/system/x.service'),
      file('etc/group', 'wheel:x:10:\n'),
      dir('usr'),
      dir('usr/lib'),
      file('usr/lib/group', 'wheel:x:11:\nsystem:x:12:\n'),
      dir('usr/lib/modules'),
      dir('usr/lib/modules/6.1'),
      file('usr/lib/modules/6.1/vmlinuz'),
      dir('usr/lib/ostree'),
      file('usr/lib/ostree/prepare-root.conf', '[composefs]\nenabled = yes\n'),
      dir('usr/lib/systemd'),
      dir(units),
      file(`${units}/x.service`, '[Install]\nWantedBy=a.target\n'),
      link(`${units}/alias.service`, 'x.service'),
      link(`${units}/gone.service`, '/dev/null'),
      dir(`${units}/x.service.d`),
      file(`${units}/x.service.d/10.conf`, '[Install]\nWantedBy=b.target\n'),
    ],
  ]);
  assert.deepEqual(
    base.groups,
    new Map([
      ['wheel', 10],
      ['system', 12],
    ]),
  );
  assert.deepEqual(base.unit('x.service')?.install, [['WantedBy', 'a.target']]);
  assert.deepEqual(base.dropins('x.service'), [
    { path: `/${units}/x.service.d/10.conf`, install: [['WantedBy', 'b.target']] },
  ]);
  assert.equal(base.unit('alias.service')?.path, '/usr/lib/systemd/system/x.service');
  assert.equal(base.unit('gone.service'), undefined);
  assert.deepEqual(base.unitLinks, ['/etc/systemd/system/multi-user.target.wants/x.service']);
  assert.deepEqual(base.header.kernels, ['6.1']);
  assert.equal(base.keepsToplevels, true);
});

test('indexBase() reads a chunk again for contents that did not fit into memory', async () => {
  const repo = 'sysroot/ostree/repo/objects';
  const filler = Array.from({ length: 1100 }, (_, n) => file(`${repo}/aa/${n}.file`, 'x'.repeat(62_000)));
  const base = await index([
    [
      dir('sysroot'),
      dir('sysroot/ostree'),
      dir('sysroot/ostree/repo'),
      dir(repo),
      dir(`${repo}/aa`),
      ...filler,
      dir(`${repo}/zz`),
      file(`${repo}/zz/1.file`, 'root:x:0:0::/root:/bin/sh\n'),
      dir('etc'),
      hardlink('etc/passwd', `${repo}/zz/1.file`),
    ],
  ]);
  assert.deepEqual(base.users.get('root'), { uid: 0, gid: 0, home: '/root' });
});

test('indexBase() takes units that no validator would, and only what lies in the directories of units', async () => {
  const odd = `[Unit]\nDescription=${'x'.repeat(3000)}\n[Install]\nWantedBy=a.target \\\n# why\n  b.target\nno equals\n`;
  const units = 'usr/lib/systemd/system';
  const base = await index([
    [
      ...['etc', 'etc/systemd', 'usr', 'usr/lib', 'usr/lib/systemd', units].map((path) => dir(path)),
      file('etc/systemd/system.conf', '[Manager]\n'),
      file('usr/lib/systemd/systemd-logind', 'a program'),
      file(`${units}/odd.service`, odd),
      file(`${units}/worse.service`, '[Install\nWantedBy'),
    ],
  ]);
  assert.deepEqual(Object.keys(base.header.units).sort(), ['odd.service', 'worse.service']);
  assert.deepEqual(base.unit('odd.service')?.install, [['WantedBy', 'a.target    b.target']]);
});

test('indexBase() keeps every drop-in with its path, those included that another one hides', async () => {
  const etc = 'etc/systemd/system';
  const usr = 'usr/lib/systemd/system';
  const folders = [etc, usr].map((path) => `${path}/x.service.d`);
  const base = await index([
    [
      ...['etc', 'etc/systemd', etc, 'usr', 'usr/lib', 'usr/lib/systemd', usr].map((path) => dir(path)),
      ...folders.map((path) => dir(path)),
      file(`${usr}/x.service.d/20.conf`, '[Install]\nWantedBy=\n'),
      file(`${usr}/x.service.d/10.conf`, '[Install]\nWantedBy=usr\n[Unit]\nWantedBy=no\n'),
      file(`${usr}/x.service.d/10.txt`, '[Install]\nWantedBy=no\n'),
      dir(`${usr}/service.d`),
      file(`${usr}/service.d/10.conf`, '[Install]\nWantedBy=no\n'),
    ],
    [
      ...['etc', 'etc/systemd', etc, folders[0]!].map((path) => dir(path)),
      file(`${etc}/x.service.d/10.conf`, '[Install]\nWantedBy=etc\nFoo=bar\n'),
      link(`${etc}/x.service.d/20.conf`, '/dev/null'),
    ],
  ]);
  assert.deepEqual(base.header.dropins, {
    'x.service': [
      { path: `/${etc}/x.service.d/10.conf`, install: [['WantedBy', 'etc']] },
      { path: `/${etc}/x.service.d/20.conf`, install: [] },
      { path: `/${usr}/x.service.d/10.conf`, install: [['WantedBy', 'usr']] },
      { path: `/${usr}/x.service.d/20.conf`, install: [['WantedBy', '']] },
    ],
  });
});

test('indexBase() refuses a base beyond its limits and names the layer', async () => {
  const files = ['a', 'b', 'c'].map((name) => file(name));
  const deep = dir('1');
  const layers = [files, [file('d'), file('e'), deep, file('1/2')]];
  for (const [limits, says] of [
    [{ layerEntries: 3 }, /cannot index layer sha256:[0-9a-f]{64} of the base: it has more than 3 entries/u],
    [{ entries: 6 }, /the base has more than 6 entries/u],
    [{ pathBytes: 2 }, /it has a path of more than 2 bytes/u],
    [{ bytes: 8 }, /the names of the base take more than 8 bytes/u],
  ] as const) {
    await assert.rejects(
      index(layers, limits),
      (error) => error instanceof OsBuildError && error.code === 'base-malformed' && says.test(error.message),
    );
  }
  await index(layers, { layerEntries: 4, entries: 7, pathBytes: 3 });
});

test('indexBase() counts the directories that no layer declares', async () => {
  const block = buildLayer([file('x')], { compression: 'none', mediaFamily: 'oci' });
  const path = 'a/b/c/d/e/f/g/h';
  const tar = Buffer.from(block.bytes);
  tar.write(path, 0);
  tar.write(' '.repeat(8), 148);
  const sum = tar.subarray(0, 512).reduce((total, byte) => total + byte, 0);
  tar.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  const { descriptor } = block;
  async function* source(): AsyncGenerator<Uint8Array> {
    yield tar;
  }
  const limits = { ...BASE_LIMITS, entries: 7 };
  await assert.rejects(indexBase(BASE, [descriptor], source, undefined, limits), /more than 7 paths/u);
  await indexBase(BASE, [descriptor], source, undefined, { ...limits, entries: 8 });
});

test('indexBase() stops reading the other layers when one cannot be read, and waits until they have ended', async () => {
  const options = { compression: 'none', mediaFamily: 'oci' } as const;
  const layers = ['a', 'b', 'c', 'd'].map((name) => buildLayer([file(name)], options).descriptor);
  const begun: number[] = [];
  const ended: number[] = [];
  async function* source(layer: Descriptor, signal: AbortSignal): AsyncGenerator<Uint8Array> {
    const position = layers.indexOf(layer);
    begun.push(position);
    if (position === 1) throw new Error('the disk of the registry burns');
    await new Promise((done) => {
      signal.addEventListener('abort', done);
    });
    ended.push(position);
    signal.throwIfAborted();
    yield new Uint8Array();
  }
  await assert.rejects(indexBase(BASE, layers, source), /burns/u);
  assert.deepEqual(
    [begun, ended],
    [
      [0, 1, 2],
      [0, 2],
    ],
  );
});
