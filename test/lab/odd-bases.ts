import { buildMiniatureBase, pushMiniatureBase } from '../../src/embedded/index.ts';
import {
  type Digest,
  type Layer,
  openRegistry,
  parseReference,
  type RegistryClient,
  sha256,
} from '../../src/oci/index.ts';

/** How a base differs from the miniature one; what is left out stays as it is. */
interface Oddity {
  readonly layers?: (layers: readonly Layer[]) => readonly Layer[];
  readonly config?: (config: ImageConfigDocument) => unknown;
  readonly manifest?: (manifest: ManifestDocument) => unknown;
}

interface ImageConfigDocument {
  readonly config: { readonly Labels: Readonly<Record<string, string>> };
  readonly rootfs: { readonly type: string; readonly diff_ids: readonly Digest[] };
  readonly [member: string]: unknown;
}

interface ManifestDocument {
  readonly layers: readonly { readonly mediaType: string }[];
  readonly [member: string]: unknown;
}

const KERNEL = 1;

/** Bases that no host boots or no registry should hold, by the name of their repository below `base/`. */
const ODDITIES: Readonly<Record<string, Oddity>> = {
  os: {},
  unlabelled: { config: (config) => ({ ...config, config: {} }) },
  'rhel-10': {
    config: ({ config, ...others }) => ({
      ...others,
      config: { ...config, Labels: { ...config.Labels, 'io.openshift.os.streamclass': 'rhel-10' } },
    }),
  },
  windows: { config: (config) => ({ ...config, os: 'windows' }) },
  kernelless: { layers: (layers) => layers.toSpliced(KERNEL, 1) },
  'two-kernels': {
    layers: (layers) => [
      ...layers,
      ...buildMiniatureBase({ kernel: '6.2.0-varve' }).layers.slice(KERNEL, KERNEL + 1),
    ],
  },
  'diff-ids': {
    config: (config) => ({
      ...config,
      rootfs: { type: 'layers', diff_ids: config.rootfs.diff_ids.slice(1) },
    }),
  },
  'config-text': { config: () => 'this is no config' },
  'foreign-layer': {
    manifest: (manifest) => ({
      ...manifest,
      layers: manifest.layers.map((layer) => ({ ...layer, mediaType: 'application/x-squashfs' })),
    }),
  },
};

/** Pushes the miniature base as `base/os:1`, one for arm64 alone as `base/arm:1`, and the odd ones. */
export async function pushOddBases(address: string): Promise<void> {
  const client = openRegistry({});
  try {
    for (const [name, oddity] of Object.entries(ODDITIES))
      await pushOddBase(client, `${address}/base/${name}:1`, oddity);
    await pushMiniatureBase(client, parseReference(`${address}/base/both:1`), {
      architectures: ['amd64', 'arm64'],
    });
  } finally {
    client.close();
  }
}

async function pushOddBase(client: RegistryClient, reference: string, oddity: Oddity): Promise<void> {
  const ref = parseReference(reference);
  const base = buildMiniatureBase();
  const layers = oddity.layers?.(base.layers) ?? base.layers;
  const document = JSON.parse(Buffer.from(base.config).toString()) as ImageConfigDocument;
  const sound = { ...document, rootfs: { type: 'layers', diff_ids: layers.map((layer) => layer.diffId) } };
  const config = Buffer.from(JSON.stringify(oddity.config?.(sound) ?? sound));
  const configDescriptor = { ...base.configDescriptor, digest: sha256(config), size: config.length };
  const whole = {
    schemaVersion: 2,
    mediaType: base.mediaType,
    config: configDescriptor,
    layers: layers.map((layer) => layer.descriptor),
  };
  for (const { descriptor, bytes } of layers) await client.putBlob(ref, descriptor, bytes);
  await client.putBlob(ref, configDescriptor, config);
  const manifest = Buffer.from(JSON.stringify(oddity.manifest?.(whole) ?? whole));
  await client.putManifest(ref, manifest, base.mediaType);
}
