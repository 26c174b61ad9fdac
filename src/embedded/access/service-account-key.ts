import { createHash, createPublicKey, type KeyObject } from 'node:crypto';
import type { JsonObject } from '../../schema/index.ts';

/** The RSA key pair that signs service account tokens (RS256). */
export interface ServiceAccountKey {
  /** `kid`: the hash of the public key, as kube-apiserver makes it. */
  readonly id: string;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

export function serviceAccountKey(privateKey: KeyObject): ServiceAccountKey {
  const publicKey = createPublicKey(privateKey);
  const encoded = publicKey.export({ type: 'spki', format: 'der' });
  return { id: createHash('sha256').update(encoded).digest('base64url'), privateKey, publicKey };
}

/** What `/openid/v1/jwks` answers: the public keys with which tokens can be verified. */
export function keySetDocument(key: ServiceAccountKey): JsonObject {
  const { n, e } = key.publicKey.export({ format: 'jwk' });
  return { keys: [{ use: 'sig', kty: 'RSA', kid: key.id, alg: 'RS256', n: n ?? '', e: e ?? '' }] };
}

/**
 * What `/.well-known/openid-configuration` answers.
 * @param serverUrl where clients reach the API server, without a slash at its end
 */
export function openIdConfiguration(issuer: string, serverUrl: string): JsonObject {
  return {
    issuer,
    jwks_uri: `${serverUrl}/openid/v1/jwks`,
    response_types_supported: ['id_token'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['RS256'],
  };
}
