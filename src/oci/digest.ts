import { createHash, hash } from 'node:crypto';
import { OciError } from './oci-error.ts';

/** The hash functions that the OCI image specification registers and that this room verifies. */
export type DigestAlgorithm = 'sha256' | 'sha512';

/** A content digest, `algorithm:lower-case-hex` (OCI image specification, "Digests"). */
export type Digest = `sha256:${string}` | `sha512:${string}`;

/** A digest under way: feed bytes with `update`, then call `digest` once. */
export interface RunningDigest {
  update(bytes: Uint8Array): void;
  digest(): Digest;
}

const DIGEST = /^(?:sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/u;

/** Tells whether the text is a complete sha256 or sha512 digest. */
export function isDigest(text: string): text is Digest {
  return DIGEST.test(text);
}

/**
 * Reads a digest.
 * @throws {OciError} code `invalid-digest`
 */
export function parseDigest(text: string): Digest {
  if (isDigest(text)) return text;
  throw new OciError(
    'invalid-digest',
    `cannot read digest ${JSON.stringify(text.slice(0, 160))}: write sha256: and 64 lower-case hex digits, or sha512: and 128`,
  );
}

/** The algorithm part of a digest. */
export function digestAlgorithm(digest: Digest): DigestAlgorithm {
  return digest.startsWith('sha512:') ? 'sha512' : 'sha256';
}

/** The hex part of a digest. */
export function digestHex(digest: Digest): string {
  return digest.slice('sha256:'.length);
}

/** The sha256 digest of the bytes. */
export function sha256(bytes: Uint8Array): Digest {
  return `sha256:${hash('sha256', bytes, 'hex')}`;
}

/** The digest of the bytes under the given algorithm. */
export function digestOf(bytes: Uint8Array, algorithm: DigestAlgorithm): Digest {
  return `${algorithm}:${hash(algorithm, bytes, 'hex')}`;
}

/** Starts a digest over bytes that arrive in pieces. */
export function startDigest(algorithm: DigestAlgorithm): RunningDigest {
  const running = createHash(algorithm);
  return {
    update: (bytes) => void running.update(bytes),
    digest: () => `${algorithm}:${running.digest('hex')}`,
  };
}
