import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { MachineConfigError } from './machineconfig-error.ts';
import { renderedFrom } from './rendered-from.ts';
import { file, files, ignition, machineConfig, renderInfra } from './test-objects.ts';
import type { MachineConfig } from '../api/index.ts';

const rendered = renderInfra([
  machineConfig('50-site', 'worker', files(file('/etc/motd', 'x'))),
  machineConfig('60-own', 'infra', {
    ...ignition({ systemd: { units: [{ name: 'a.service', enabled: true, contents: '[Unit]\n' }] } }),
    kernelArguments: ['quiet', 'debug'],
    extensions: ['usbguard'],
    kernelType: 'realtime',
    fips: true,
  }),
]);

/** As a server gives it back. */
function stored(given: MachineConfig): MachineConfig {
  return JSON.parse(JSON.stringify(given)) as MachineConfig;
}

test('renderedFrom() gives what was rendered, from the object alone', () => {
  const found = renderedFrom(stored(rendered.machineConfig));
  assert.equal(found.name, rendered.name);
  assert.deepEqual(found.machineConfig, stored(rendered.machineConfig));
  assert.deepEqual(found.config, rendered.config);
  assert.deepEqual(found.sources, [rendered.name]);
  for (const item of [
    { section: 'storage.files', key: '/etc/motd' },
    { section: 'systemd.units', key: 'a.service' },
    { section: 'kernelArguments', key: 'quiet' },
    { section: 'extensions', key: 'usbguard' },
  ] as const)
    assert.deepEqual(found.provenance.of(item), [rendered.name], item.key);
  assert.deepEqual(found.provenance.of({ section: 'storage.files', key: '/etc/issue' }), []);
});

test('renderedFrom() takes a MachineConfig that says nothing', () => {
  const { machineConfig: found, config } = renderedFrom(machineConfig('rendered-infra-1', 'infra'));
  assert.deepEqual(found.spec, {
    baseOSExtensionsContainerImage: '',
    config: { ignition: { version: '3.5.0' } },
    extensions: [],
    fips: false,
    kernelArguments: [],
    kernelType: 'default',
    osImageURL: '',
  });
  assert.equal(config.ignition.version, '3.5.0');
});

test('renderedFrom() refuses what cannot have been rendered, naming object and field', () => {
  const bad = machineConfig('rendered-infra-1', 'infra', { config: { ignition: { version: '9.9.9' } } });
  assert.throws(
    () => renderedFrom(bad),
    (error) =>
      error instanceof MachineConfigError &&
      error.code === 'invalid-machine-config' &&
      error.field === 'spec.config' &&
      error.message.startsWith(
        'cannot use MachineConfig "rendered-infra-1": spec.config: not a valid Ignition config: ',
      ),
  );
});

test('renderedFrom() loses nothing of any rendered file', () => {
  const path = fc.stringMatching(/^\/etc\/[a-z]{1,8}$/);
  fc.assert(
    fc.property(fc.uniqueArray(fc.tuple(path, fc.string()), { selector: ([at]) => at }), (entries) => {
      const made = renderInfra([
        machineConfig('50', 'worker', files(...entries.map(([at, text]) => file(at, text)))),
      ]);
      const found = renderedFrom(stored(made.machineConfig));
      assert.deepEqual(found.config, made.config);
      assert.deepEqual(found.machineConfig, stored(made.machineConfig));
    }),
    { numRuns: 50 },
  );
});
