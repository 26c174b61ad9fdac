import { hash } from 'node:crypto';
import type {
  Descriptor,
  Digest,
  ImageConfig,
  ImageDocument,
  Manifest,
  Reference,
  RegistryClient,
  StoredManifest,
} from '../oci/index.ts';
import {
  decompress,
  formatReference,
  MAX_CONFIG_BYTES,
  parseDocument,
  parseImageConfig,
  TarScanner,
  withDigest,
} from '../oci/index.ts';
import { Label } from './image-labels.ts';
import { chooseImages, readImage, withImage } from './image-reading.ts';
import { OsBuildError } from './osbuild-error.ts';
import type { ProvenanceMap } from './provenance-map.ts';
import { PROVENANCE_PATH, readProvenanceMap } from './provenance-map.ts';

/** One layer of an image with the part of the config that speaks of it. */
export interface ImageLayer {
  readonly descriptor: Descriptor;
  readonly diffId: Digest | undefined;
  readonly createdBy: string | undefined;
  /** Whether it is the layer that Varve appended. */
  readonly isConfiguration: boolean;
}

/** An image as its documents describe it. */
export interface ImageDescription {
  readonly reference: Reference;
  readonly digest: Digest;
  readonly manifest: Manifest;
  readonly config: ImageConfig;
  readonly labels: Readonly<Record<string, string>>;
  readonly layers: readonly ImageLayer[];
}

/** One path of a configuration layer. */
export interface LayerPath {
  readonly path: string;
  readonly type: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly target?: string;
  readonly sha256?: string;
}

/** The configuration layer of an image that Varve made. */
export interface ConfigurationLayer {
  readonly paths: ReadonlyMap<string, LayerPath>;
  readonly provenance: ProvenanceMap;
}

/** A rendered configuration is capped at 1.5 MiB, so its layer is a few megabytes at the most. */
const LAYER_LIMIT = 256 * 1024 * 1024;
const FILE_LIMIT = 64 * 1024 * 1024;

/** Reads manifest and config of an image, or of one architecture of an index. */
export async function describeImage(
  registry: RegistryClient,
  reference: Reference,
  architecture: string,
): Promise<ImageDescription> {
  let found = await registry.getManifest(reference);
  if (found === undefined) {
    throw new OsBuildError(
      'image-missing',
      `cannot find image ${formatReference(reference)}: the registry has no such repository, tag or digest; check the name`,
    );
  }
  const parse = ({ bytes, mediaType }: StoredManifest): ImageDocument =>
    readImage(reference, () => parseDocument(bytes, mediaType));
  let parsed = parse(found);
  if (parsed.kind === 'index') {
    const [child] = chooseImages(reference, parsed.index, architecture);
    found = child === undefined ? undefined : await registry.getManifest(withDigest(reference, child.digest));
    if (found !== undefined) parsed = parse(found);
  }
  if (found === undefined || parsed.kind !== 'manifest') {
    throw new OsBuildError(
      'base-malformed',
      `cannot read image ${formatReference(reference)}: its index points at no image`,
    );
  }
  const { manifest } = parsed;
  const configBytes = await registry.getBlobBytes(reference, manifest.config, MAX_CONFIG_BYTES);
  const config = readImage(reference, () => parseImageConfig(configBytes));
  const labels = config.config?.Labels ?? {};
  const history = (config.history ?? []).filter((entry) => entry.empty_layer !== true);
  return {
    reference,
    digest: found.digest,
    manifest,
    config,
    labels,
    layers: manifest.layers.map((descriptor, position) => {
      const diffId = config.rootfs.diff_ids[position];
      return {
        descriptor,
        diffId,
        createdBy: history[position]?.created_by,
        isConfiguration: diffId !== undefined && diffId === labels[Label.configLayer],
      };
    }),
  };
}

/**
 * Reads the layer that Varve appended to an image: what is in it and where that came from.
 *
 * @throws OsBuildError `provenance-missing` when Varve did not make the image.
 */
export async function readConfiguration(
  registry: RegistryClient,
  image: ImageDescription,
): Promise<ConfigurationLayer> {
  const layer = image.layers.find((candidate) => candidate.isConfiguration);
  if (layer === undefined) {
    throw new OsBuildError(
      'provenance-missing',
      `cannot explain image ${formatReference(image.reference)}: it has no configuration layer, so Varve did not make it`,
    );
  }
  const paths = new Map<string, LayerPath>();
  let provenance: ProvenanceMap | undefined;
  const scanner = new TarScanner(
    (header) => {
      const path = `/${header.path}`;
      const { type, mode, uid, gid, target } = header;
      const entry: LayerPath = { path, type, mode, uid, gid, ...(target === undefined ? {} : { target }) };
      paths.set(path, entry);
      if (type !== 'file') return undefined;
      return (contents) => {
        paths.set(path, { ...entry, sha256: hash('sha256', contents, 'hex') });
        if (path === PROVENANCE_PATH) provenance = readProvenanceMap(contents);
      };
    },
    { bodyLimit: FILE_LIMIT },
  );
  await scanLayer(registry, image.reference, layer.descriptor, scanner).catch((error: unknown) => {
    throw withImage(image.reference, error);
  });
  if (provenance === undefined) {
    throw new OsBuildError(
      'provenance-missing',
      `cannot explain image ${formatReference(image.reference)}: its configuration layer has no provenance map that this version of Varve can read`,
    );
  }
  return { paths, provenance };
}

async function scanLayer(
  registry: RegistryClient,
  reference: Reference,
  layer: Descriptor,
  scanner: TarScanner,
): Promise<void> {
  let unpacked = 0;
  for await (const chunk of decompress(registry.getBlob(reference, layer), layer.mediaType)) {
    unpacked += chunk.length;
    if (unpacked > LAYER_LIMIT) {
      throw new OsBuildError(
        'base-malformed',
        `cannot read layer ${layer.digest} of image ${formatReference(reference)}: it unpacks to more than ${LAYER_LIMIT} bytes`,
      );
    }
    scanner.push(chunk);
  }
  scanner.end();
}
