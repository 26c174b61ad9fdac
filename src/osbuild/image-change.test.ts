import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MachineConfigSpec } from '../api/index.ts';
import { imageChange } from './image-change.ts';
import type { ImageChange } from './image-change.ts';
import { renderedConfig } from './test-build-objects.ts';

const BEFORE: MachineConfigSpec = {
  osImageURL: 'registry.example.com/base@sha256:1',
  baseOSExtensionsContainerImage: 'registry.example.com/extensions@sha256:1',
  config: { ignition: { version: '3.5.0' } },
  extensions: [],
  fips: false,
  kernelArguments: ['quiet'],
  kernelType: 'default',
};

const ignition = (sections: object): MachineConfigSpec => ({
  config: { ignition: { version: '3.5.0' }, ...sections },
});
const layer = (...fields: string[]): ImageChange => ({ kind: 'layer', fields });
const rebuild = (...fields: string[]): ImageChange => ({ kind: 'rebuild', fields });
const none: ImageChange = { kind: 'none', fields: [] };

// Contract, appendix A.2.
const CHANGES: Readonly<Record<string, [MachineConfigSpec, ImageChange]>> = {
  osImageURL: [{ osImageURL: 'registry.example.com/base@sha256:2' }, rebuild('spec.osImageURL')],
  kernelType: [{ kernelType: 'realtime' }, rebuild('spec.kernelType')],
  extensions: [{ extensions: ['usbguard'] }, rebuild('spec.extensions')],
  kernelArguments: [{ kernelArguments: ['quiet', 'nosmt'] }, rebuild('spec.kernelArguments')],
  'no kernelArguments': [{ kernelArguments: [] }, rebuild('spec.kernelArguments')],
  files: [ignition({ storage: { files: [{ path: '/etc/a' }] } }), layer('spec.config')],
  units: [ignition({ systemd: { units: [{ name: 'a.service' }] } }), layer('spec.config')],
  passwd: [ignition({ passwd: { users: [{ name: 'core' }] } }), layer('spec.config')],
  fips: [{ fips: true }, layer('spec.fips')],
  'the extensions image': [
    { baseOSExtensionsContainerImage: 'registry.example.com/extensions@sha256:2' },
    layer('spec.baseOSExtensionsContainerImage'),
  ],
  'files and kernelType': [
    { ...ignition({ storage: {} }), kernelType: '64k-pages' },
    rebuild('spec.config', 'spec.kernelType'),
  ],
  nothing: [{}, none],
  'the default written otherwise': [{ kernelType: '' }, none],
};

for (const [sentence, [more, expected]] of Object.entries(CHANGES)) {
  test(`imageChange(): ${sentence}: ${expected.kind}`, () => {
    const before = renderedConfig('rendered-worker-1', BEFORE);
    const after = renderedConfig('rendered-worker-2', { ...BEFORE, ...more });
    assert.deepEqual(imageChange(before, after), expected);
    assert.deepEqual(imageChange(after, before), expected);
  });
}

test('imageChange() takes what is absent, null or empty for the same', () => {
  const empty = renderedConfig('rendered-worker-1', {
    extensions: [],
    kernelArguments: null,
    kernelType: 'default',
    fips: false,
    osImageURL: '',
  });
  assert.deepEqual(imageChange(renderedConfig('rendered-worker-2'), empty), none);
});
