import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MachineConfig } from '../api/index.ts';
import { OS_IMAGE_OVERRIDDEN_ANNOTATION } from '../api/index.ts';
import { render, renderedOwner } from '../machineconfig/index.ts';
import { renderInput } from './render-input.ts';
import { putRight, renderedDifference, renderedObject } from './rendered-object.ts';
import { image, machineConfig, pool, testView, withFile } from './test-view.ts';

function objectOf(...machineConfigs: readonly MachineConfig[]): MachineConfig {
  return renderedObject(render(renderInput(testView({ machineConfigs }), pool('infra'))), pool('infra'));
}

const wanted = objectOf(machineConfig('50-motd', 'infra', withFile('/etc/motd', 'x')));
const overridden = objectOf(machineConfig('50-os', 'infra', { osImageURL: image('own', '9') }));

/** As a server gives it back. */
function stored(given: MachineConfig, metadata: Partial<MachineConfig['metadata']> = {}): MachineConfig {
  const server = { uid: 'uid-1', resourceVersion: '7', generation: 1 };
  return JSON.parse(
    JSON.stringify({ ...given, metadata: { ...given.metadata, ...server, ...metadata } }),
  ) as MachineConfig;
}

test('renderedObject() gives what is rendered to its pool', () => {
  assert.deepEqual(renderedOwner(wanted.metadata), { name: 'infra', uid: 'uid-infra' });
  assert.equal(wanted.metadata.labels, undefined);
  assert.equal(overridden.metadata.annotations?.[OS_IMAGE_OVERRIDDEN_ANNOTATION], 'true');
});

const other = { kind: 'MachineConfigPool', name: 'infra', uid: 'uid-of-before', controller: true };
const note = { annotations: { note: 'kept' } };
const edited = { ...wanted, spec: { ...wanted.spec, kernelArguments: ['quiet'] } };

const FOUND: Readonly<Record<string, [found: MachineConfig, wanted: MachineConfig, expected: string]>> = {
  'as it was made': [stored(wanted), wanted, 'none'],
  'as it was made, with another image': [stored(overridden), overridden, 'none'],
  'with a note of somebody’s': [stored(wanted, note), wanted, 'none'],
  'another configuration': [stored(edited), wanted, 'spec'],
  'less of a configuration': [stored({ ...wanted, spec: {} }), wanted, 'spec'],
  'more of a configuration': [
    stored({ ...wanted, spec: { ...wanted.spec, config: { ...wanted.spec.config, more: 1 } } }),
    wanted,
    'spec',
  ],
  'of the pool of before': [stored(wanted, { ownerReferences: [other] }), wanted, 'metadata'],
  'nobody’s': [stored(wanted, { ownerReferences: [] }), wanted, 'metadata'],
  'without word of its image': [stored(overridden, { annotations: {} }), overridden, 'metadata'],
};

for (const [name, [found, should, expected]] of Object.entries(FOUND)) {
  test(`renderedDifference(): ${name}`, () => assert.equal(renderedDifference(found, should), expected));
  test(`putRight(): ${name}`, () => {
    const right = putRight(found, should);
    assert.equal(renderedDifference(stored(right), should), 'none');
    assert.equal(right.metadata['resourceVersion'], '7');
    assert.equal(right.metadata.annotations?.['note'], found.metadata.annotations?.['note']);
  });
}
