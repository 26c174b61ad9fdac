import { constants, gzipSync, zstdCompressSync } from 'node:zlib';
import { type Digest, sha256 } from './digest.ts';
import type { Descriptor } from './documents.ts';
import { type MediaFamily, MediaType } from './media-type.ts';
import { OciError } from './oci-error.ts';
import type { TarEntry } from './tar-entry.ts';
import { writeTar } from './tar-writer.ts';

/** How the bytes of a layer are compressed. gzip is what every host reads (host-contract §5.5). */
export type Compression = 'gzip' | 'zstd' | 'none';

/** A layer, ready to be pushed. */
export interface Layer {
  readonly descriptor: Descriptor;
  /** The digest of the uncompressed archive. */
  readonly diffId: Digest;
  /** What the descriptor describes: the compressed archive. */
  readonly bytes: Uint8Array;
  /** Bytes of the uncompressed archive. */
  readonly size: number;
}

/** How to build a layer. */
export interface BuildLayerOptions {
  readonly compression: Compression;
  /** The family of the manifest that the layer is for; Docker's has no zstd. */
  readonly mediaFamily: MediaFamily;
  /** Annotations of the descriptor. Docker schema 2 has none: they are left out there. */
  readonly annotations?: Readonly<Record<string, string>>;
}

/**
 * Builds a layer. The same entries and options give the same diff id everywhere, and the same digest with the same
 * version of Node, whose zlib and zstd decide the compressed bytes.
 * @throws {OciError} code `tar-rule` when the entries break a rule for layers, `unsupported` for zstd in Docker's family
 */
export function buildLayer(entries: readonly TarEntry[], options: BuildLayerOptions): Layer {
  const { compression, mediaFamily, annotations } = options;
  const mediaType = layerType(compression, mediaFamily);
  const archive = writeTar(entries);
  const bytes = compress(archive, compression);
  return {
    descriptor: {
      mediaType,
      digest: sha256(bytes),
      size: bytes.length,
      ...(annotations === undefined || mediaFamily === 'docker' ? {} : { annotations }),
    },
    diffId: compression === 'none' ? sha256(bytes) : sha256(archive),
    bytes,
    size: archive.length,
  };
}

/** Pinned: the default of a library may change. */
const GZIP_LEVEL = 6;
/** Where a gzip header names the operating system, and the value for "unknown" (RFC 1952 §2.3). */
const GZIP_OS_BYTE = 9;
const GZIP_OS_UNKNOWN = 255;
const ZSTD_LEVEL = 3;
const LAYER_TYPES: Readonly<Record<MediaFamily, Partial<Record<Compression, string>>>> = {
  oci: { none: MediaType.ociLayer, gzip: MediaType.ociLayerGzip, zstd: MediaType.ociLayerZstd },
  docker: { none: MediaType.dockerLayer, gzip: MediaType.dockerLayerGzip },
};

function layerType(compression: Compression, family: MediaFamily): string {
  const mediaType = LAYER_TYPES[family][compression];
  if (mediaType !== undefined) return mediaType;
  throw new OciError(
    'unsupported',
    `cannot build layer: Docker schema 2 images have no ${compression} layers; use gzip with this base image`,
  );
}

function compress(archive: Uint8Array, compression: Compression): Uint8Array {
  if (compression === 'none') return archive;
  if (compression === 'zstd') {
    // In one call and on one thread: fed piecewise, the same bytes compress differently.
    return zstdCompressSync(archive, { params: { [constants.ZSTD_c_compressionLevel]: ZSTD_LEVEL } });
  }
  // Node writes neither a name nor a time, but the byte for the operating system differs between builds of zlib.
  const bytes = gzipSync(archive, { level: GZIP_LEVEL });
  bytes[GZIP_OS_BYTE] = GZIP_OS_UNKNOWN;
  return bytes;
}
