import type { Digest } from './digest.ts';
import { OciError } from './oci-error.ts';
import { pullScope, pushScope } from './registry-scope.ts';
import type { Answer, RegistrySession } from './registry-session.ts';
import { type UploadSession, uploadSessionOf } from './registry-upload-session.ts';

/** What became of a mount. `upload` is the session that a registry opens in place of a mount. */
export type MountOutcome =
  | { readonly mounted: true }
  | { readonly mounted: false; readonly upload: UploadSession | undefined };

/**
 * Mounts a blob from another repository of the same registry (host-contract §5.7): 201 = done, 202 = an ordinary upload
 * was opened in its place, 404 or 405 = not supported. A source that we may not read counts as not mounted.
 * @throws {OciError}
 */
export async function mountBlob(
  session: RegistrySession,
  repository: string,
  digest: Digest,
  from: string,
  signal: AbortSignal | undefined,
): Promise<MountOutcome> {
  const action = `mount blob ${digest} from ${from} into ${session.registry}/${repository}`;
  const query = `mount=${encodeURIComponent(digest)}&from=${encodeURIComponent(from)}`;
  let answer: Answer;
  try {
    answer = await session.send({
      action,
      method: 'POST',
      target: `/v2/${repository}/blobs/uploads/?${query}`,
      // One token has to cover both repositories.
      scopes: [pushScope(repository), pullScope(from)],
      accept: [201, 202, 404, 405],
      signal,
    });
  } catch (error) {
    if (error instanceof OciError && (error.code === 'denied' || error.code === 'unauthorized')) {
      return { mounted: false, upload: undefined };
    }
    throw error;
  }
  answer.discard();
  if (answer.status === 201) return { mounted: true };
  return {
    mounted: false,
    upload: answer.status === 202 ? uploadSessionOf(session, action, answer) : undefined,
  };
}
