import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pushConflict } from './push-conflict.ts';
import { osConfigOf } from './test-images.ts';

const at = (second: number): { readonly creationTimestamp: string } => ({
  creationTimestamp: `2026-01-01T00:00:0${second}Z`,
});
const older = osConfigOf('worker', {}, at(1));
const younger = osConfigOf('worker-external', {}, at(2));

test('pushConflict() refuses the younger of two pools that take tags from each other', () => {
  assert.equal(
    pushConflict(younger, [older, younger]),
    'cannot build an image for MachineOSConfig "worker-external": spec.renderedImagePushSpec: pool worker pushes to registry.example.com/team/os, too, where tags of pool worker-external would take the place of its own; push to another repository',
  );
  assert.equal(pushConflict(older, [older, younger]), undefined);
});

test('pushConflict() lets pools share a repository whose tags differ, and others have one each', () => {
  assert.equal(pushConflict(osConfigOf('infra', {}, at(3)), [older, younger]), undefined);
  const elsewhere = osConfigOf(
    'worker-external',
    { renderedImagePushSpec: 'registry.example.com/b:x' },
    at(2),
  );
  assert.equal(pushConflict(elsewhere, [older, elsewhere]), undefined);
});

test('pushConflict() minds neither one that goes, nor one that pushes nowhere', () => {
  const going = osConfigOf('worker', {}, { ...at(1), deletionTimestamp: '2026-01-01T00:00:05Z' });
  const nowhere = osConfigOf('worker', { renderedImagePushSpec: 'UPPER/case' }, at(1));
  assert.equal(pushConflict(younger, [going, nowhere, younger]), undefined);
  assert.throws(() => pushConflict(nowhere, [nowhere]), { code: 'invalid-os-config' });
});
