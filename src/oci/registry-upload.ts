import { digestAlgorithm, startDigest } from './digest.ts';
import { OciError } from './oci-error.ts';
import type { BlobAddress } from './registry-blob-read.ts';
import { cancelUpload, startUpload, type UploadSession } from './registry-upload-session.ts';
import { again, type ChunkUpload, sendChunk, UploadLost } from './registry-upload-chunk.ts';
import { startRetries } from './registry-retry.ts';
import { pushScope } from './registry-scope.ts';
import type { RegistrySession } from './registry-session.ts';

/** The content of a blob: bytes, or a function that starts reading it from the beginning. */
export type BlobSource = Uint8Array | (() => AsyncIterable<Uint8Array>);

/** Keeps a failure of the caller's stream (the cause) apart from failures of the upload, which lead to another try. */
class SourceFailure extends Error {
  constructor(cause: unknown) {
    super('the source of an upload failed', { cause });
  }
}

/**
 * Uploads a blob: POST, then one PUT when it fits a chunk, else PATCH per chunk and an empty PUT.
 * An upload that breaks continues where the registry says it is, or starts anew. `begun` is a session that a refused
 * mount left open.
 * @throws {OciError}, or what the source throws
 */
export async function uploadBlob(
  session: RegistrySession,
  blob: BlobAddress,
  source: BlobSource,
  begun: UploadSession | undefined,
  signal: AbortSignal | undefined,
): Promise<void> {
  const action = `push blob ${blob.digest} to ${session.registry}/${blob.repository}`;
  if (typeof source !== 'function' && source.length !== blob.size) {
    throw sizeMismatch(action, session, source.length, blob.size);
  }
  const retries = startRetries(session.settings, signal);
  let furthest = 0;
  // Only what no earlier try reached counts as progress: a registry may lose every upload at the same place.
  const progressed = (offset: number): void => {
    if (offset <= furthest) return;
    furthest = offset;
    retries.reset();
  };
  for (let open = begun; ; open = undefined) {
    let upload = open;
    try {
      upload ??= await startUpload(session, action, blob.repository, signal);
      return await fill(session, action, blob, source, upload, { retries, progressed }, signal);
    } catch (error) {
      if (error instanceof SourceFailure) {
        if (upload !== undefined) await cancelUpload(session, action, blob.repository, upload, signal);
        throw error.cause;
      }
      if (!(error instanceof UploadLost)) await retries.failed(error);
    }
  }
}

async function fill(
  session: RegistrySession,
  action: string,
  blob: BlobAddress,
  source: BlobSource,
  upload: UploadSession,
  failures: Pick<ChunkUpload, 'progressed' | 'retries'>,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { onTransfer } = session.settings;
  const chunkSize = Math.max(session.settings.chunkSize, upload.minimum);
  let location = upload.location;
  let at = 0;
  let last: Uint8Array | undefined;
  for await (const chunk of chunksOf(session, action, blob, source, chunkSize)) {
    if (chunk.length === blob.size) {
      last = chunk;
      break;
    }
    location = await sendChunk({
      session,
      action,
      repository: blob.repository,
      location,
      start: at,
      chunk,
      ...failures,
      signal,
    });
    at += chunk.length;
    const repository = `${session.registry}/${blob.repository}`;
    onTransfer?.({ direction: 'upload', repository, digest: blob.digest, bytes: at, size: blob.size });
  }
  await finish(session, action, blob, location, last ?? new Uint8Array(), signal);
}

async function finish(
  session: RegistrySession,
  action: string,
  blob: BlobAddress,
  location: URL,
  body: Uint8Array,
  signal: AbortSignal | undefined,
): Promise<void> {
  const target = new URL(location);
  // Appended as text: the registry's own query must stay as it was, because it may be signed.
  target.search = `${target.search === '' ? '?' : `${target.search}&`}digest=${encodeURIComponent(blob.digest)}`;
  const answer = await session.send({
    action,
    method: 'PUT',
    target,
    scopes: [pushScope(blob.repository)],
    headers: { 'content-type': 'application/octet-stream' },
    body,
    accept: [201, 204, 404, 416],
    signal,
    retry: false,
  });
  if (answer.status === 404 || answer.status === 416)
    throw again(await session.rejection({ action, method: 'PUT' }, answer));
  answer.discard();
  const stored = answer.headers['docker-content-digest'];
  if (typeof stored === 'string' && stored !== blob.digest) {
    throw new OciError('digest-mismatch', `cannot ${action}: the registry stored it as another digest`, {
      registry: session.registry,
    });
  }
  const repository = `${session.registry}/${blob.repository}`;
  session.settings.onTransfer?.({
    direction: 'upload',
    repository,
    digest: blob.digest,
    bytes: blob.size,
    size: blob.size,
  });
}

/**
 * Cuts the source into chunks of one size (the last may be smaller; an empty source has none). A small blob comes in
 * one piece. A stream is checked against the descriptor before its last chunk leaves, so that wrong content is never
 * committed.
 */
async function* chunksOf(
  session: RegistrySession,
  action: string,
  blob: BlobAddress,
  source: BlobSource,
  chunkSize: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  if (typeof source !== 'function') {
    for (let at = 0; at < source.length; at += chunkSize) yield source.subarray(at, at + chunkSize);
    return;
  }
  const running = startDigest(digestAlgorithm(blob.digest));
  let total = 0;
  let chunk = Buffer.allocUnsafe(Math.min(chunkSize, blob.size));
  let filled = 0;
  const pieces = source()[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await guarded(pieces.next());
      if (next.done === true) break;
      let piece = next.value;
      total += piece.length;
      if (total > blob.size) throw new SourceFailure(sizeMismatch(action, session, total, blob.size));
      running.update(piece);
      while (piece.length > 0) {
        if (filled === chunk.length) {
          yield chunk;
          chunk = Buffer.allocUnsafe(Math.min(chunkSize, blob.size - total + piece.length));
          filled = 0;
        }
        const part = piece.subarray(0, chunk.length - filled);
        chunk.set(part, filled);
        filled += part.length;
        piece = piece.subarray(part.length);
      }
    }
  } finally {
    await pieces.return?.();
  }
  if (total !== blob.size) throw new SourceFailure(sizeMismatch(action, session, total, blob.size));
  const found = running.digest();
  if (found !== blob.digest) {
    throw new SourceFailure(
      new OciError('digest-mismatch', `cannot ${action}: its content has the digest ${found}`, {
        registry: session.registry,
      }),
    );
  }
  if (filled > 0) yield chunk.subarray(0, filled);
}

async function guarded<T>(step: Promise<T>): Promise<T> {
  try {
    return await step;
  } catch (error) {
    throw new SourceFailure(error);
  }
}

function sizeMismatch(action: string, session: RegistrySession, found: number, expected: number): OciError {
  const relation = found > expected ? 'at least ' : '';
  return new OciError(
    found < expected ? 'truncated' : 'digest-mismatch',
    `cannot ${action}: its content has ${relation}${found} bytes, its descriptor says ${expected}`,
    { registry: session.registry },
  );
}
