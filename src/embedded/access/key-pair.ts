import {
  createPrivateKey,
  createPublicKey,
  generateKeyPair,
  type KeyObject,
  randomBytes,
  X509Certificate,
} from 'node:crypto';
import { isIP } from 'node:net';
import { promisify } from 'node:util';
import { type CertificateName, clientAuthentication, createCertificate } from './certificate.ts';

/** A certificate and its private key, both as PEM. */
export interface KeyPair {
  readonly certificate: string;
  readonly privateKey: string;
}

/** A certificate that an authority shall issue, and for how long. */
export interface KeyPairRequest {
  readonly subject: CertificateName;
  readonly purpose: 'server' | 'client';
  readonly hosts: readonly string[];
  /** Milliseconds since 1970. */
  readonly now: number;
}

const day = 24 * 60 * 60 * 1000;

/** How long certificates are valid, and how long before their end they are replaced: as kubeadm does it. */
const validity = { authority: 3650 * day, endEntity: 365 * day };
const renewal = { authority: 365 * day, endEntity: 90 * day };

/** Clocks of clients may be a little behind. */
const backdating = 5 * 60 * 1000;

const newKeyPair = promisify(generateKeyPair);

/** A new private key for certificates: P-256. */
export async function createCertificateKey(): Promise<KeyObject> {
  const { privateKey } = await newKeyPair('ec', { namedCurve: 'P-256' });
  return privateKey;
}

/** A new private key for service account tokens: RSA with 2048 bits. */
export async function createTokenKey(): Promise<KeyObject> {
  const { privateKey } = await newKeyPair('rsa', { modulusLength: 2048 });
  return privateKey;
}

/** An authority's certificate for its own key. A later one for the same key verifies all that the first one did. */
export function issueAuthority(subject: CertificateName, key: KeyObject, now: number): string {
  const publicKey = createPublicKey(key);
  return createCertificate({
    subject,
    publicKey,
    issuer: { name: subject, publicKey, privateKey: key },
    serialNumber: randomBytes(16),
    notBefore: now - backdating,
    notAfter: now + validity.authority,
    purpose: 'authority',
  });
}

/** Whether an authority's certificate can be kept: it fits the key and does not end soon. */
export function isAuthorityCurrent(pem: string, key: KeyObject, now: number): boolean {
  const certificate = parseCertificate(pem);
  return (
    certificate !== undefined &&
    certificate.ca &&
    certificate.checkPrivateKey(key) &&
    isValidUntil(certificate, now, renewal.authority)
  );
}

/** A new key and a certificate for it. */
export async function issueKeyPair(
  request: KeyPairRequest,
  authority: { readonly name: CertificateName; readonly privateKey: KeyObject },
): Promise<KeyPair> {
  const privateKey = await createCertificateKey();
  const certificate = createCertificate({
    subject: request.subject,
    publicKey: createPublicKey(privateKey),
    issuer: {
      name: authority.name,
      publicKey: createPublicKey(authority.privateKey),
      privateKey: authority.privateKey,
    },
    serialNumber: randomBytes(16),
    notBefore: request.now - backdating,
    notAfter: request.now + validity.endEntity,
    purpose: request.purpose,
    hosts: request.hosts,
  });
  return { certificate, privateKey: privateKeyPem(privateKey) };
}

/** Whether a stored pair still is what was asked for: complete, of this authority, for these names, and not near its end. */
export function isKeyPairCurrent(pair: KeyPair, request: KeyPairRequest, authority: string): boolean {
  const certificate = parseCertificate(pair.certificate);
  const issuer = parseCertificate(authority);
  const key = parsePrivateKey(pair.privateKey);
  if (certificate === undefined || issuer === undefined || key === undefined) return false;
  const usage = certificate.keyUsage ?? [];
  return (
    certificate.checkPrivateKey(key) &&
    certificate.checkIssued(issuer) &&
    certificate.verify(issuer.publicKey) &&
    usage.includes(clientAuthentication) === (request.purpose === 'client') &&
    isSameName(certificateName(certificate), request.subject) &&
    request.hosts.every((host) => isFor(certificate, host)) &&
    isValidUntil(certificate, request.now, renewal.endEntity)
  );
}

/** The names in a certificate's subject; undefined if it has no common name, or several. */
export function certificateName(certificate: X509Certificate): CertificateName | undefined {
  const { subject } = certificate.toLegacyObject();
  // One value of an attribute is a text, several are a list.
  const values = new Map<string, unknown>(Object.entries(subject));
  const commonName = values.get('CN');
  if (typeof commonName !== 'string') return undefined;
  const organizations = [values.get('O') ?? []].flat();
  return {
    commonName,
    organizations: organizations.filter((organization) => typeof organization === 'string'),
  };
}

export function privateKeyPem(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' }).toString();
}

/** Undefined if the text is no private key. */
export function parsePrivateKey(pem: string): KeyObject | undefined {
  try {
    return createPrivateKey(pem);
  } catch {
    return undefined;
  }
}

function parseCertificate(pem: string): X509Certificate | undefined {
  try {
    return new X509Certificate(pem);
  } catch {
    return undefined;
  }
}

function isFor(certificate: X509Certificate, host: string): boolean {
  const matched = isIP(host) === 0 ? certificate.checkHost(host) : certificate.checkIP(host);
  return matched !== undefined;
}

function isSameName(one: CertificateName | undefined, other: CertificateName): boolean {
  return (
    one !== undefined &&
    one.commonName === other.commonName &&
    one.organizations.toSorted().join('\n') === other.organizations.toSorted().join('\n')
  );
}

function isValidUntil(certificate: X509Certificate, now: number, margin: number): boolean {
  return certificate.validFromDate.getTime() <= now && now + margin < certificate.validToDate.getTime();
}
