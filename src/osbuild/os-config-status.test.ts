import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MachineOSConfig } from '../api/index.ts';
import { osConfigStatus } from './os-config-status.ts';
import { DIGEST_A, NOW, osConfigOf } from './test-build-objects.ts';

const IMAGE = `registry.example.com/team/os@${DIGEST_A}`;
const BUILT = { build: 'worker-1', image: IMAGE, isSeeded: false, now: NOW };

function generation(number: number, status?: MachineOSConfig['status']): MachineOSConfig {
  const osConfig = osConfigOf({}, {}, status);
  return { ...osConfig, metadata: { ...osConfig.metadata, generation: number } };
}

const DONE = {
  observedGeneration: 3,
  currentImagePullSpec: IMAGE,
  machineOSBuild: {
    group: 'machineconfiguration.openshift.io',
    resource: 'machineosbuilds',
    name: 'worker-1',
  },
};

test('osConfigStatus() has the image and the build that made it', () => {
  assert.deepEqual(osConfigStatus(generation(3), BUILT), DONE);
});

test('osConfigStatus() keeps what it does not speak of', () => {
  const conditions = [
    {
      type: 'Seeded',
      status: 'True' as const,
      lastTransitionTime: '2026-01-01T00:00:00Z',
      reason: 'PreBuiltImageSeeded',
      message: '',
    },
  ];
  assert.deepEqual(osConfigStatus(generation(3, { conditions }), BUILT), { conditions, ...DONE });
});

test('osConfigStatus() has nothing to write the second time', () => {
  assert.equal(osConfigStatus(generation(3, DONE), BUILT), undefined);
});

test('osConfigStatus() does not go back to an earlier generation', () => {
  assert.equal(osConfigStatus(generation(2, DONE), BUILT), undefined);
});

test('osConfigStatus() says of an image that had been built before that it had', () => {
  const seeded = osConfigStatus(generation(3), { ...BUILT, isSeeded: true });
  const condition = {
    type: 'Seeded',
    status: 'True',
    lastTransitionTime: '2026-03-01T12:00:00Z',
    reason: 'PreBuiltImageSeeded',
    message: `Began with ${IMAGE}, which had been built before`,
  };
  assert.deepEqual(seeded, { ...DONE, conditions: [condition] });
  const later = new Date(NOW.getTime() + 60_000);
  const stored = generation(3, seeded);
  assert.equal(osConfigStatus(stored, { ...BUILT, isSeeded: true, now: later }), undefined);
});
