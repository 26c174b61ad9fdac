import { type Digest, digestAlgorithm, digestOf, sha256 } from './digest.ts';
import {
  type Descriptor,
  type HistoryEntry,
  type ImageConfig,
  MAX_CONFIG_BYTES,
  MAX_MANIFEST_BYTES,
  type Manifest,
  parseImageConfig,
  parseManifest,
  readJsonObject,
} from './documents.ts';
import type { Layer } from './layer.ts';
import { isManifestType, mediaFamilyOf } from './media-type.ts';
import { OciError } from './oci-error.ts';
import { pointAt } from './platform.ts';

/** The image that layers are appended to. */
export interface BaseImage {
  readonly manifest: Uint8Array;
  /** The media type that the registry gave for the manifest. */
  readonly mediaType: string;
  readonly config: Uint8Array;
}

/** A layer, as far as documents speak of it; its bytes may be anywhere. */
export type LayerFacts = Pick<Layer, 'descriptor' | 'diffId'>;

/** What becomes of the image's descriptions. */
export interface ImageChange {
  /** Labels to set in the config; others stay. */
  readonly labels: Readonly<Record<string, string>>;
  /** Annotations to set on the manifest; others stay. Docker schema 2 has none: they are left out there. */
  readonly annotations: Readonly<Record<string, string>>;
  /** RFC 3339; becomes the image's creation time and that of the new history entries. */
  readonly created: string;
  /** One entry per new layer. */
  readonly history: readonly { readonly created_by: string; readonly comment?: string }[];
}

/** An image whose documents are ready to be pushed. */
export interface AppendedImage {
  readonly manifest: Uint8Array;
  readonly mediaType: string;
  readonly digest: Digest;
  /** Bytes of the manifest. */
  readonly size: number;
  readonly config: Uint8Array;
  readonly configDescriptor: Descriptor;
}

/**
 * The config label that holds a digest of all that the manifest says apart from its config. A host takes an image
 * with a config digest that it knows for the image it has, however the manifests differ (host-contract §5.6); with
 * this label, a manifest that changes always changes the config.
 */
export const CONTENT_LABEL: string = 'dev.varve.oci.manifest-content';

/**
 * Appends layers to an image by its documents alone (host-contract §5.5): the base's layer descriptors and every
 * member that this room does not know stay as they are. The same arguments give the same bytes.
 * @throws {OciError} code `malformed`, `unsupported` or `too-large`
 */
export function appendLayers(
  base: BaseImage,
  layers: readonly LayerFacts[],
  change: ImageChange,
): AppendedImage {
  const { mediaType } = base;
  if (!isManifestType(mediaType)) {
    throw new OciError(
      'unsupported',
      `cannot append layers: ${JSON.stringify(mediaType.slice(0, 120))} is not the type of an image manifest; ` +
        'choose one image of an index, and push schema 1 images again with a current tool',
    );
  }
  const manifest = parseManifest(base.manifest, mediaType);
  const config = parseImageConfig(base.config);
  checkBase(manifest, config, base.config);
  checkLayers(layers, change, mediaType);

  const original = readJsonObject('manifest', base.manifest, MAX_MANIFEST_BYTES);
  const annotated = mediaFamilyOf(mediaType) === 'oci' && Object.keys(change.annotations).length > 0;
  const content = {
    ...original,
    layers: [...asList(original['layers']), ...layers.map((layer) => layer.descriptor)],
    ...(annotated ? { annotations: { ...manifest.annotations, ...change.annotations } } : {}),
  };
  const labels = {
    ...config.config?.Labels,
    ...change.labels,
    [CONTENT_LABEL]: sha256(encode({ ...content, config: null })),
  };
  const newConfig = encode(extendConfig(base.config, manifest, config, layers, change, labels));
  const configDescriptor = pointAt(manifest.config, {
    mediaType: manifest.config.mediaType,
    digest: sha256(newConfig),
    size: newConfig.length,
  });
  const bytes = encode({ ...content, config: configDescriptor });
  if (bytes.length > MAX_MANIFEST_BYTES) {
    throw new OciError(
      'too-large',
      `cannot append layers: the manifest would have ${bytes.length} bytes, more than the ${MAX_MANIFEST_BYTES} registries take`,
    );
  }
  return {
    manifest: bytes,
    mediaType,
    digest: sha256(bytes),
    size: bytes.length,
    config: newConfig,
    configDescriptor,
  };
}

function checkBase(manifest: Manifest, config: ImageConfig, configBytes: Uint8Array): void {
  const { digest, size } = manifest.config;
  if (digest !== digestOf(configBytes, digestAlgorithm(digest)) || size !== configBytes.length) {
    throw new OciError(
      'malformed',
      `cannot append layers: the config is not ${digest}, which the manifest names`,
    );
  }
  const diffIds = config.rootfs.diff_ids.length;
  if (diffIds !== manifest.layers.length) {
    throw new OciError(
      'malformed',
      `cannot append layers: the base image has ${manifest.layers.length} layers, but its config has ${diffIds} diff_ids`,
    );
  }
}

function checkLayers(layers: readonly LayerFacts[], change: ImageChange, mediaType: string): void {
  const family = mediaFamilyOf(mediaType);
  for (const { descriptor } of layers) {
    if (mediaFamilyOf(descriptor.mediaType) === family) continue;
    throw new OciError(
      'unsupported',
      `cannot append layers: ${descriptor.digest} is a layer for another family than the base image, which is ${family}; ` +
        'registries refuse manifests that mix them',
    );
  }
  if (change.history.length !== layers.length) {
    throw new OciError(
      'invalid-option',
      `cannot append layers: there are ${layers.length} layers and ${change.history.length} history entries; give one for each`,
    );
  }
}

function extendConfig(
  bytes: Uint8Array,
  manifest: Manifest,
  config: ImageConfig,
  layers: readonly LayerFacts[],
  { created, history }: ImageChange,
  labels: Readonly<Record<string, string>>,
): Record<string, unknown> {
  const original = readJsonObject('image config', bytes, MAX_CONFIG_BYTES);
  return {
    ...original,
    created,
    config: { ...config.config, Labels: labels },
    rootfs: {
      ...config.rootfs,
      diff_ids: [...config.rootfs.diff_ids, ...layers.map((layer) => layer.diffId)],
    },
    history: [
      ...asList(original['history']),
      ...missingHistory(manifest, config),
      ...history.map(({ created_by, comment }) => ({
        created,
        created_by,
        ...(comment === undefined ? {} : { comment }),
      })),
    ],
  };
}

/**
 * Hosts refuse an image with fewer history entries than layers (host-contract §5.1); others count those that have a
 * layer. Enough entries with a layer satisfy both.
 */
function missingHistory(manifest: Manifest, config: ImageConfig): readonly HistoryEntry[] {
  const withLayer = (config.history ?? []).filter((entry) => entry.empty_layer !== true).length;
  const entry: HistoryEntry = {
    ...(config.created === undefined ? {} : { created: config.created }),
    comment: 'layer of the base image, whose history does not name it',
  };
  return Array.from({ length: Math.max(0, manifest.layers.length - withLayer) }, () => entry);
}

function asList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? (value as readonly unknown[]) : [];
}

function encode(document: Readonly<Record<string, unknown>>): Uint8Array {
  return Buffer.from(JSON.stringify(document));
}
