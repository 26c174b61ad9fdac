import { createHash, X509Certificate } from 'node:crypto';
import type { ControllerConfig } from '../api/index.ts';
import { OsBuildError } from '../osbuild/index.ts';

/** Certificate authorities that a ControllerConfig names for registries. */
export interface TrustBundle {
  /** PEM, one certificate each. */
  readonly certificates: readonly string[];
  /** The same for the same certificates; empty without any. */
  readonly version: string;
}

const NONE: TrustBundle = { certificates: [], version: '' };
const CERTIFICATE = /-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/gu;
const BASE64 = /^[A-Za-z0-9+/\s]*={0,2}\s*$/u;
const FIELD = 'spec.additionalTrustBundle';

/** By object: a bundle of a distribution has a hundred certificates, and everything about a pool asks for it. */
const read = new WeakMap<ControllerConfig, TrustBundle>();

/**
 * The authorities in `spec.additionalTrustBundle` of a ControllerConfig.
 *
 * @throws OsBuildError `invalid-trust-bundle` that names the certificate at fault
 */
export function trustBundle(controllerConfig: ControllerConfig | undefined): TrustBundle {
  const data = controllerConfig?.spec.additionalTrustBundle ?? '';
  if (controllerConfig === undefined || data === '') return NONE;
  const known = read.get(controllerConfig);
  if (known !== undefined) return known;
  const { name } = controllerConfig.metadata;
  if (!BASE64.test(data)) throw refuse(name, 'is not base64');
  const text = Buffer.from(data, 'base64').toString('utf8');
  const certificates = text.match(CERTIFICATE) ?? [];
  if (certificates.length === 0 && text.trim() !== '') throw refuse(name, 'holds no PEM certificate');
  for (const [index, certificate] of certificates.entries()) {
    if (!isCertificate(certificate)) throw refuse(name, `certificate ${index + 1} cannot be read`);
  }
  const version = certificates.length === 0 ? '' : createHash('sha256').update(text).digest('hex');
  const bundle = { certificates, version };
  read.set(controllerConfig, bundle);
  return bundle;
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).raw.length > 0;
  } catch {
    return false;
  }
}

function refuse(name: string, reason: string): OsBuildError {
  return new OsBuildError(
    'invalid-trust-bundle',
    `cannot trust the authorities of ControllerConfig ${JSON.stringify(name)}: ${FIELD}: ${reason}; write PEM certificates in base64`,
    { field: FIELD },
  );
}
