import {
  buildLayer,
  type Compression,
  type Descriptor,
  type Digest,
  type Layer,
  type MediaFamily,
  MediaType,
  type Reference,
  type RegistryClient,
  sha256,
} from '../../oci/index.ts';
import { miniatureLayers } from './miniature-tree.ts';

/** The architectures that a miniature base is made for, as Go names them. */
export type MiniatureArchitecture = 'amd64' | 'arm64';

/** What a miniature base is like. */
export interface MiniatureBaseOptions {
  /** Default: amd64. */
  readonly architecture?: MiniatureArchitecture;
  /** The version of the operating system, in its os-release and a label. Default: 9.20260101.0. */
  readonly version?: string;
  /** RFC 3339. Default: 2026-01-01T00:00:00Z. */
  readonly created?: string;
  /** The kernel's release. Default: 6.1.0-varve. */
  readonly kernel?: string;
  /** Whether `prepare-root.conf` turns composefs on. Default: false. */
  readonly composefs?: boolean;
  /** Default: gzip. */
  readonly compression?: Compression;
  /** Default: oci. */
  readonly mediaFamily?: MediaFamily;
}

/** A bootable base image in memory, a few kilobytes large. */
export interface MiniatureBase {
  readonly architecture: MiniatureArchitecture;
  readonly layers: readonly Layer[];
  readonly config: Uint8Array;
  readonly configDescriptor: Descriptor;
  readonly manifest: Uint8Array;
  readonly mediaType: string;
  /** The digest of the manifest. */
  readonly digest: Digest;
}

/**
 * Builds an image that has all that an image-mode host expects of its base (host-contract §5.1, §3.6) and whose
 * programs are placeholders. The same options give the same bytes.
 */
export function buildMiniatureBase(options: MiniatureBaseOptions = {}): MiniatureBase {
  const {
    architecture = 'amd64',
    version = '9.20260101.0',
    created = '2026-01-01T00:00:00Z',
    kernel = '6.1.0-varve',
    composefs = false,
    compression = 'gzip',
    mediaFamily = 'oci',
  } = options;
  const plan = miniatureLayers({ architecture, version, kernel, composefs });
  const layers = plan.map(({ entries }) => buildLayer(entries, { compression, mediaFamily }));
  const config = encode({
    created,
    architecture,
    os: 'linux',
    config: {
      Cmd: ['/sbin/init'],
      Labels: {
        'containers.bootc': '1',
        'org.opencontainers.image.version': version,
        'ostree.bootable': 'true',
        'ostree.linux': kernel,
      },
      StopSignal: 'SIGRTMIN+3',
    },
    rootfs: { type: 'layers', diff_ids: layers.map((layer) => layer.diffId) },
    history: plan.map(({ title }) => ({ created, created_by: `miniature base: ${title}` })),
  });
  const docker = mediaFamily === 'docker';
  const configDescriptor = {
    mediaType: docker ? MediaType.dockerConfig : MediaType.ociConfig,
    digest: sha256(config),
    size: config.length,
  };
  const mediaType = docker ? MediaType.dockerManifest : MediaType.ociManifest;
  const manifest = encode({
    schemaVersion: 2,
    mediaType,
    config: configDescriptor,
    layers: layers.map((layer) => layer.descriptor),
    ...(docker ? {} : { annotations: { 'org.opencontainers.image.created': created } }),
  });
  return { architecture, layers, config, configDescriptor, manifest, mediaType, digest: sha256(manifest) };
}

/** Which images of a miniature base to push. */
export interface PushMiniatureBaseOptions extends Omit<MiniatureBaseOptions, 'architecture'> {
  /** One gives an image, several an index of them. Default: amd64 alone. */
  readonly architectures?: readonly MiniatureArchitecture[];
}

/**
 * Builds a miniature base and pushes it under the reference.
 * @returns the digest of what the reference's tag means: the image's manifest, or the index
 * @throws {OciError} whatever pushing meets
 */
export async function pushMiniatureBase(
  client: RegistryClient,
  reference: Reference,
  options: PushMiniatureBaseOptions = {},
): Promise<Digest> {
  const { architectures = ['amd64'], ...rest } = options;
  const bases = architectures.map((architecture) => buildMiniatureBase({ ...rest, architecture }));
  const [only, ...others] = bases;
  const { registry, repository } = reference;
  for (const base of bases) {
    for (const { descriptor, bytes } of base.layers) await client.putBlob(reference, descriptor, bytes);
    await client.putBlob(reference, base.configDescriptor, base.config);
    const target = others.length === 0 ? reference : { registry, repository };
    await client.putManifest(target, base.manifest, base.mediaType);
  }
  if (only !== undefined && others.length === 0) return only.digest;
  const mediaType = rest.mediaFamily === 'docker' ? MediaType.dockerManifestList : MediaType.ociIndex;
  return client.putManifest(reference, encodeIndex(mediaType, bases), mediaType);
}

function encodeIndex(mediaType: string, bases: readonly MiniatureBase[]): Uint8Array {
  const manifests = bases.map((base) => ({
    mediaType: base.mediaType,
    digest: base.digest,
    size: base.manifest.length,
    platform: { architecture: base.architecture, os: 'linux' },
  }));
  return encode({ schemaVersion: 2, mediaType, manifests });
}

function encode(document: Readonly<Record<string, unknown>>): Uint8Array {
  return Buffer.from(JSON.stringify(document));
}
