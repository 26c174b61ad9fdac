import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  appendLayers,
  type BaseImage,
  buildIndex,
  buildLayer,
  CONTENT_LABEL,
  type Descriptor,
  type ImageChange,
  type Layer,
  MAX_MANIFEST_BYTES,
  MediaType,
  OciError,
  parseImageConfig,
  parseImageIndex,
  parseManifest,
  selectManifests,
  sha256,
} from './index.ts';

const json = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value));
const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString();
const digest = (character: string): `sha256:${string}` => `sha256:${character.repeat(64)}`;

/** Members in odd orders, members that nobody knows, nulls as Go writes them. */
const baseConfig = {
  'os.version': '9.4',
  architecture: 'amd64',
  docker_version: '27',
  os: 'linux',
  config: {
    User: '',
    Labels: { 'ostree.bootable': 'true', keep: 'me' },
    Env: ['PATH=/usr/bin'],
    Unknown: { deep: [1] },
  },
  rootfs: { type: 'layers', diff_ids: [digest('1'), digest('2')] },
  created: '2025-01-01T00:00:00Z',
  history: [{ created_by: 'one', Unknown: true }],
  container_config: null,
};
const baseLayers = [
  {
    size: 10,
    digest: digest('a'),
    mediaType: MediaType.ociLayerGzip,
    annotations: { 'ostree.components': 'x' },
    odd: [null],
  },
  { mediaType: MediaType.ociLayerGzip, digest: digest('b'), size: 20 },
];

function makeBase(changes: { manifest?: object; config?: object; mediaType?: string } = {}): BaseImage {
  const config = json({ ...baseConfig, ...changes.config });
  const mediaType = changes.mediaType ?? MediaType.ociManifest;
  return {
    config,
    mediaType,
    manifest: json({
      zulu: 1,
      schemaVersion: 2,
      mediaType,
      config: { size: config.length, digest: sha256(config), mediaType: MediaType.ociConfig, data: 'e30=' },
      layers: baseLayers,
      annotations: { 'base.annotation': 'kept' },
      ...changes.manifest,
    }),
  };
}

const layer: Layer = buildLayer([{ path: 'etc', type: 'directory', mode: 0o755, uid: 0, gid: 0 }], {
  compression: 'gzip',
  mediaFamily: 'oci',
});
const change: ImageChange = {
  labels: { 'org.opencontainers.image.version': '2' },
  annotations: { 'org.opencontainers.image.created': '2025-02-02T00:00:00Z' },
  created: '2025-02-02T00:00:00Z',
  history: [{ created_by: 'varve', comment: 'configuration' }],
};

function fails(code: string, reason: RegExp): (error: unknown) => boolean {
  return (error) => error instanceof OciError && error.code === code && reason.test(error.message);
}

