import { createHash } from 'node:crypto';
import type { ControllerConfig } from '../api/index.ts';
import { type CertificateField, readCertificates } from '../osbuild/index.ts';

/** Certificate authorities that a ControllerConfig names for registries. */
export interface TrustBundle {
  /** PEM, one certificate each. */
  readonly certificates: readonly string[];
  /** The same for the same certificates; empty without any. */
  readonly version: string;
}

/** What was read before: a bundle of a distribution has a hundred certificates, and everything about a pool asks for it. */
const known = new WeakMap<ControllerConfig, Map<string, TrustBundle>>();

/**
 * The authorities that a ControllerConfig names: those in `spec.additionalTrustBundle`, and those that it has for one
 * of the registries (contract §1.6).
 *
 * @param registries `host[:port]`
 * @throws OsBuildError `invalid-trust-bundle` that names the field, and the certificate in it that is at fault
 */
export function trustBundle(
  controllerConfig: ControllerConfig | undefined,
  registries: readonly string[],
): TrustBundle {
  if (controllerConfig === undefined) return { certificates: [], version: '' };
  const bundles = known.get(controllerConfig) ?? new Map<string, TrustBundle>();
  known.set(controllerConfig, bundles);
  const key = registries.join(' ');
  const bundle = bundles.get(key) ?? readBundle(controllerConfig, registries);
  bundles.set(key, bundle);
  return bundle;
}

function readBundle({ metadata, spec }: ControllerConfig, registries: readonly string[]): TrustBundle {
  const sources: readonly CertificateField[] = [
    { field: 'spec.additionalTrustBundle', data: spec.additionalTrustBundle ?? '' },
    ...forRegistries('spec.imageRegistryBundleData', spec.imageRegistryBundleData, registries),
    ...forRegistries('spec.imageRegistryBundleUserData', spec.imageRegistryBundleUserData, registries),
  ];
  const certificates = [...new Set(sources.flatMap((source) => readCertificates(metadata.name, source)))];
  const version =
    certificates.length === 0 ? '' : createHash('sha256').update(certificates.join('\n')).digest('hex');
  return { certificates, version };
}

/** A file is named after its registry, with two dots for the colon that a ConfigMap's key cannot have. */
function forRegistries(
  field: string,
  files: ControllerConfig['spec']['imageRegistryBundleData'],
  registries: readonly string[],
): readonly CertificateField[] {
  return (files ?? []).flatMap(({ file, data }, index) =>
    registries.includes(file.replace('..', ':')) ? [{ field: `${field}[${index}].data`, data }] : [],
  );
}
