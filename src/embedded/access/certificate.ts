import { createHash, type KeyObject, sign } from 'node:crypto';
import { parseIp } from '../../schema/index.ts';
import {
  bitString,
  contextTag,
  integer,
  objectIdentifier,
  octetString,
  sequence,
  setOfOne,
  time,
  trueValue,
  utf8String,
} from './der.ts';

/** Whom a certificate names: for Kubernetes, CN is the user and each O a group. */
export interface CertificateName {
  readonly commonName: string;
  readonly organizations: readonly string[];
}

/** What shall be in a certificate. Keys are of the curve P-256; the signature is ECDSA with SHA-256. */
export interface CertificateContents {
  readonly subject: CertificateName;
  readonly publicKey: KeyObject;
  /** Who signs; an authority's own certificate has its own name and keys here. */
  readonly issuer: {
    readonly name: CertificateName;
    readonly publicKey: KeyObject;
    readonly privateKey: KeyObject;
  };
  /** At most 20 random bytes. */
  readonly serialNumber: Uint8Array;
  /** Milliseconds since 1970; the certificate has seconds. */
  readonly notBefore: number;
  readonly notAfter: number;
  readonly purpose: 'authority' | 'server' | 'client';
  /** DNS names and IP addresses for which a server may show it. */
  readonly hosts?: readonly string[];
}

/**
 * Creates and signs an X.509 v3 certificate. node:crypto reads certificates but cannot make them; what a cluster needs of
 * RFC 5280 is little enough to be written here, and `openssl verify` is a test of it.
 * @returns PEM
 */
export function createCertificate(contents: CertificateContents): string {
  const signed = toBeSigned(contents);
  const signature = sign('sha256', signed, { key: contents.issuer.privateKey, dsaEncoding: 'der' });
  const certificate = sequence(signed, signatureAlgorithm(), bitString(signature));
  const lines = certificate.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}

const version3 = 2;

function toBeSigned(contents: CertificateContents): Buffer {
  return sequence(
    contextTag(0, 'explicit', integer(Buffer.of(version3))),
    integer(contents.serialNumber),
    signatureAlgorithm(),
    distinguishedName(contents.issuer.name),
    sequence(time(contents.notBefore), time(contents.notAfter)),
    distinguishedName(contents.subject),
    publicKeyInfo(contents.publicKey),
    contextTag(3, 'explicit', sequence(...extensions(contents))),
  );
}

function extensions(contents: CertificateContents): Buffer[] {
  const isAuthority = contents.purpose === 'authority';
  const list = [
    extension('2.5.29.19', 'critical', isAuthority ? sequence(trueValue()) : sequence()),
    extension('2.5.29.15', 'critical', isAuthority ? authorityUse : endEntityUse),
    extension('2.5.29.14', 'informative', octetString(keyIdentifier(contents.publicKey))),
    extension(
      '2.5.29.35',
      'informative',
      sequence(contextTag(0, 'implicit', keyIdentifier(contents.issuer.publicKey))),
    ),
  ];
  if (!isAuthority) {
    const use = contents.purpose === 'server' ? '1.3.6.1.5.5.7.3.1' : clientAuthentication;
    list.push(extension('2.5.29.37', 'informative', sequence(objectIdentifier(use))));
  }
  if (contents.hosts !== undefined && contents.hosts.length > 0) {
    list.push(extension('2.5.29.17', 'informative', sequence(...contents.hosts.map(generalName))));
  }
  return list;
}

/** The extended key usage without which a certificate logs nobody in. */
export const clientAuthentication = '1.3.6.1.5.5.7.3.2';

/** keyCertSign and cRLSign, bits 5 and 6. */
const authorityUse: Buffer = bitString(Buffer.of(0b0000_0110), 1);
/** digitalSignature, bit 0. */
const endEntityUse: Buffer = bitString(Buffer.of(0b1000_0000), 7);

function extension(identifier: string, weight: 'critical' | 'informative', value: Buffer): Buffer {
  const name = objectIdentifier(identifier);
  return weight === 'critical'
    ? sequence(name, trueValue(), octetString(value))
    : sequence(name, octetString(value));
}

function generalName(host: string): Buffer {
  const address = parseIp(host);
  return address === undefined
    ? contextTag(2, 'implicit', Buffer.from(host, 'latin1'))
    : contextTag(7, 'implicit', Buffer.from(address.bytes));
}

function distinguishedName(name: CertificateName): Buffer {
  return sequence(
    ...name.organizations.map((organization) => nameAttribute('2.5.4.10', organization)),
    nameAttribute('2.5.4.3', name.commonName),
  );
}

function nameAttribute(identifier: string, value: string): Buffer {
  return setOfOne(sequence(objectIdentifier(identifier), utf8String(value)));
}

/** ecdsa-with-SHA256. */
function signatureAlgorithm(): Buffer {
  return sequence(objectIdentifier('1.2.840.10045.4.3.2'));
}

function publicKeyInfo(key: KeyObject): Buffer {
  return key.export({ type: 'spki', format: 'der' });
}

/** 160 bits of a SHA-256, as RFC 7093 §2 proposes: it tells keys apart and proves nothing. */
function keyIdentifier(key: KeyObject): Buffer {
  return createHash('sha256').update(publicKeyInfo(key)).digest().subarray(0, 20);
}
