import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { sha256 } from './digest.ts';
import {
  MAX_MANIFEST_BYTES,
  parseDocument,
  parseImageConfig,
  parseImageIndex,
  parseManifest,
} from './documents.ts';
import { MediaType } from './media-type.ts';
import { OciError } from './oci-error.ts';

const DIGEST = sha256(Buffer.of());
const BLOB = { mediaType: MediaType.ociLayerGzip, digest: DIGEST, size: 3 };
const MANIFEST = { schemaVersion: 2, mediaType: MediaType.ociManifest, config: BLOB, layers: [BLOB] };
const INDEX = { schemaVersion: 2, mediaType: MediaType.ociIndex, manifests: [BLOB] };
const CONFIG = { architecture: 'amd64', os: 'linux', rootfs: { type: 'layers', diff_ids: [DIGEST] } };

function bytes(value: unknown): Uint8Array {
  return Buffer.from(JSON.stringify(value));
}

test('parseManifest() keeps unknown members and drops nulls of known ones', () => {
  const value = {
    ...MANIFEST,
    layers: [{ ...BLOB, x: { y: 1 }, annotations: null }],
    annotations: { a: 'b' },
    subject: null,
    z: null,
  };
  const parsed = parseManifest(bytes(value), MediaType.ociManifest);
  assert.deepEqual(parsed, {
    ...MANIFEST,
    layers: [{ ...BLOB, x: { y: 1 } }],
    annotations: { a: 'b' },
    z: null,
  });
});

test('parseManifest() names the member at fault', () => {
  const table: readonly [unknown, string, RegExp][] = [
    [7, 'malformed', /^cannot read manifest: it is not an object$/u],
    [{ ...MANIFEST, schemaVersion: 1 }, 'unsupported', /Docker schema 1 images are too old/u],
    [{ ...MANIFEST, schemaVersion: '2' }, 'malformed', /schemaVersion is not 2/u],
    [{ ...MANIFEST, manifests: [] }, 'malformed', /has manifests and layers/u],
    [
      { ...MANIFEST, mediaType: MediaType.ociIndex },
      'malformed',
      /mediaType is ".*index.*", not an image manifest type/u,
    ],
    [{ ...MANIFEST, mediaType: MediaType.dockerManifest }, 'malformed', /but the registry said/u],
    [{ ...MANIFEST, config: undefined }, 'malformed', /config is not an object/u],
    [{ ...MANIFEST, layers: {} }, 'malformed', /layers is not a list/u],
    [
      { ...MANIFEST, layers: [BLOB, { ...BLOB, digest: 'x' }] },
      'malformed',
      /layers\[1\]\.digest is not a sha256 or sha512/u,
    ],
    [
      { ...MANIFEST, layers: [{ ...BLOB, size: -1 }] },
      'malformed',
      /layers\[0\]\.size is not a whole number/u,
    ],
    [{ ...MANIFEST, layers: [{ ...BLOB, size: 1.5 }] }, 'malformed', /layers\[0\]\.size/u],
    [{ ...MANIFEST, layers: [{ ...BLOB, size: 2 ** 60 }] }, 'malformed', /layers\[0\]\.size/u],
    [
      { ...MANIFEST, layers: [{ ...BLOB, annotations: { a: 1 } }] },
      'malformed',
      /layers\[0\]\.annotations\.a is not a string/u,
    ],
    [{ ...MANIFEST, annotations: [] }, 'malformed', /annotations is not an object/u],
    [
      { ...MANIFEST, layers: Array.from({ length: 4097 }, () => BLOB) },
      'malformed',
      /layers has more than 4096 entries/u,
    ],
  ];
  for (const [value, code, pattern] of table) {
    assert.throws(
      () => parseManifest(bytes(value), MediaType.ociManifest),
      (error) => {
        assert.ok(error instanceof OciError);
        assert.equal(error.code, code);
        assert.match(error.message, pattern);
        return true;
      },
    );
  }
});

test('parseImageIndex() reads platforms and refuses an image', () => {
  const platform = { architecture: 'arm64', os: 'linux', variant: 'v8', 'os.features': ['x'], extra: 1 };
  const parsed = parseImageIndex(bytes({ ...INDEX, manifests: [{ ...BLOB, platform }] }));
  assert.deepEqual(parsed.manifests[0]?.platform, platform);
  assert.throws(() => parseImageIndex(bytes({ ...INDEX, layers: [] })), { code: 'malformed' });
  assert.throws(
    () => parseImageIndex(bytes({ ...INDEX, manifests: [{ ...BLOB, platform: { os: 'linux' } }] })),
    {
      message: 'cannot read index: manifests[0].platform.architecture is not a string',
    },
  );
});

test('parseImageConfig() keeps unknown members and takes the nulls of Docker', () => {
  const value = {
    ...CONFIG,
    'os.version': '9',
    container_config: { a: null },
    config: { Labels: null, Env: null },
    history: null,
  };
  const parsed = parseImageConfig(bytes(value));
  assert.deepEqual(parsed, {
    ...CONFIG,
    'os.version': '9',
    container_config: { a: null },
    config: { Env: null },
  });
  const full = {
    ...CONFIG,
    config: { Labels: { a: 'b' } },
    history: [{ created_by: 'x', empty_layer: true, y: 1 }],
  };
  assert.deepEqual(parseImageConfig(bytes(full)), full);
});

test('parseImageConfig() names the member at fault', () => {
  const table: readonly [unknown, RegExp][] = [
    [{ ...CONFIG, architecture: undefined }, /architecture is not a string/u],
    [{ ...CONFIG, rootfs: { type: 'x', diff_ids: [] } }, /rootfs\.type is not "layers"/u],
    [{ ...CONFIG, rootfs: { type: 'layers', diff_ids: ['x'] } }, /rootfs\.diff_ids\[0\] is not a digest/u],
    [{ ...CONFIG, config: { Labels: { a: 1 } } }, /config\.Labels\.a is not a string/u],
    [{ ...CONFIG, history: [{ empty_layer: 'yes' }] }, /history\[0\]\.empty_layer is not true or false/u],
    [{ ...CONFIG, created: 7 }, /created is not a string/u],
  ];
  for (const [value, message] of table)
    assert.throws(() => parseImageConfig(bytes(value)), { code: 'malformed', message });
});

test('parseDocument() decides by the declared type', () => {
  assert.equal(parseDocument(bytes(MANIFEST), MediaType.ociManifest).kind, 'manifest');
  assert.equal(parseDocument(bytes(INDEX), MediaType.ociIndex).kind, 'index');
  assert.throws(() => parseDocument(bytes(INDEX), 'text/html'), { code: 'unsupported' });
  assert.throws(() => parseDocument(bytes({ ...MANIFEST, mediaType: undefined }), MediaType.dockerManifest), {
    message: /mediaType is missing/u,
  });
});

test('parseDocument() refuses what is too large or not UTF-8 JSON', () => {
  assert.throws(() => parseManifest(Buffer.alloc(MAX_MANIFEST_BYTES + 1)), { code: 'too-large' });
  assert.throws(() => parseManifest(Buffer.of(0x22, 0xff, 0x22)), { code: 'malformed' });
  assert.throws(() => parseManifest(Buffer.from('{')), { code: 'malformed' });
});

test('parsers throw nothing but OciError on any JSON', () => {
  fc.assert(
    fc.property(fc.json(), (text) => {
      for (const parse of [parseManifest, parseImageIndex, parseImageConfig]) {
        assert.throws(() => parse(Buffer.from(text)), OciError);
      }
    }),
  );
});
