import assert from 'node:assert/strict';
import { test } from 'node:test';
import { at, file, files, ignition, machineConfig, renderInfra, units } from './test-objects.ts';
import type { MachineConfig } from '../api/index.ts';
import type { JsonValue } from '../ignition/index.ts';

/** The rendered Ignition config of worker MachineConfigs in this order. */
function merged(...specs: readonly MachineConfig['spec'][]): JsonValue | undefined {
  const all = specs.map((spec, index) => machineConfig(`mc-${index}`, 'worker', spec));
  return renderInfra(all).machineConfig.spec.config;
}

test('render() merges units by name and drop-ins by theirs', () => {
  const config = merged(
    units({
      name: 'a.service',
      contents: '[Service]\n',
      enabled: true,
      dropins: [{ name: '1.conf', contents: '#1\n' }],
    }),
    units(
      { name: 'b.service', mask: true },
      {
        name: 'a.service',
        enabled: false,
        dropins: [{ name: '2.conf' }, { name: '1.conf', contents: '#one\n' }],
      },
    ),
  );
  assert.deepEqual(at(config, 'systemd', 'units'), [
    {
      contents: '[Service]\n',
      dropins: [{ contents: '#one\n', name: '1.conf' }, { name: '2.conf' }],
      enabled: false,
      name: 'a.service',
    },
    { mask: true, name: 'b.service' },
  ]);
});

test('render() lets a link take the place of a file', () => {
  const config = merged(
    files(file('/etc/a', '')),
    ignition({ storage: { links: [{ path: '/etc/a', target: 'b' }] } }),
  );
  assert.deepEqual(at(config, 'storage'), { links: [{ path: '/etc/a', target: 'b' }] });
});

test('render() drops what an empty compression says', () => {
  const config = merged(files({ path: '/etc/a', contents: { source: 'data:,a', compression: '' } }));
  assert.deepEqual(at(config, 'storage', 'files', 0, 'contents'), { source: 'data:,a' });
});

test('render() unites kernel arguments of Ignition, the later list against the earlier', () => {
  const config = merged(
    ignition({ kernelArguments: { shouldExist: ['a', 'b'] } }),
    ignition({ kernelArguments: { shouldExist: ['c'], shouldNotExist: ['a'] } }),
  );
  assert.deepEqual(at(config, 'kernelArguments'), { shouldExist: ['b', 'c'], shouldNotExist: ['a'] });
});

test('render() keeps the whole of a single config', () => {
  const storage = {
    disks: [{ device: '/dev/sda', wipeTable: true }],
    luks: [{ device: '/dev/sdb', name: 'x' }],
  };
  assert.deepEqual(at(merged({}, ignition({ storage }, '3.3.0'), {}), 'storage'), storage);
});
