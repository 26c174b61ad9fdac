import assert from 'node:assert/strict';
import { test } from 'node:test';
import { saltedHash } from './index.ts';
import type { JsonValue } from '../ignition/index.ts';

// contract §4.3: a vector of the contract's own tests, recomputed.
const IMAGE = 'registry.hostname.com/org/repo@sha256 string = ';
const RELEASE = {
  BaseOSContainerImage: `${IMAGE}220a60ecd4a3c32c282622a625a54db9ba0ff55b5ba9c29c7064a2bc358b6a3e`,
  BaseOSExtensionsContainerImage: `${IMAGE}5fb4ba1a651bae8057ec6b5cdafc93fa7e0b7d944d6f02a4b751de4e15464def`,
  OSImageURL: '',
  ReleaseVersion: 'release-version',
};

function osConfigSpec(containerFile: JsonValue): JsonValue {
  return {
    containerFile,
    imageBuilder: { imageBuilderType: 'Job' },
    machineConfigPool: { name: 'worker' },
    renderedImagePushSecret: { name: '' },
    renderedImagePushSpec: 'registry.hostname.com/org/repo:latest',
  };
}

test('saltedHash() reproduces the golden vectors of MachineOSBuild names', () => {
  assert.equal(saltedHash({}, osConfigSpec([]), RELEASE), '699e6be74658adcb3ff2b48f32cd1584');
  assert.equal(saltedHash({}, osConfigSpec(null), RELEASE), 'a45fa0692b2e163b920ef1e7d0d2aac8');
});

test('saltedHash() depends on the order of documents, not of members', () => {
  assert.equal(saltedHash({ a: 1, b: 2 }), saltedHash({ b: 2, a: 1 }));
  assert.notEqual(saltedHash({ a: 1 }, {}), saltedHash({}, { a: 1 }));
});
