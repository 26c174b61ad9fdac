import type { IncomingMessage } from 'node:http';
import { type Digest, parseDigest } from '../../oci/index.ts';
import { parseContentRange } from './byte-range.ts';
import { EmbeddedError } from '../embedded-error.ts';
import { answer, bodyOf, type Exchange } from './exchange.ts';
import { checkRepositoryName } from './repository-name.ts';
import type { UploadSession } from './upload-sessions.ts';

/**
 * Begins an upload; with `?digest=` takes the whole blob, and with `?mount=` the one of another repository. A mount that
 * cannot be is answered with a session, so that the client uploads instead (distribution specification, "Mounting a
 * blob from another repository").
 */
export async function beginUpload(exchange: Exchange, name: string): Promise<void> {
  const { query, uploads } = exchange;
  const mount = query.get('mount');
  if (mount !== null && (await mountBlob(exchange, name, parseDigest(mount)))) {
    return answerBlob(exchange, name, parseDigest(mount));
  }
  const wanted = mount === null ? query.get('digest') : null;
  const digest = wanted === null ? undefined : parseDigest(wanted);
  const session = await uploads.begin(name);
  if (digest === undefined) return answerSession(exchange, 202, session);
  try {
    await uploads.append(session, bodyOf(exchange));
    await finishWith(exchange, session, digest);
  } catch (error) {
    // Nobody knows the session's address, so nobody could go on with it.
    await uploads.cancel(session);
    throw error;
  }
}

/** GET: how far an upload has come. */
export async function getUpload(exchange: Exchange, name: string, id: string): Promise<void> {
  return answerSession(exchange, 204, exchange.uploads.find(name, id));
}

/** PATCH: one chunk, or a stream of unknown length when it has no `Content-Range`. */
export async function patchUpload(exchange: Exchange, name: string, id: string): Promise<void> {
  const session = exchange.uploads.find(name, id);
  await appendBody(exchange, session);
  answerSession(exchange, 202, session);
}

/** PUT: the last chunk, if any, and the digest of the whole. */
export async function finishUpload(exchange: Exchange, name: string, id: string): Promise<void> {
  const session = exchange.uploads.find(name, id);
  const digest = exchange.query.get('digest');
  if (digest === null) {
    throw new EmbeddedError('DIGEST_INVALID', 'cannot finish upload: the request has no digest parameter');
  }
  const parsed = parseDigest(digest);
  await appendBody(exchange, session);
  await finishWith(exchange, session, parsed);
}

/** DELETE: gives an upload up. */
export async function cancelUpload(exchange: Exchange, name: string, id: string): Promise<void> {
  await exchange.uploads.cancel(exchange.uploads.find(name, id));
  answer(exchange, 204);
}

async function mountBlob(
  { query, repositories, content }: Exchange,
  name: string,
  digest: Digest,
): Promise<boolean> {
  const from = query.get('from');
  if (from === null || !(await repositories.hasBlob(checkRepositoryName(from), digest))) return false;
  if ((await content.size(digest)) === undefined) return false;
  await repositories.linkBlob(name, digest);
  return true;
}

async function appendBody(exchange: Exchange, session: UploadSession): Promise<void> {
  const { request, uploads } = exchange;
  const header = request.headers['content-range'];
  if (header !== undefined) checkRange(header, session, request);
  await uploads.append(session, bodyOf(exchange));
}

function checkRange(header: string, session: UploadSession, request: IncomingMessage): void {
  const range = parseContentRange(header);
  if (range === undefined || range.start !== session.size) {
    throw new EmbeddedError(
      'RANGE_INVALID',
      `cannot append to upload: ${session.size} bytes are here, so the next chunk begins at ${session.size}`,
      { headers: sessionHeaders(session) },
    );
  }
  const length = request.headers['content-length'];
  if (length !== undefined && Number(length) !== range.end - range.start + 1) {
    throw new EmbeddedError(
      'SIZE_INVALID',
      'cannot append to upload: Content-Range and Content-Length disagree',
    );
  }
}

async function finishWith(exchange: Exchange, session: UploadSession, digest: Digest): Promise<void> {
  const { uploads, repositories } = exchange;
  await uploads.finish(session, digest);
  await repositories.linkBlob(session.repository, digest);
  answerBlob(exchange, session.repository, digest);
}

function answerBlob(exchange: Exchange, name: string, digest: Digest): void {
  answer(exchange, 201, { Location: `/v2/${name}/blobs/${digest}`, 'Docker-Content-Digest': digest });
}

function answerSession(exchange: Exchange, status: 202 | 204, session: UploadSession): void {
  answer(exchange, status, sessionHeaders(session));
}

function sessionHeaders({ repository, id, size }: UploadSession): Record<string, string> {
  return {
    Location: `/v2/${repository}/blobs/uploads/${id}`,
    // For an empty upload too: clients expect the form of the reference implementation.
    Range: `0-${Math.max(0, size - 1)}`,
    'Docker-Upload-UUID': id,
  };
}
