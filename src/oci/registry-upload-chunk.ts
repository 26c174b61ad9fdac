import { OciError } from './oci-error.ts';
import { resolveLocation } from './registry-redirect.ts';
import type { Retries } from './registry-retry.ts';
import { pushScope } from './registry-scope.ts';
import type { Answer, RegistrySession } from './registry-session.ts';

/** An upload that is lost with a chunk, for a failure (the cause) that has been counted and waited for already. */
export class UploadLost extends Error {
  constructor(cause: unknown) {
    super('an upload has to start anew', { cause });
  }
}

/** One chunk and where it goes. */
export interface ChunkUpload {
  readonly session: RegistrySession;
  readonly action: string;
  readonly repository: string;
  readonly location: URL;
  /** The offset of the chunk in the blob. */
  readonly start: number;
  readonly chunk: Uint8Array;
  /** Counts the failures of the whole upload. */
  readonly retries: Retries;
  /** Is told how many bytes of the blob the registry has. */
  readonly progressed: (offset: number) => void;
  readonly signal: AbortSignal | undefined;
}

/** Where an upload stands: the next location, and how many bytes of the blob the registry has. */
interface Progress {
  readonly location: URL;
  readonly offset: number;
}

/**
 * Sends one chunk; after a failure it asks the registry how far it came and sends the rest.
 * Resolves with the location for the next request.
 * @throws {UploadLost} when the upload has to start anew
 * @throws {OciError}
 */
export async function sendChunk(upload: ChunkUpload): Promise<URL> {
  const end = upload.start + upload.chunk.length;
  let progress: Progress = { location: upload.location, offset: upload.start };
  while (progress.offset < end) {
    const before = progress.offset;
    try {
      progress = await patch(upload, progress);
      if (progress.offset <= before) throw noProgress(upload);
      upload.progressed(progress.offset);
    } catch (error) {
      await upload.retries.failed(error);
      progress = await ask(upload, progress, error);
    }
    if (progress.offset < upload.start || progress.offset > end) throw noProgress(upload);
  }
  return progress.location;
}

async function patch(upload: ChunkUpload, progress: Progress): Promise<Progress> {
  const { action, chunk, repository, session, signal, start } = upload;
  const rest = chunk.subarray(progress.offset - start);
  const end = start + chunk.length;
  const answer = await session.send({
    action,
    method: 'PATCH',
    target: progress.location,
    scopes: [pushScope(repository)],
    headers: { 'content-type': 'application/octet-stream', 'content-range': `${progress.offset}-${end - 1}` },
    body: rest,
    accept: [202, 204, 404, 416],
    signal,
    retry: false,
  });
  if (answer.status === 404 || answer.status === 416)
    throw again(await session.rejection({ action, method: 'PATCH' }, answer));
  answer.discard();
  return { location: nextLocation(upload, answer, progress.location), offset: offsetIn(answer, end) };
}

/** GET on the upload tells how far it came; a registry that lost the thread makes us begin anew for the failure. */
async function ask(upload: ChunkUpload, progress: Progress, failure: unknown): Promise<Progress> {
  const { action, repository, session, signal } = upload;
  let answer: Answer;
  try {
    answer = await session.send({
      action,
      method: 'GET',
      target: progress.location,
      scopes: [pushScope(repository)],
      accept: [202, 204],
      signal,
    });
  } catch (error) {
    throw signal?.aborted === true ? error : new UploadLost(failure);
  }
  answer.discard();
  return { location: nextLocation(upload, answer, progress.location), offset: offsetIn(answer, 0) };
}

function nextLocation(upload: ChunkUpload, answer: Answer, current: URL): URL {
  const { location } = answer.headers;
  return location === undefined ? current : resolveLocation(upload.action, answer.url, location);
}

/** Reads `Range: 0-N` as N + 1 bytes. Registries say `0-0` for an empty upload, so one byte counts as none. */
function offsetIn(answer: Answer, otherwise: number): number {
  const range = answer.headers['range'];
  const last = typeof range === 'string' ? /^(?:bytes=)?0-(\d{1,15})$/u.exec(range.trim())?.[1] : undefined;
  if (last === undefined) return otherwise;
  if (last === '0') return otherwise === 1 ? 1 : 0;
  return Number(last) + 1;
}

function noProgress({ action, session }: ChunkUpload): OciError {
  return new OciError('registry-error', `cannot ${action}: the registry lost part of the upload`, {
    retryable: true,
    registry: session.registry,
  });
}

/** The same error as one that a new upload may cure: the registry forgot this one. */
export function again(reason: OciError): OciError {
  return new OciError(reason.code, reason.message, {
    cause: reason,
    retryable: true,
    ...(reason.registry === undefined ? {} : { registry: reason.registry }),
    ...(reason.status === undefined ? {} : { status: reason.status }),
  });
}
