import { pipeline } from 'node:stream';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import type { Compression } from './layer.ts';
import { MediaType } from './media-type.ts';
import { OciError } from './oci-error.ts';
import { ZstdFrameCutter } from './zstd-frames.ts';

/**
 * How layers of this media type are compressed; the types are those that the host accepts (host-contract §5.5).
 * @throws {OciError} code `unsupported`
 */
export function compressionOf(mediaType: string): Compression {
  switch (mediaType) {
    case MediaType.ociLayer:
    case MediaType.dockerLayer:
      return 'none';
    case MediaType.ociLayerGzip:
    case MediaType.dockerLayerGzip:
      return 'gzip';
    case MediaType.ociLayerZstd:
      return 'zstd';
    default:
      throw new OciError(
        'unsupported',
        `cannot read layer: its media type ${JSON.stringify(mediaType.slice(0, 120))} is not that of a tar layer`,
      );
  }
}

/**
 * Decompresses a layer as it arrives, on a thread of the pool, by media type. Compressed data may have several parts
 * one after another (gzip members, zstd frames). It has ended well only when `source` has, to the last byte. Errors of `source` come through unchanged.
 * @throws {OciError} code `unsupported`, `malformed` or `truncated`
 */
export async function* decompress(
  source: AsyncIterable<Uint8Array>,
  mediaType: string,
): AsyncGenerator<Uint8Array, void, undefined> {
  const compression = compressionOf(mediaType);
  if (compression === 'none') {
    yield* source;
    return;
  }
  const stream = compression === 'gzip' ? createGunzip(STREAM_OPTIONS) : createZstdDecompress(STREAM_OPTIONS);
  const input = { bytes: 0, ended: false };
  async function* counted(): AsyncGenerator<Uint8Array, void, undefined> {
    for await (const chunk of compression === 'gzip' ? source : cutFrames(source)) {
      input.bytes += chunk.length;
      yield chunk;
    }
    input.ended = true;
  }
  // The outcome reaches the loop below through the stream, which pipeline destroys with the error.
  pipeline(counted, stream, ignoreOutcome);
  try {
    for await (const chunk of stream as AsyncIterable<Uint8Array>) yield chunk;
  } catch (error) {
    throw asOciError(error, compression);
  }
  // Node ends quietly at a zero byte after a gzip member, and leaves a source unread that verifies itself at its end.
  if (!input.ended || stream.bytesWritten !== input.bytes) {
    throw new OciError('malformed', `cannot decompress ${compression} data: something follows its end`);
  }
}

/** Large pieces: each one costs a round trip between this thread and the pool's. */
const STREAM_OPTIONS = { chunkSize: 256 * 1024, readableHighWaterMark: 1024 * 1024 };

async function* cutFrames(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  const cutter = new ZstdFrameCutter();
  for await (const chunk of source) yield* cutter.cut(chunk);
  cutter.end();
}

function ignoreOutcome(): void {}

function asOciError(error: unknown, compression: Compression): unknown {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') return error;
  if (error.code === 'Z_BUF_ERROR') {
    return new OciError('truncated', `cannot decompress ${compression} data: it ends too early`, {
      cause: error,
    });
  }
  if (error.code.startsWith('Z_') || error.code.startsWith('ZSTD_')) {
    return new OciError('malformed', `cannot decompress ${compression} data: it is damaged`, {
      cause: error,
    });
  }
  return error;
}
