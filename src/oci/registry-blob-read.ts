import { type Digest, digestAlgorithm, startDigest } from './digest.ts';
import { OciError } from './oci-error.ts';
import { startRetries } from './registry-retry.ts';
import { pullScope } from './registry-scope.ts';
import type { Answer, RegistrySession } from './registry-session.ts';

/** The blob to read. */
export interface BlobAddress {
  readonly repository: string;
  readonly digest: Digest;
  /** Bytes. */
  readonly size: number;
}

/**
 * Streams a blob and verifies size and digest at its end: what was yielded counts only when the stream ends without an
 * error. After a dropped connection it goes on from where it was, by a Range request; one running digest covers all
 * pieces, so that a server which continues with other content is caught.
 * @throws {OciError}
 */
export async function* readBlob(
  session: RegistrySession,
  blob: BlobAddress,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array, void, undefined> {
  const { digest, repository, size } = blob;
  const { onTransfer } = session.settings;
  const action = `read blob ${digest} of ${session.registry}/${repository}`;
  const running = startDigest(digestAlgorithm(digest));
  const retries = startRetries(session.settings, signal);
  const fail = (code: 'digest-mismatch' | 'truncated', reason: string, retryable = false): OciError =>
    new OciError(code, `cannot ${action}: ${reason}`, { registry: session.registry, retryable });
  let offset = 0;
  for (let complete = false; !complete;) {
    const answer = await openAt(session, action, blob, offset, signal);
    const begun = offset;
    try {
      let skip = bytesToSkip(answer, offset, size, fail);
      const chunks = answer.body();
      try {
        for (;;) {
          const next = await received(chunks, answer);
          if (next === undefined) break;
          const chunk = next.subarray(Math.min(skip, next.length));
          skip -= next.length - chunk.length;
          if (chunk.length === 0) continue;
          offset += chunk.length;
          if (offset > size)
            throw fail('digest-mismatch', `it is longer than the ${size} bytes of its descriptor`);
          running.update(chunk);
          onTransfer?.({
            direction: 'download',
            repository: `${session.registry}/${repository}`,
            digest,
            bytes: offset,
            size,
          });
          yield chunk;
        }
      } finally {
        await chunks.return();
      }
      if (offset < size) throw fail('truncated', `the registry sent ${offset} of ${size} bytes`, true);
      complete = true;
    } catch (error) {
      if (offset > begun) retries.reset();
      await retries.failed(error);
    }
  }
  const found = running.digest();
  if (found !== digest) {
    throw fail(
      'digest-mismatch',
      `its content has the digest ${found}; the registry's storage or a proxy damages it`,
    );
  }
}

/** Reads one piece; undefined at the end. Only what the network does becomes a failure of the registry. */
async function received(
  chunks: AsyncGenerator<Uint8Array, void>,
  answer: Answer,
): Promise<Uint8Array | undefined> {
  try {
    const next = await chunks.next();
    return next.done === true ? undefined : next.value;
  } catch (error) {
    throw answer.failure(error);
  }
}

function openAt(
  session: RegistrySession,
  action: string,
  blob: BlobAddress,
  offset: number,
  signal: AbortSignal | undefined,
): Promise<Answer> {
  return session.send({
    action,
    method: 'GET',
    target: `/v2/${blob.repository}/blobs/${blob.digest}`,
    scopes: [pullScope(blob.repository)],
    headers: { 'accept-encoding': 'identity', ...(offset === 0 ? {} : { range: `bytes=${offset}-` }) },
    accept: offset === 0 ? [200] : [200, 206, 416],
    signal,
  });
}

/**
 * How much of the answer's body is known already: nothing for a continuation, all of it when the server ignores ranges
 * and begins anew. Refuses an answer whose declared length contradicts the descriptor.
 */
function bytesToSkip(
  answer: Answer,
  offset: number,
  size: number,
  fail: (code: 'digest-mismatch' | 'truncated', reason: string) => OciError,
): number {
  const refuse = (error: OciError): never => {
    answer.discard();
    throw error;
  };
  if (answer.status === 416)
    return refuse(fail('truncated', `the registry has only ${offset} of ${size} bytes`));
  if (answer.status === 206 && !(answer.headers['content-range'] ?? '').startsWith(`bytes ${offset}-`)) {
    return refuse(fail('digest-mismatch', 'the registry continued at another place than it was asked to'));
  }
  const expected = answer.status === 206 ? size - offset : size;
  const declared = answer.headers['content-length'];
  if (declared !== undefined && Number(declared) < expected) {
    return refuse(fail('truncated', `the registry announced ${Number(declared)} of ${expected} bytes`));
  }
  if (declared !== undefined && Number(declared) > expected) {
    return refuse(
      fail('digest-mismatch', `the registry announced ${Number(declared)} bytes in place of ${expected}`),
    );
  }
  return answer.status === 206 ? 0 : offset;
}
