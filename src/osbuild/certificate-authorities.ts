import { X509Certificate } from 'node:crypto';
import type { ControllerConfig } from '../api/index.ts';
import { OsBuildError } from './osbuild-error.ts';

/** A member of a ControllerConfig that holds certificates. */
export interface CertificateField {
  readonly field: string;
  /** PEM in base64. */
  readonly data: string;
}

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/gu;
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/u;

/**
 * The authorities that users have the cluster trust: `spec.additionalTrustBundle` (contract §1.6), as PEM, one certificate each.
 *
 * @throws OsBuildError `invalid-trust-bundle` that names the field, and the certificate in it that is at fault
 */
export function readAuthorities(config: ControllerConfig | undefined): readonly string[] {
  const data = config?.spec.additionalTrustBundle ?? '';
  return config === undefined
    ? []
    : readCertificates(config.metadata.name, { field: 'spec.additionalTrustBundle', data });
}

/**
 * The certificates in a field of a ControllerConfig.
 *
 * @throws OsBuildError `invalid-trust-bundle`
 */
export function readCertificates(name: string, { field, data }: CertificateField): readonly string[] {
  const refuse = (reason: string): OsBuildError =>
    new OsBuildError(
      'invalid-trust-bundle',
      `cannot trust the authorities of ControllerConfig ${JSON.stringify(name)}: ${field}: ${reason}; write PEM certificates in base64`,
      { field },
    );
  if (!BASE64.test(data.replaceAll(/\s/gu, ''))) throw refuse('is not base64');
  const text = Buffer.from(data, 'base64').toString('utf8');
  const certificates = text.match(CERTIFICATE) ?? [];
  if (certificates.length === 0 && text.trim() !== '') throw refuse('holds no PEM certificate');
  for (const [index, certificate] of certificates.entries()) {
    if (!isCertificate(certificate)) throw refuse(`certificate ${index + 1} cannot be read`);
  }
  return certificates;
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).raw.length > 0;
  } catch {
    return false;
  }
}
