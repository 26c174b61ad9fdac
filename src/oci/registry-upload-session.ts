import { OciError } from './oci-error.ts';
import { resolveLocation } from './registry-redirect.ts';
import { pushScope } from './registry-scope.ts';
import type { Answer, RegistrySession } from './registry-session.ts';

/** An upload that a registry has opened. */
export interface UploadSession {
  /** Where the content goes. Its query belongs to the registry. */
  readonly location: URL;
  /** The smallest chunk that the registry takes, in bytes; 0 when it does not say. */
  readonly minimum: number;
}

/** A registry that wants larger chunks than this cannot be served: chunks are held in memory. */
const MAX_CHUNK_MINIMUM = 128 * 1024 * 1024;

/**
 * Opens an upload.
 * @throws {OciError}
 */
export async function startUpload(
  session: RegistrySession,
  action: string,
  repository: string,
  signal: AbortSignal | undefined,
): Promise<UploadSession> {
  const answer = await session.send({
    action,
    method: 'POST',
    target: `/v2/${repository}/blobs/uploads/`,
    scopes: [pushScope(repository)],
    accept: [202],
    signal,
    retry: false,
  });
  answer.discard();
  return uploadSessionOf(session, action, answer);
}

/**
 * Reads the session out of a 202 answer.
 * @throws {OciError}
 */
export function uploadSessionOf(session: RegistrySession, action: string, answer: Answer): UploadSession {
  const location = resolveLocation(action, answer.url, answer.headers.location);
  const header = answer.headers['oci-chunk-min-length'];
  const minimum = typeof header === 'string' && /^\d{1,15}$/u.test(header) ? Number(header) : 0;
  if (minimum > MAX_CHUNK_MINIMUM) {
    throw new OciError(
      'unsupported',
      `cannot ${action}: the registry wants chunks of at least ${minimum} bytes`,
      {
        registry: session.registry,
      },
    );
  }
  return { location, minimum };
}

/** Ends an upload that is not going to be finished. Registries drop abandoned uploads, so failures do not matter. */
export async function cancelUpload(
  session: RegistrySession,
  action: string,
  repository: string,
  upload: UploadSession,
  signal: AbortSignal | undefined,
): Promise<void> {
  try {
    const answer = await session.send({
      action,
      method: 'DELETE',
      target: upload.location,
      scopes: [pushScope(repository)],
      accept: [200, 202, 204],
      signal,
      retry: false,
    });
    answer.discard();
  } catch {
    // The registry expires it.
  }
}
