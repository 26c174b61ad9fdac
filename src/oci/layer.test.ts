import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { buffer } from 'node:stream/consumers';
import { describe, test } from 'node:test';
import { gunzipSync, gzipSync, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import {
  buildLayer,
  compressionOf,
  decompress,
  MediaType,
  OciError,
  sha256,
  type TarEntry,
  writeTar,
} from './index.ts';

const entries: readonly TarEntry[] = [
  { path: 'etc', type: 'directory', mode: 0o755, uid: 0, gid: 0 },
  {
    path: 'etc/motd',
    type: 'file',
    mode: 0o644,
    uid: 0,
    gid: 0,
    contents: Buffer.from('hello\n'.repeat(400)),
  },
];

async function* chunks(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) {
    await Promise.resolve();
    yield bytes.subarray(at, at + size);
  }
}

function decompressed(bytes: Uint8Array, mediaType: string, size = 50): Promise<Buffer> {
  return buffer(decompress(chunks(bytes, size), mediaType));
}

function fails(code: string): (error: unknown) => boolean {
  return (error) => error instanceof OciError && error.code === code;
}

describe('buildLayer()', () => {
  test('buildLayer() gives the media type, digests and sizes of each compression', () => {
    const archive = writeTar(entries);
    const expected = {
      none: [MediaType.ociLayer, (bytes: Uint8Array) => bytes],
      gzip: [MediaType.ociLayerGzip, gunzipSync],
      zstd: [MediaType.ociLayerZstd, zstdDecompressSync],
    } as const;
    for (const compression of ['none', 'gzip', 'zstd'] as const) {
      const layer = buildLayer(entries, { compression, mediaFamily: 'oci', annotations: { a: 'b' } });
      const [mediaType, undo] = expected[compression];
      assert.deepEqual(layer.descriptor, {
        mediaType,
        digest: sha256(layer.bytes),
        size: layer.bytes.length,
        annotations: { a: 'b' },
      });
      assert.equal(layer.diffId, sha256(archive));
      assert.equal(layer.size, archive.length);
      assert.deepEqual(Buffer.from(undo(layer.bytes)), Buffer.from(archive));
      assert.deepEqual(
        buildLayer(entries.toReversed(), { compression, mediaFamily: 'oci', annotations: { a: 'b' } }),
        layer,
        'deterministic',
      );
    }
  });

  test('buildLayer() pins the digest of an uncompressed layer', () => {
    // A change here means a new image digest, and so a reboot, for every machine.
    assert.equal(
      buildLayer(entries, { compression: 'gzip', mediaFamily: 'oci' }).diffId,
      'sha256:8e8e6a63e9880f39f162bb924c3b427cf08f812545a6ca067f73a785413d01e3',
    );
  });

  test('buildLayer() writes a gzip header without name, time and operating system', () => {
    const { bytes } = buildLayer(entries, { compression: 'gzip', mediaFamily: 'oci' });
    assert.deepEqual(Buffer.from(bytes.subarray(0, 10)), Buffer.from('1f8b08000000000000ff', 'hex'));
  });

  test('buildLayer() names Docker types, without annotations and without zstd', () => {
    const { descriptor } = buildLayer(entries, {
      compression: 'gzip',
      mediaFamily: 'docker',
      annotations: { a: 'b' },
    });
    assert.equal(descriptor.mediaType, MediaType.dockerLayerGzip);
    assert.ok(!('annotations' in descriptor));
    assert.throws(
      () => buildLayer(entries, { compression: 'zstd', mediaFamily: 'docker' }),
      fails('unsupported'),
    );
  });
});

