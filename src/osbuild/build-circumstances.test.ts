import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildCircumstances, buildSecrets } from './build-circumstances.ts';
import { osConfigOf } from './test-build-objects.ts';

const secret = (uid: string, resourceVersion: string): { metadata: { name: string; uid: string } } => {
  const metadata = { name: 'push', uid, resourceVersion };
  return { metadata };
};

test('buildSecrets() takes one for both where the user names the same', () => {
  const osConfig = osConfigOf({ baseImagePullSecret: { name: 'push' } });
  assert.deepEqual(buildSecrets(osConfig, 'cluster'), { pull: 'push', push: 'push' });
});

test("buildSecrets() pulls with the cluster's secret where none is named", () => {
  assert.deepEqual(buildSecrets(osConfigOf(), 'cluster'), { pull: 'cluster', push: 'push' });
});

test('buildCircumstances() tells versions, whatever the order', () => {
  const text = 'pull:missing push:uid/7';
  assert.equal(buildCircumstances({ push: secret('uid', '7'), pull: undefined }), text);
  assert.equal(buildCircumstances({ pull: undefined, push: secret('uid', '7') }), text);
});

test('buildCircumstances() differ for a secret that changed, was made anew, came or went', () => {
  const all = [secret('uid', '7'), secret('uid', '8'), secret('other', '7'), undefined].map((push) =>
    buildCircumstances({ push }),
  );
  assert.equal(new Set(all).size, all.length);
});
