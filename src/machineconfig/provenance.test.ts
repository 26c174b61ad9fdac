import assert from 'node:assert/strict';
import { test } from 'node:test';
import { file, ignition, machineConfig, renderInfra } from './test-objects.ts';

test('provenance of() names the MachineConfigs of every kind of item, last one last', async (t) => {
  const { provenance } = renderInfra([
    machineConfig('10-a', 'worker', {
      ...ignition({
        kernelArguments: { shouldExist: ['quiet'], shouldNotExist: ['debug'] },
        passwd: { users: [{ name: 'core' }], groups: [{ name: 'wheel' }] },
        storage: {
          directories: [{ path: '/etc/d' }],
          disks: [{ device: '/dev/sda', wipeTable: true }],
          files: [file('/etc/f', 'a'), file('/etc/turned', 'a')],
          links: [{ path: '/etc/l', target: 'x' }],
        },
        systemd: {
          units: [
            { name: 'a.service', enabled: true, dropins: [{ name: '10-x.conf', contents: '[Service]\n' }] },
            { name: 'b.service', dropins: [{ name: '10-x.conf', contents: '[Service]\n' }] },
          ],
        },
      }),
      kernelArguments: ['nosmt', 'nosmt'],
      extensions: ['usbguard'],
      fips: true,
    }),
    machineConfig('20-b', 'worker', {
      ...ignition({
        kernelArguments: { shouldNotExist: ['quiet'] },
        passwd: { users: [{ name: 'core' }] },
        storage: { files: [file('/etc/f', 'b')], links: [{ path: '/etc/turned', target: 'x' }] },
        systemd: {
          units: [{ name: 'a.service', dropins: [{ name: '20-y.conf', contents: '[Service]\n' }] }],
        },
      }),
      kernelArguments: ['nosmt'],
    }),
  ]);
  const cases = [
    ['a file of two', { section: 'storage.files', key: '/etc/f' }, ['10-a', '20-b']],
    ['a directory', { section: 'storage.directories', key: '/etc/d' }, ['10-a']],
    ['a link', { section: 'storage.links', key: '/etc/l' }, ['10-a']],
    ['a file that became a link, as a link', { section: 'storage.links', key: '/etc/turned' }, ['20-b']],
    ['a file that became a link, as a file', { section: 'storage.files', key: '/etc/turned' }, []],
    ['a unit, not counting who adds drop-ins', { section: 'systemd.units', key: 'a.service' }, ['10-a']],
    ['a unit that only has drop-ins', { section: 'systemd.units', key: 'b.service' }, []],
    ['a drop-in', { section: 'systemd.units', key: 'a.service', dropin: '20-y.conf' }, ['20-b']],
    ['a user of two', { section: 'passwd.users', key: 'core' }, ['10-a', '20-b']],
    ['a group', { section: 'passwd.groups', key: 'wheel' }, ['10-a']],
    [
      'a kernel argument, each MachineConfig once',
      { section: 'kernelArguments', key: 'nosmt' },
      ['10-a', '20-b'],
    ],
    ['a kernel argument of Ignition', { section: 'kernelArguments', key: 'debug' }, ['10-a']],
    ['a kernel argument that was taken back', { section: 'kernelArguments', key: 'quiet' }, ['10-a', '20-b']],
    ['an extension', { section: 'extensions', key: 'usbguard' }, ['10-a']],
    ['FIPS', { section: 'fips' }, ['10-a']],
    ['a disk', { section: 'storage.disks', key: '/dev/sda' }, ['10-a']],
    ['disks in general', { section: 'storage.disks' }, ['10-a']],
    ['what nobody has', { section: 'storage.files', key: '/etc/none' }, []],
  ] as const;
  for (const [sentence, item, expected] of cases) {
    await t.test(sentence, () => assert.deepEqual(provenance.of(item), expected));
  }
});

test('provenance field() says where the last MachineConfig has an item', () => {
  const { provenance } = renderInfra([
    machineConfig('10-a', 'worker', {
      ...ignition({
        kernelArguments: { shouldExist: ['quiet'] },
        passwd: { users: [{ name: 'core' }] },
        storage: { files: [file('/etc/other', 'a'), file('/etc/f', 'a'), file('/etc/turned', 'a')] },
        systemd: {
          units: [
            { name: 'a.service', enabled: true, dropins: [{ name: 'x.conf', contents: '[Service]\n' }] },
          ],
        },
      }),
      kernelArguments: ['nosmt'],
    }),
    machineConfig('20-b', 'worker', {
      ...ignition({
        storage: { files: [file('/etc/f', 'b')], links: [{ path: '/etc/turned', target: 'x' }] },
      }),
    }),
  ]);
  const cases = [
    [{ section: 'storage.files', key: '/etc/f' }, 'spec.config.storage.files[0]'],
    [{ section: 'storage.files', key: '/etc/turned' }, undefined],
    [{ section: 'storage.links', key: '/etc/turned' }, 'spec.config.storage.links[0]'],
    [{ section: 'systemd.units', key: 'a.service' }, 'spec.config.systemd.units[0]'],
    [
      { section: 'systemd.units', key: 'a.service', dropin: 'x.conf' },
      'spec.config.systemd.units[0].dropins[0]',
    ],
    [{ section: 'passwd.users', key: 'core' }, 'spec.config.passwd.users[0]'],
    [{ section: 'kernelArguments', key: 'nosmt' }, 'spec.kernelArguments[0]'],
    [{ section: 'kernelArguments', key: 'quiet' }, 'spec.config.kernelArguments.shouldExist[0]'],
    [{ section: 'fips' }, undefined],
  ] as const;
  for (const [item, expected] of cases) assert.equal(provenance.field(item), expected, JSON.stringify(item));
});
