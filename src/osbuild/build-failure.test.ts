import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MachineConfigError } from '../machineconfig/index.ts';
import { OciError } from '../oci/index.ts';
import { buildFailure, retryClass } from './build-failure.ts';
import type { BuildFailureReason, RetryClass } from './build-failure.ts';
import { OsBuildError } from './osbuild-error.ts';

const CAUSES: Readonly<Record<string, [unknown, BuildFailureReason, RetryClass]>> = {
  'a registry that is down': [new OciError('unreachable', 'm'), 'RegistryUnreachable', 'soon'],
  'a registry that answers 500': [
    new OciError('registry-error', 'm', { status: 500 }),
    'RegistryError',
    'soon',
  ],
  'a registry that lies about a digest': [new OciError('digest-mismatch', 'm'), 'RegistryError', 'soon'],
  'a registry that wants us to slow down': [new OciError('rate-limited', 'm'), 'RegistryError', 'soon'],
  'a registry that does not know us': [new OciError('unauthorized', 'm'), 'RegistryRefused', 'later'],
  'a registry that says no': [new OciError('denied', 'm'), 'RegistryRefused', 'later'],
  'a registry without a certificate that we trust': [new OciError('tls', 'm'), 'RegistryUntrusted', 'later'],
  'a base that is not there': [new OsBuildError('image-missing', 'm'), 'ImageMissing', 'later'],
  'an image that the registry does not know': [new OciError('not-found', 'm'), 'ImageMissing', 'later'],
  'a secret of the wrong form': [new OsBuildError('invalid-secret', 'm'), 'SecretInvalid', 'never'],
  'a secret whose entry is no credential': [new OciError('auth-file', 'm'), 'SecretInvalid', 'never'],
  'a base that does not boot': [new OsBuildError('base-not-bootable', 'm'), 'BaseUnusable', 'never'],
  'a base whose name is none': [new OciError('invalid-reference', 'm'), 'ImageNameInvalid', 'never'],
  'a push spec that is none': [new OsBuildError('invalid-os-config', 'm'), 'OSConfigInvalid', 'never'],
  'a push over the base': [new OsBuildError('push-over-base', 'm'), 'OSConfigInvalid', 'never'],
  packages: [new OsBuildError('needs-container-build', 'm'), 'BuildUnsupported', 'later'],
  'a path that no image holds': [new MachineConfigError('unplaceable', 'm'), 'ConfigurationInvalid', 'never'],
  'a pod that was evicted': [new OsBuildError('evicted', 'm'), 'Evicted', 'soon'],
  'a build that took too long': [new OsBuildError('timeout', 'm'), 'TimedOut', 'later'],
  'a cluster that runs no builder': [new OsBuildError('builder-refused', 'm'), 'BuilderRefused', 'later'],
  'a full disk': [new OsBuildError('cache', 'm'), 'BuilderStorage', 'soon'],
};

for (const [sentence, [error, reason, when]] of Object.entries(CAUSES)) {
  test(`buildFailure(): ${sentence} is ${reason}, retried ${when}`, () => {
    assert.deepEqual(buildFailure(error), { reason, message: 'm' });
    assert.equal(retryClass(reason), when);
  });
}

test('buildFailure() does not repeat what an unexpected error says', () => {
  const message = 'cannot build the image: an unexpected TypeError in Varve; the log has more';
  assert.deepEqual(buildFailure(new TypeError('password hunter2')), { reason: 'InternalError', message });
  assert.equal(
    buildFailure('hunter2').message,
    'cannot build the image: an unexpected string in Varve; the log has more',
  );
});

test('retryClass() tries again, in time, after a reason that is not ours', () => {
  assert.deepEqual(['Failed', '', 'constructor', '__proto__'].map(retryClass), Array(4).fill('later'));
});
