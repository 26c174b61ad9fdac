import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rootCertificates } from 'node:tls';
import type { KubeObject } from '../kube/index.ts';
import type { RegistrySecret } from '../osbuild/index.ts';
import { poolAccess, type AccessSources } from './registry-access.ts';
import { DEFAULT_SETTINGS } from './support.ts';
import { osConfigOf, secretOf } from './test-images.ts';
import { controllerConfig } from './test-view.ts';

const MINE = { baseImagePullSecret: { name: 'mine' } };

function sourcesOf(...secrets: readonly (RegistrySecret & KubeObject)[]): AccessSources {
  return {
    secret: (name) => secrets.find(({ metadata }) => metadata.name === name),
    controllerConfig: undefined,
    settings: { ...DEFAULT_SETTINGS, namespace: 'varve', certificateAuthorities: ['ours'] },
  };
}

test('poolAccess() takes the secrets that the MachineOSConfig names', () => {
  const sources = sourcesOf(secretOf('push', { a: {} }), secretOf('mine', { b: {} }));
  const { access } = poolAccess(osConfigOf('worker', MINE), sources);
  assert.deepEqual(access.pull, { name: 'mine', document: '{"auths":{"b":{}}}' });
  assert.deepEqual(access.push, { name: 'push', document: '{"auths":{"a":{}}}' });
  assert.deepEqual(access.certificateAuthorities, ['ours']);
});

test("poolAccess() pulls with the cluster's secret where none is named, and as anybody where there is none", () => {
  const osConfig = osConfigOf('worker');
  const cluster = secretOf('global-pull-secret-copy');
  assert.equal(
    poolAccess(osConfig, sourcesOf(secretOf('push'), cluster)).access.pull?.name,
    cluster.metadata.name,
  );
  assert.equal(poolAccess(osConfig, sourcesOf(secretOf('push'))).access.pull, undefined);
});

test('poolAccess() has another key, and other circumstances, whenever something about it differs', () => {
  const osConfig = osConfigOf('worker', MINE);
  const [push, mine] = [secretOf('push'), secretOf('mine')];
  const changed = { ...push, metadata: { ...push.metadata, resourceVersion: '2' } };
  const swapped = osConfigOf('worker', {
    baseImagePullSecret: { name: 'push' },
    renderedImagePushSecret: { name: 'mine' },
  });
  const config = controllerConfig('registry.example.com/os');
  const additionalTrustBundle = Buffer.from(rootCertificates[0] ?? '').toString('base64');
  const trusting = { ...config, spec: { ...config.spec, additionalTrustBundle } };
  const all = [
    poolAccess(osConfig, sourcesOf(push, mine)),
    poolAccess(osConfig, sourcesOf(changed, mine)),
    poolAccess(osConfigOf('worker'), sourcesOf(push)),
    poolAccess(osConfig, { ...sourcesOf(push, mine), controllerConfig: trusting }),
  ];
  assert.equal(new Set(all.map(({ key }) => key)).size, all.length);
  assert.equal(new Set(all.map(({ circumstances }) => circumstances)).size, all.length);
  assert.notEqual(poolAccess(swapped, sourcesOf(push, mine)).key, all[0]?.key);
  assert.equal(poolAccess(osConfig, sourcesOf(push, mine)).key, all[0]?.key);
});

test('poolAccess() names the secret that is missing, and the field that names it', () => {
  assert.throws(() => poolAccess(osConfigOf('worker'), sourcesOf()), {
    code: 'invalid-secret',
    message:
      'cannot use secret "varve/push", which MachineOSConfig "worker" names in spec.renderedImagePushSecret.name: there is none; create it, or name another',
  });
  assert.throws(() => poolAccess(osConfigOf('worker', MINE), sourcesOf(secretOf('push'))), {
    message: /^cannot use secret "varve\/mine", .* in spec\.baseImagePullSecret\.name: there is none/u,
  });
});
