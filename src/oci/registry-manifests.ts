import { type Digest, digestAlgorithm, digestHex, digestOf, isDigest, sha256 } from './digest.ts';
import { MAX_MANIFEST_BYTES, readJsonObject } from './documents.ts';
import { bareMediaType, isIndexType, isManifestType, MANIFEST_TYPES } from './media-type.ts';
import { OciError } from './oci-error.ts';
import { formatReference, type Reference } from './reference.ts';
import { deleteScope, pullScope, pushScope } from './registry-scope.ts';
import type { Answer, RegistrySession } from './registry-session.ts';

/** What a reference leads to. */
export interface ResolvedManifest {
  readonly digest: Digest;
  readonly mediaType: string;
  /** Bytes. */
  readonly size: number;
}

/** A manifest or index as the registry stores it, verified against its digest. */
export interface StoredManifest {
  readonly bytes: Uint8Array;
  readonly mediaType: string;
  readonly digest: Digest;
}

const ACCEPT = MANIFEST_TYPES.join(', ');

/** HEAD of a manifest, GET where the registry's answer to HEAD does not say enough; undefined when there is none. */
export async function resolveManifest(
  session: RegistrySession,
  ref: Reference,
  signal: AbortSignal | undefined,
): Promise<ResolvedManifest | undefined> {
  const answer = await session.send({
    action: `resolve ${formatReference(ref)}`,
    method: 'HEAD',
    target: manifestPath(ref),
    scopes: [pullScope(ref.repository)],
    headers: { accept: ACCEPT },
    accept: [200, 404, 405],
    signal,
  });
  answer.discard();
  if (answer.status === 404) return undefined;
  const digest = declaredDigest(answer);
  const mediaType = bareMediaType(answer.headers['content-type'] ?? '');
  const size = Number(answer.headers['content-length'] ?? Number.NaN);
  const known = isManifestType(mediaType) || isIndexType(mediaType);
  if (answer.status === 200 && digest !== undefined && known && Number.isSafeInteger(size)) {
    if (ref.digest !== undefined && digest !== ref.digest)
      throw mismatch(`resolve ${formatReference(ref)}`, session, digest);
    return { digest, mediaType, size };
  }
  const manifest = await readManifest(session, ref, signal);
  return manifest && { digest: manifest.digest, mediaType: manifest.mediaType, size: manifest.bytes.length };
}

/** GET of a manifest, verified; undefined when there is none. */
export async function readManifest(
  session: RegistrySession,
  ref: Reference,
  signal: AbortSignal | undefined,
): Promise<StoredManifest | undefined> {
  const answer = await openManifest(session, ref, [200, 404], signal);
  if (answer.status === 200) return receiveManifest(session, ref, answer);
  answer.discard();
  return undefined;
}

/**
 * GET of a manifest that has to be there.
 * @throws {OciError} code `not-found`; the message tells a missing repository from a missing manifest
 */
export async function requireManifest(
  session: RegistrySession,
  ref: Reference,
  signal: AbortSignal | undefined,
): Promise<StoredManifest> {
  return receiveManifest(session, ref, await openManifest(session, ref, [200], signal));
}

/**
 * PUT of a manifest under the reference's tag or digest; resolves with its digest.
 * @throws {OciError} code `blob-unknown` (see `digests`), `manifest-invalid`, `digest-mismatch`, …
 */
export async function writeManifest(
  session: RegistrySession,
  ref: Reference,
  bytes: Uint8Array,
  mediaType: string,
  signal: AbortSignal | undefined,
): Promise<Digest> {
  const action = `push manifest ${formatReference(ref)}`;
  const digest = ref.digest === undefined ? sha256(bytes) : digestOf(bytes, digestAlgorithm(ref.digest));
  if (ref.digest !== undefined && ref.digest !== digest) throw mismatch(action, session, digest);
  if (bytes.length > MAX_MANIFEST_BYTES) {
    throw new OciError(
      'too-large',
      `cannot ${action}: it has ${bytes.length} bytes, and registries take ${MAX_MANIFEST_BYTES}`,
      {
        registry: session.registry,
      },
    );
  }
  const answer = await session.send({
    action,
    method: 'PUT',
    target: `/v2/${ref.repository}/manifests/${ref.tag ?? digest}`,
    scopes: [pushScope(ref.repository)],
    headers: { 'content-type': mediaType },
    body: bytes,
    accept: [200, 201, 202],
    signal,
  });
  answer.discard();
  const stored = declaredDigest(answer);
  if (stored !== undefined && digestAlgorithm(stored) === digestAlgorithm(digest) && stored !== digest) {
    throw mismatch(action, session, stored);
  }
  return digest;
}

