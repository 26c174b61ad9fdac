import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MachineConfig } from '../api/index.ts';
import { render } from './render.ts';
import { isRenderedEdited } from './rendered-edit.ts';
import { machineConfig, pool } from './test-objects.ts';

const { machineConfig: made } = render({
  pool: pool('infra', {}),
  machineConfigs: [machineConfig('a', 'infra', { kernelArguments: ['quiet'] })],
  defaults: { osImageURL: 'registry.example.com/os@sha256:1', baseOSExtensionsContainerImage: '' },
});

function stored(generation: number | undefined, spec: Partial<MachineConfig['spec']> = {}): MachineConfig {
  const metadata = { ...made.metadata, ...(generation === undefined ? {} : { generation }) };
  return { ...made, metadata, spec: { ...made.spec, ...spec } };
}

const SENTENCES: Readonly<Record<string, [MachineConfig, boolean]>> = {
  'as it was made': [stored(1), false],
  'of a server that does not count': [stored(undefined), false],
  'put right again': [stored(3), false],
  edited: [stored(2, { osImageURL: 'registry.example.com/other' }), true],
  'edited, of a server that does not count': [stored(undefined, { fips: true }), true],
  'of another controller, as it was made': [stored(1, { fips: true }), false],
  'of a name without a hash': [
    { ...stored(2, { fips: true }), metadata: { name: 'rendered-infra-1', generation: 2 } },
    false,
  ],
};

for (const [sentence, [given, expected]] of Object.entries(SENTENCES)) {
  test(`isRenderedEdited(): ${sentence}: ${expected ? 'yes' : 'no'}`, () => {
    assert.equal(isRenderedEdited(given), expected);
  });
}
