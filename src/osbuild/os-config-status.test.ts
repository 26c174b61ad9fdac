import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MachineOSConfig } from '../api/index.ts';
import { osConfigStatus } from './os-config-status.ts';
import { DIGEST_A, osConfigOf } from './test-build-objects.ts';

const IMAGE = `registry.example.com/team/os@${DIGEST_A}`;

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
  assert.deepEqual(osConfigStatus(generation(3), 'worker-1', IMAGE), DONE);
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
  assert.deepEqual(osConfigStatus(generation(3, { conditions }), 'worker-1', IMAGE), { conditions, ...DONE });
});

test('osConfigStatus() has nothing to write the second time', () => {
  assert.equal(osConfigStatus(generation(3, DONE), 'worker-1', IMAGE), undefined);
});

test('osConfigStatus() does not go back to an earlier generation', () => {
  assert.equal(osConfigStatus(generation(2, DONE), 'worker-1', IMAGE), undefined);
});
