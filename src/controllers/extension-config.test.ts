import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MachineConfigError, render } from '../machineconfig/index.ts';
import { catalogueFor, configuredNames, EXTENSIONS_CONFIG_MAP } from './extension-config.ts';
import { renderInput } from './render-input.ts';
import { machineConfig, pool, testView } from './test-view.ts';

const CONFIG_MAP = {
  metadata: { name: EXTENSIONS_CONFIG_MAP, namespace: 'mco' },
  data: { autofs: 'rpm:autofs;deb:autofs', sysstat: 'deb: sysstat, isag', broken: 'rpm' },
};
const ASKS = machineConfig('50-autofs', 'worker', { extensions: ['autofs'] });

test('an installation that adds an extension renders pools that ask for it', () => {
  const asked = pool('infra');
  const names = (view: ReturnType<typeof testView>): readonly string[] =>
    render(renderInput(view, asked)).machineConfig.spec.extensions;
  assert.deepEqual(names(testView({ machineConfigs: [ASKS], configMaps: [CONFIG_MAP] })), ['autofs']);
  assert.throws(
    () => names(testView({ machineConfigs: [ASKS] })),
    (error: MachineConfigError) => {
      assert.match(error.message, /"autofs" is not an extension; write one of ipsec, .*, usbguard/);
      return error instanceof MachineConfigError;
    },
  );
  const unknown = machineConfig('50-x', 'worker', { extensions: ['nosuch'] });
  assert.throws(
    () => names(testView({ machineConfigs: [unknown], configMaps: [CONFIG_MAP] })),
    /"nosuch" is not an extension; write one of autofs, broken, ipsec/,
  );
});

test('catalogueFor() has what the ConfigMap says, before what the contract says', () => {
  const view = testView({ machineConfigs: [], configMaps: [CONFIG_MAP] });
  assert.deepEqual(configuredNames(view), ['autofs', 'broken', 'sysstat']);
  const asks = machineConfig('x', 'worker', { extensions: ['autofs', 'sysstat'] });
  const catalogue = catalogueFor(view, asks);
  assert.deepEqual(catalogue.get('autofs'), { fedora: ['autofs'], rhel: ['autofs'], debian: ['autofs'] });
  assert.deepEqual(catalogue.get('sysstat'), { debian: ['sysstat', 'isag'] });
  assert.deepEqual(catalogue.get('usbguard')?.debian, ['usbguard']);
});

test('catalogueFor() tells who asks for it what is wrong with an extension, and nobody else', () => {
  const view = testView({ machineConfigs: [], configMaps: [CONFIG_MAP] });
  assert.throws(() => catalogueFor(view, machineConfig('x', 'worker', { extensions: ['broken'] })), {
    name: 'OsBuildError',
    code: 'invalid-extension',
    field: 'data["broken"]',
    message:
      'cannot read the extension "broken": "rpm" is no set of packages; write one of rpm:, fedora:, rhel:, deb: with a list after it (data["broken"] of ConfigMap varve-extensions)',
  });
});

test('an installation without the ConfigMap has what the contract has', () => {
  const view = testView({ machineConfigs: [] });
  assert.deepEqual(configuredNames(view), []);
  assert.equal(catalogueFor(view, ASKS).size, 7);
});