describe('decompress()', () => {
  const [one, two] = [Buffer.from('one '.repeat(300)), Buffer.from('two '.repeat(300))];
  const both = Buffer.concat([one, two]);
  const skippable = Buffer.from('502a4d18050000006162636465', 'hex');

  test('decompress() undoes what buildLayer() did', async () => {
    for (const compression of ['none', 'gzip', 'zstd'] as const) {
      const { bytes, descriptor } = buildLayer(entries, { compression, mediaFamily: 'oci' });
      assert.equal(compressionOf(descriptor.mediaType), compression);
      assert.deepEqual(await decompressed(bytes, descriptor.mediaType), Buffer.from(writeTar(entries)));
    }
  });

  test('decompress() reads every gzip member and every zstd frame with all chunk sizes', async () => {
    const gzip = Buffer.concat([gzipSync(one), gzipSync(two)]);
    const zstd = Buffer.concat([
      zstdCompressSync(one),
      skippable,
      zstdCompressSync(Buffer.alloc(0)),
      zstdCompressSync(two, { params: { 201: 1 } }),
      Buffer.from('502a4d1800000000', 'hex'),
    ]);
    for (let size = 1; size <= Math.max(gzip.length, zstd.length); size += 1) {
      assert.deepEqual(await decompressed(gzip, MediaType.ociLayerGzip, size), both, `gzip by ${size}`);
      assert.deepEqual(await decompressed(zstd, MediaType.ociLayerZstd, size), both, `zstd by ${size}`);
    }
  });

  test('decompress() reads what the zstd and gzip programs write', async (t) => {
    const large = Buffer.from(Array.from({ length: 300_000 }, (_, at) => (at * at) % 251));
    for (const [program, ...options] of [
      ['gzip', '-c'],
      ['zstd', '-c', '--check', '-19'],
      ['zstd', '-c', '--no-check', '-1'],
    ] as const) {
      const { stdout, status } = spawnSync(program, options, { input: large });
      if (status !== 0) {
        t.diagnostic(`${program} is not installed`);
        continue;
      }
      const type = program === 'gzip' ? MediaType.dockerLayerGzip : MediaType.ociLayerZstd;
      assert.deepEqual(
        await decompressed(Buffer.concat([stdout, stdout]), type, 1000),
        Buffer.concat([large, large]),
      );
    }
  });

  test('decompress() reports data cut anywhere as truncated', async () => {
    for (const [bytes, type] of [
      [gzipSync(one), MediaType.ociLayerGzip],
      [zstdCompressSync(one), MediaType.ociLayerZstd],
    ] as const) {
      for (let length = 0; length < bytes.length; length += 1) {
        await assert.rejects(
          decompressed(bytes.subarray(0, length), type),
          fails('truncated'),
          `${type} ${length}`,
        );
      }
      await assert.rejects(
        decompressed(Buffer.concat([bytes, bytes.subarray(0, 9)]), type, 1000),
        fails('truncated'),
      );
    }
  });

  test('decompress() reports damaged data', async () => {
    for (const [bytes, type] of [
      [gzipSync(one), MediaType.ociLayerGzip],
      [zstdCompressSync(one), MediaType.ociLayerZstd],
    ] as const) {
      await assert.rejects(decompressed(Buffer.from('not compressed'), type), fails('malformed'));
      await assert.rejects(
        decompressed(Buffer.concat([bytes, Buffer.from('garbage')]), type, 1000),
        fails('malformed'),
      );
    }
  });

  test('decompress() refuses zeros after a gzip member, where Node stops reading its source', async () => {
    const padded = Buffer.concat([gzipSync(one), Buffer.alloc(3000)]);
    for (const size of [50, 1000, padded.length])
      await assert.rejects(decompressed(padded, MediaType.ociLayerGzip, size), fails('malformed'));
  });

  test('decompress() passes the errors of its source on and closes a source that it leaves', async () => {
    const closed = Promise.withResolvers<void>();
    async function* source(): AsyncGenerator<Uint8Array> {
      try {
        for (;;) {
          await Promise.resolve();
          yield gzipSync(one);
        }
      } finally {
        closed.resolve();
      }
    }
    for await (const chunk of decompress(source(), MediaType.ociLayerGzip)) {
      assert.ok(chunk.length > 0);
      break;
    }
    await closed.promise;

    async function* failing(): AsyncGenerator<Uint8Array> {
      yield gzipSync(one).subarray(0, 12);
      await Promise.resolve();
      throw new RangeError('gone');
    }
    await assert.rejects(buffer(decompress(failing(), MediaType.ociLayerGzip)), RangeError);
    await assert.rejects(buffer(decompress(failing(), MediaType.ociLayerZstd)), fails('malformed'));
  });

  test('decompress() refuses a type that hosts do not read', async () => {
    await assert.rejects(
      decompressed(one, 'application/vnd.oci.image.layer.v1.tar+xz'),
      fails('unsupported'),
    );
  });
});
