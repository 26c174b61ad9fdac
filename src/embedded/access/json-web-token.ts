import { sign, verify } from 'node:crypto';
import { isJsonObject, type JsonObject } from '../../schema/index.ts';
import type { ServiceAccountKey } from './service-account-key.ts';

/** Longer ones are not looked at; the longest that is issued here has some 2 KiB. */
export const longestToken = 16 * 1024;

/** A token that carries its claims and their signature (RFC 7519), in the one form that is used here: RS256. */
export function signToken(claims: JsonObject, key: ServiceAccountKey): string {
  const header = { alg: 'RS256', kid: key.id };
  const signed = `${encode(header)}.${encode(claims)}`;
  return `${signed}.${sign('RSA-SHA256', Buffer.from(signed), key.privateKey).toString('base64url')}`;
}

/**
 * The claims of a token that this key signed; undefined for everything else. The algorithm is never taken from the token:
 * one that names another (`none`, or HS256 with the public key as the secret) is none.
 */
export function verifyToken(token: string, key: ServiceAccountKey): JsonObject | undefined {
  if (token.length > longestToken) return undefined;
  const parts = token.split('.');
  const [header = '', claims = '', signature = ''] = parts;
  if (parts.length !== 3 || !parts.every((part) => /^[A-Za-z0-9_-]+$/.test(part))) return undefined;
  const described = decode(header);
  if (described?.['alg'] !== 'RS256' || described['kid'] !== key.id || 'crit' in described) return undefined;
  const bytes = Buffer.from(signature, 'base64url');
  // The last character has bits that mean nothing; with others there, the same token would have several spellings.
  if (bytes.toString('base64url') !== signature) return undefined;
  const isGenuine = verify('RSA-SHA256', Buffer.from(`${header}.${claims}`), key.publicKey, bytes);
  return isGenuine ? decode(claims) : undefined;
}

function encode(value: JsonObject): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

function decode(part: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
    return isJsonObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
