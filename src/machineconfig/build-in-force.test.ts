import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CURRENT_BUILD_ANNOTATION } from '../api/index.ts';
import { buildInForce, layeredGate } from './build-in-force.ts';
import { IMAGE, build, osConfig } from './test-builds.ts';
import { pool } from './test-objects.ts';
import type { LayeredGate } from './build-in-force.ts';
import type { MachineOSBuild, MachineOSConfig } from '../api/index.ts';

const OTHER_IMAGE = IMAGE.replaceAll('a', 'b');
const wait = (message: string): LayeredGate => ({ kind: 'wait', message });

// Contract, appendix A.4.
const GATES: Readonly<
  Record<string, [MachineOSConfig | undefined, MachineOSBuild | undefined, LayeredGate]>
> = {
  'neither: the pool is not layered': [undefined, undefined, { kind: 'not-layered' }],
  'a MachineOSConfig alone waits': [
    osConfig(),
    undefined,
    wait('MachineOSConfig infra has no MachineOSBuild yet'),
  ],
  'a MachineOSBuild alone waits': [
    undefined,
    build('succeeded', { image: IMAGE }),
    wait('MachineOSBuild infra-1 is left of a MachineOSConfig that is gone'),
  ],
  'no image yet waits': [
    osConfig(),
    build('succeeded', { image: IMAGE }),
    wait('MachineOSConfig infra has no image yet'),
  ],
  'success and the same digest goes': [
    osConfig(IMAGE),
    build('succeeded', { image: IMAGE }),
    { kind: 'go', machineConfig: 'rendered-infra-1', image: IMAGE },
  ],
  'success and another digest waits': [
    osConfig(IMAGE),
    build('succeeded', { image: OTHER_IMAGE }),
    wait('MachineOSConfig infra does not have the image of MachineOSBuild infra-1 yet'),
  ],
  'success without a digest waits': [
    osConfig(IMAGE),
    build('succeeded'),
    wait('MachineOSConfig infra does not have the image of MachineOSBuild infra-1 yet'),
  ],
  'a failed build is an error': [
    osConfig(IMAGE),
    build('failed'),
    { kind: 'failed', message: 'MachineOSBuild infra-1 failed' },
  ],
  'a failed build is an error without an image, too': [
    osConfig(),
    build('failed'),
    { kind: 'failed', message: 'MachineOSBuild infra-1 failed' },
  ],
  'a prepared build waits': [
    osConfig(IMAGE),
    build('prepared'),
    wait('MachineOSBuild infra-1 is not finished'),
  ],
  'a running build waits': [
    osConfig(IMAGE),
    build('building'),
    wait('MachineOSBuild infra-1 is not finished'),
  ],
  'a build without conditions waits': [
    osConfig(IMAGE),
    build('none'),
    wait('MachineOSBuild infra-1 is not finished'),
  ],
  'an interrupted build waits': [
    osConfig(IMAGE),
    build('interrupted'),
    wait('MachineOSBuild infra-1 was interrupted'),
  ],
};

for (const [sentence, [config, current, expected]] of Object.entries(GATES)) {
  test(`layeredGate(): ${sentence}`, () => {
    assert.deepEqual(layeredGate(config, current), expected);
  });
}

const target = pool('infra', { configuration: { name: 'rendered-infra-1' } });
const old = build('succeeded', { name: 'infra-old', created: '2026-01-01T00:00:00Z' });
const young = build('building', { name: 'infra-young', created: '2026-01-02T00:00:00Z' });
const stale = build('succeeded', { name: 'infra-stale', machineConfig: 'rendered-infra-0' });

test('buildInForce() is the build that the MachineOSConfig names', () => {
  const config = osConfig(IMAGE, { [CURRENT_BUILD_ANNOTATION]: 'infra-old' });
  assert.equal(buildInForce(target, config, [young, old]), old);
});

test('buildInForce() is not one of another configuration, even if the MachineOSConfig names it', () => {
  const config = osConfig(IMAGE, { [CURRENT_BUILD_ANNOTATION]: 'infra-stale' });
  assert.equal(buildInForce(target, config, [stale, old, young]), young);
  assert.equal(buildInForce(target, config, [stale]), undefined);
});

test('buildInForce() is not one of another MachineOSConfig', () => {
  const config = { ...osConfig(), metadata: { name: 'worker' } };
  assert.equal(buildInForce(target, config, [old, young]), undefined);
});
