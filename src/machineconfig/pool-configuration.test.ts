import assert from 'node:assert/strict';
import { test } from 'node:test';
import { poolConfiguration } from './pool-configuration.ts';
import { machineConfig, renderInfra } from './test-objects.ts';

test('poolConfiguration() names the rendered MachineConfig and, sorted, its sources', () => {
  const rendered = renderInfra([machineConfig('b', 'worker'), machineConfig('a', 'infra')]);
  const apiVersion = 'machineconfiguration.openshift.io/v1';
  assert.deepEqual(poolConfiguration(rendered), {
    name: rendered.name,
    source: [
      { apiVersion, kind: 'MachineConfig', name: 'a' },
      { apiVersion, kind: 'MachineConfig', name: 'b' },
    ],
  });
});