describe('appendLayers()', () => {
  test('appendLayers() copies the layer descriptors of the base byte for byte and adds its own', () => {
    const image = appendLayers(makeBase(), [layer], change);
    const original = JSON.stringify(baseLayers);
    assert.ok(
      text(image.manifest).includes(`"layers":${original.slice(0, -1)},${JSON.stringify(layer.descriptor)}]`),
    );
    assert.equal(image.digest, sha256(image.manifest));
    assert.equal(image.size, image.manifest.length);
    assert.equal(image.mediaType, MediaType.ociManifest);
    const manifest = parseManifest(image.manifest, image.mediaType);
    assert.deepEqual(manifest.annotations, { 'base.annotation': 'kept', ...change.annotations });
    assert.deepEqual(Object.keys(manifest), [
      'zulu',
      'schemaVersion',
      'mediaType',
      'config',
      'layers',
      'annotations',
    ]);
    assert.deepEqual(manifest.config, image.configDescriptor);
    assert.deepEqual(image.configDescriptor, {
      size: image.config.length,
      digest: sha256(image.config),
      mediaType: MediaType.ociConfig,
    });
  });

  test('appendLayers() keeps every member of the config and sets what changes', () => {
    const { [CONTENT_LABEL]: content, ...labels } = {
      ...parseImageConfig(appendLayers(makeBase(), [layer], change).config).config?.Labels,
    };
    assert.match(content ?? '', /^sha256:[0-9a-f]{64}$/u);
    assert.deepEqual(labels, {
      'ostree.bootable': 'true',
      keep: 'me',
      'org.opencontainers.image.version': '2',
    });
    const config = JSON.parse(text(appendLayers(makeBase(), [layer], change).config)) as Record<
      string,
      unknown
    >;
    assert.deepEqual(Object.keys(config), Object.keys(baseConfig));
    assert.deepEqual(config, {
      ...baseConfig,
      created: change.created,
      config: { ...baseConfig.config, Labels: { ...labels, [CONTENT_LABEL]: content } },
      rootfs: { type: 'layers', diff_ids: [digest('1'), digest('2'), layer.diffId] },
      history: [
        { created_by: 'one', Unknown: true },
        {
          created: '2025-01-01T00:00:00Z',
          comment: 'layer of the base image, whose history does not name it',
        },
        { created: change.created, created_by: 'varve', comment: 'configuration' },
      ],
    });
  });

  test('appendLayers() pads history until each layer has an entry of its own', () => {
    const cases: readonly (readonly [history: readonly object[] | null | undefined, total: number])[] = [
      [undefined, 3],
      [null, 3],
      [[], 3],
      [[{}, {}], 3],
      [[{}, { empty_layer: true }, {}], 4],
      [[{ empty_layer: true }, { empty_layer: true }], 5],
      [[{}, {}, {}, {}], 5],
    ];
    for (const [history, total] of cases) {
      const image = appendLayers(makeBase({ config: { history } }), [layer], change);
      const entries = parseImageConfig(image.config).history ?? [];
      assert.equal(entries.length, total, JSON.stringify(history));
      assert.ok(entries.filter((entry) => entry.empty_layer !== true).length >= 3);
      assert.equal(entries.at(-1)?.created_by, 'varve');
    }
  });

  test('appendLayers() gives the same bytes for the same arguments', () => {
    assert.deepEqual(appendLayers(makeBase(), [layer], change), appendLayers(makeBase(), [layer], change));
  });

  test('appendLayers() changes the config whenever the manifest changes (host-contract §5.6)', () => {
    const zstd = buildLayer([{ path: 'etc', type: 'directory', mode: 0o755, uid: 0, gid: 0 }], {
      compression: 'zstd',
      mediaFamily: 'oci',
    });
    assert.equal(zstd.diffId, layer.diffId);
    const configs = [
      appendLayers(makeBase(), [layer], change),
      appendLayers(makeBase(), [zstd], change),
      appendLayers(makeBase(), [layer], { ...change, annotations: {} }),
      appendLayers(makeBase({ manifest: { zulu: 2 } }), [layer], change),
    ].map((image) => image.configDescriptor.digest);
    assert.equal(new Set(configs).size, 4);
  });

  test('appendLayers() keeps a Docker image Docker', () => {
    const docker = makeBase({
      mediaType: MediaType.dockerManifest,
      manifest: {
        annotations: undefined,
        layers: baseLayers.map(({ digest, size }) => ({
          mediaType: MediaType.dockerLayerGzip,
          digest,
          size,
        })),
      },
    });
    const own = buildLayer([], { compression: 'gzip', mediaFamily: 'docker' });
    const manifest = parseManifest(appendLayers(docker, [own], change).manifest, MediaType.dockerManifest);
    assert.ok(manifest.layers.every((entry) => entry.mediaType === MediaType.dockerLayerGzip));
    assert.equal(manifest.annotations, undefined);
    assert.throws(
      () => appendLayers(docker, [layer], change),
      fails('unsupported', /registries refuse manifests that mix them/u),
    );
    assert.throws(
      () => appendLayers(makeBase(), [own], change),
      fails('unsupported', /the base image, which is oci/u),
    );
  });

  test('appendLayers() refuses a base that it cannot append to', () => {
    const refused: Readonly<Record<string, readonly [base: BaseImage, code: string, reason: RegExp]>> = {
      'schema 1': [
        makeBase({ mediaType: 'application/vnd.docker.distribution.manifest.v1+prettyjws' }),
        'unsupported',
        /push schema 1 images again/u,
      ],
      'schema 1 under another type': [
        makeBase({ manifest: { schemaVersion: 1 } }),
        'unsupported',
        /schema 1/u,
      ],
      'an index': [
        makeBase({ mediaType: MediaType.ociIndex }),
        'unsupported',
        /choose one image of an index/u,
      ],
      'a missing rootfs': [
        makeBase({ config: { rootfs: undefined } }),
        'malformed',
        /rootfs is not an object/u,
      ],
      'too few diff_ids': [
        makeBase({ config: { rootfs: { type: 'layers', diff_ids: [digest('1')] } } }),
        'malformed',
        /has 2 layers, but its config has 1 diff_ids/u,
      ],
      'a config of another image': [
        { ...makeBase(), config: json({ ...baseConfig, os: 'plan9' }) },
        'malformed',
        /the config is not sha256:[0-9a-f]+, which the manifest names/u,
      ],
    };
    for (const [name, [base, code, reason]] of Object.entries(refused)) {
      assert.throws(() => appendLayers(base, [layer], change), fails(code, reason), name);
    }
    assert.throws(
      () => appendLayers(makeBase(), [layer, layer], change),
      fails('invalid-option', /2 layers and 1 history entries/u),
    );
  });
});

const child = (name: string, more: object = {}): Descriptor => ({
  mediaType: MediaType.ociManifest,
  digest: digest(name),
  size: 1,
  ...more,
});
const on = (architecture: string, variant?: string, os = 'linux'): object => ({
  platform: { architecture, os, ...(variant === undefined ? {} : { variant }) },
});