/** DELETE of a manifest by digest, else of a tag; false when there is none. */
export async function removeManifest(
  session: RegistrySession,
  ref: Reference,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const answer = await session.send({
    action: `delete manifest ${formatReference(ref)}`,
    method: 'DELETE',
    target: manifestPath(ref),
    scopes: [deleteScope(ref.repository)],
    accept: [200, 202, 204, 404],
    signal,
  });
  answer.discard();
  return answer.status !== 404;
}

/** The tag under which registries without a referrers API keep the list of a manifest's referrers. */
export function referrersTag(digest: Digest): string {
  return `${digestAlgorithm(digest)}-${digestHex(digest)}`.slice(0, 128);
}

function manifestPath(ref: Reference): string {
  return `/v2/${ref.repository}/manifests/${ref.digest ?? ref.tag ?? 'latest'}`;
}

function openManifest(
  session: RegistrySession,
  ref: Reference,
  accept: readonly number[],
  signal: AbortSignal | undefined,
): Promise<Answer> {
  return session.send({
    action: `read manifest ${formatReference(ref)}`,
    method: 'GET',
    target: manifestPath(ref),
    scopes: [pullScope(ref.repository)],
    headers: { accept: ACCEPT, 'accept-encoding': 'identity' },
    accept,
    signal,
  });
}

async function receiveManifest(
  session: RegistrySession,
  ref: Reference,
  answer: Answer,
): Promise<StoredManifest> {
  const action = `read manifest ${formatReference(ref)}`;
  let bytes: Uint8Array;
  try {
    bytes = await answer.bytes(MAX_MANIFEST_BYTES);
  } catch (error) {
    throw answer.failure(error);
  }
  const expected = ref.digest ?? declaredDigest(answer);
  const digest = expected === undefined ? sha256(bytes) : digestOf(bytes, digestAlgorithm(expected));
  if (expected !== undefined && digest !== expected) throw mismatch(action, session, digest);
  return { bytes, digest, mediaType: mediaTypeOf(action, session, answer, bytes) };
}

/** The declared type; for answers with a vague one, the document's own. */
function mediaTypeOf(action: string, session: RegistrySession, answer: Answer, bytes: Uint8Array): string {
  const declared = bareMediaType(answer.headers['content-type'] ?? '');
  if (isManifestType(declared) || isIndexType(declared)) return declared;
  const vague = ['', 'application/json', 'application/octet-stream', 'text/plain'].includes(declared);
  const own = vague ? readJsonObject('manifest', bytes, MAX_MANIFEST_BYTES)['mediaType'] : undefined;
  if (typeof own === 'string' && (isManifestType(own) || isIndexType(own))) return own;
  throw new OciError(
    'unsupported',
    `cannot ${action}: its type ${JSON.stringify(declared.slice(0, 100))} is neither an OCI nor a Docker schema 2 image or index`,
    { registry: session.registry },
  );
}

function declaredDigest(answer: Answer): Digest | undefined {
  const value = answer.headers['docker-content-digest'];
  return typeof value === 'string' && isDigest(value) ? value : undefined;
}

function mismatch(action: string, session: RegistrySession, found: Digest): OciError {
  return new OciError(
    'digest-mismatch',
    `cannot ${action}: its digest is ${found}, not the one asked for; the registry's storage or a proxy is at fault`,
    { registry: session.registry },
  );
}
