import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rootCertificates } from 'node:tls';
import type { ControllerConfig } from '../api/index.ts';
import { OsBuildError } from '../osbuild/index.ts';
import { controllerConfig } from './test-view.ts';
import { trustBundle } from './trust-bundle.ts';

const [FIRST = '', SECOND = '', THIRD = ''] = rootCertificates;
const base64 = (text: string): string => Buffer.from(text).toString('base64');

function configOf(spec: Partial<ControllerConfig['spec']>): ControllerConfig {
  const config = controllerConfig('registry.example.com/os');
  return { ...config, spec: { ...config.spec, ...spec } };
}

test('trustBundle() reads the bundle for all, and the files of the registries that are asked for', () => {
  const config = configOf({
    additionalTrustBundle: base64(`# ours\n${FIRST}\n${SECOND}\n`),
    imageRegistryBundleData: [{ file: 'registry.example.com..5000', data: base64(THIRD) }],
    imageRegistryBundleUserData: [{ file: 'other.example.com', data: 'no base64!' }],
  });
  assert.deepEqual(trustBundle(config, []).certificates, [FIRST, SECOND]);
  const bundle = trustBundle(config, ['registry.example.com:5000']);
  assert.deepEqual(bundle.certificates, [FIRST, SECOND, THIRD]);
  assert.notEqual(bundle.version, trustBundle(config, []).version);
  assert.equal(trustBundle(config, []), trustBundle(config, []));
});

test('trustBundle() is empty where nothing is said', () => {
  const none = { certificates: [], version: '' };
  assert.deepEqual(trustBundle(undefined, []), none);
  assert.deepEqual(trustBundle(configOf({}), []), none);
  assert.deepEqual(trustBundle(configOf({ additionalTrustBundle: base64('\n') }), []), none);
});

const BAD: Readonly<Record<string, readonly [Partial<ControllerConfig['spec']>, string]>> = {
  'no base64': [{ additionalTrustBundle: '%%%' }, 'spec.additionalTrustBundle: is not base64'],
  'no PEM': [
    { additionalTrustBundle: base64('hello') },
    'spec.additionalTrustBundle: holds no PEM certificate',
  ],
  'a damaged certificate': [
    { additionalTrustBundle: base64(`${FIRST}\n${SECOND.slice(0, 200)}\n-----END CERTIFICATE-----`) },
    'spec.additionalTrustBundle: certificate 2 cannot be read',
  ],
  "a registry's file": [
    { imageRegistryBundleUserData: [{ file: 'r.example.com', data: base64('hello') }] },
    'spec.imageRegistryBundleUserData[0].data: holds no PEM certificate',
  ],
};

for (const [what, [spec, says]] of Object.entries(BAD)) {
  test(`trustBundle() refuses ${what}`, () => {
    assert.throws(
      () => trustBundle(configOf(spec), ['r.example.com']),
      (error) =>
        error instanceof OsBuildError &&
        error.code === 'invalid-trust-bundle' &&
        error.message ===
          `cannot trust the authorities of ControllerConfig "machine-config-controller": ${says}; write PEM certificates in base64`,
    );
  });
}