describe('selectManifests()', () => {
  const manifests = [
    child('0', on('amd64', 'v3')),
    child('1', on('amd64')),
    child('2', on('arm64', 'v8')),
    child('3', on('arm', 'v6')),
    child('4', on('arm', 'v7')),
    child('5', on('unknown', undefined, 'unknown')),
    child('6', { ...on('amd64'), annotations: { 'vnd.docker.reference.type': 'attestation-manifest' } }),
    child('7', on('amd64', undefined, 'windows')),
    child('8', { artifactType: 'application/example' }),
    child('9', { ...on('s390x'), mediaType: MediaType.ociIndex }),
    child('a'),
  ];

  test('selectManifests() chooses by architecture and variant', () => {
    const chosen: Readonly<Record<string, string>> = {
      amd64: '1',
      'amd64/v1': '1',
      'amd64/v3': '0',
      arm64: '2',
      'arm64/v8': '2',
      arm: '3',
      'arm/v7': '4',
      all: '01234',
    };
    for (const [architecture, names] of Object.entries(chosen)) {
      assert.deepEqual(
        selectManifests({ manifests }, architecture).map((descriptor) => descriptor.digest),
        names.split('').map((name) => digest(name)),
        architecture,
      );
    }
  });

  test('selectManifests() takes an arm64 image without variant for v8', () => {
    assert.equal(
      selectManifests({ manifests: [child('1', on('arm64')), child('2', on('amd64'))] }, 'arm64/v8').length,
      1,
    );
  });

  test('selectManifests() takes the only image of an index even without a platform', () => {
    assert.deepEqual(selectManifests({ manifests: [child('1'), manifests[5]!] }, 'arm64'), [child('1')]);
  });

  test('selectManifests() says what there is', () => {
    assert.throws(
      () => selectManifests({ manifests }, 'riscv64'),
      fails(
        'not-found',
        /cannot select "riscv64" from index: it has only amd64\/v3, amd64, arm64\/v8, arm\/v6, arm\/v7$/u,
      ),
    );
    assert.throws(
      () => selectManifests({ manifests: [] }, 'all'),
      fails('not-found', /it has no image for Linux$/u),
    );
  });
});

describe('buildIndex()', () => {
  const base = json({
    unknown: { kept: true },
    schemaVersion: 2,
    mediaType: MediaType.ociIndex,
    manifests: [
      { ...child('1', on('amd64')), annotations: { a: 'b' }, odd: 1 },
      child('2', on('arm64', 'v8')),
      child('3', on('unknown', undefined, 'unknown')),
    ],
    annotations: { old: 'o' },
  });
  const rebuilt = { base: digest('2'), mediaType: MediaType.ociManifest, digest: digest('f'), size: 77 };

  test('buildIndex() replaces rebuilt children in place and drops the others', () => {
    const index = buildIndex(
      { index: base, mediaType: MediaType.ociIndex },
      [rebuilt, { ...rebuilt, base: digest('1'), digest: digest('e') }],
      { new: 'n' },
    );
    assert.equal(index.digest, sha256(index.bytes));
    assert.equal(index.size, index.bytes.length);
    assert.deepEqual(JSON.parse(text(index.bytes)), {
      unknown: { kept: true },
      schemaVersion: 2,
      mediaType: MediaType.ociIndex,
      manifests: [
        { ...child('e', on('amd64')), size: 77, annotations: { a: 'b' }, odd: 1 },
        { ...child('f', on('arm64', 'v8')), size: 77 },
      ],
      annotations: { old: 'o', new: 'n' },
    });
    const one = buildIndex({ index: base, mediaType: MediaType.ociIndex }, [rebuilt]);
    assert.deepEqual(
      parseImageIndex(one.bytes).manifests.map((entry) => entry.platform?.architecture),
      ['arm64'],
    );
  });

  test('buildIndex() refuses to make an index that no registry takes', () => {
    const index = { index: base, mediaType: MediaType.ociIndex };
    const room = MAX_MANIFEST_BYTES - buildIndex(index, [rebuilt], { new: '' }).size;
    assert.equal(buildIndex(index, [rebuilt], { new: 'x'.repeat(room) }).size, MAX_MANIFEST_BYTES);
    assert.throws(
      () => buildIndex(index, [rebuilt], { new: 'x'.repeat(room + 1) }),
      fails(
        'too-large',
        /^cannot build index: it would have 4194305 bytes, more than the 4194304 registries take$/u,
      ),
    );
  });

  test('buildIndex() refuses strangers and children of another family', () => {
    const index = { index: base, mediaType: MediaType.ociIndex };
    assert.throws(
      () => buildIndex(index, [{ ...rebuilt, base: digest('9') }]),
      fails('not-found', /has no child sha256:9/u),
    );
    assert.throws(
      () => buildIndex(index, [{ ...rebuilt, mediaType: MediaType.dockerManifest }]),
      fails('unsupported', /is not an image of its oci family/u),
    );
  });
});
