import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { stringify } from 'yaml';
import { noise } from './filler.ts';

const text = (contents: string): { source: string } => ({ source: `data:,${encodeURIComponent(contents)}` });
const base64 = (bytes: Buffer): string => `data:;base64,${bytes.toString('base64')}`;

const LONG = `/etc/corner/${'a-long-folder-name/'.repeat(8)}${'f'.repeat(90)}.conf`;
const PACKED = Buffer.from('packed for the way, unpacked on the disk\n'.repeat(40));
const BINARY = noise('corner')(3000);

const WORKER = {
  ignition: { version: '3.2.0' },
  storage: {
    files: [
      { path: '/etc/corner/overridden', mode: 0o600, contents: text('by the worker pool\n') },
      { path: '/etc/corner/inherited', mode: 0o640, contents: text('from the worker pool\n') },
    ],
  },
  systemd: { units: [{ name: 'corner.service', enabled: false }] },
};

const POOL = {
  ignition: { version: '3.3.0' },
  passwd: {
    users: [{ name: 'core', sshAuthorizedKeys: ['ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJTQ corner'] }],
  },
  kernelArguments: { shouldExist: ['corner=1'] },
  storage: {
    directories: [
      { path: '/etc/corner/private', mode: 0o700, user: { name: 'core' }, group: { name: 'core' } },
      { path: '/etc/corner/plain' },
      { path: '/var/lib/corner/state', mode: 0o750, user: { id: 1000 }, group: { name: 'wheel' } },
    ],
    files: [
      { path: '/etc/corner/overridden', contents: text('by the pool itself\n') },
      { path: '/etc/corner/default-mode', contents: text('0644 root root\n') },
      { path: '/etc/corner/executable', mode: 0o755, contents: text('#!/bin/sh\n') },
      { path: '/etc/corner/no-access', mode: 0, contents: text('0000\n') },
      {
        path: '/etc/corner/by-name',
        mode: 0o640,
        user: { name: 'core' },
        group: { name: 'wheel' },
        contents: text('named owner\n'),
      },
      {
        path: '/etc/corner/by-number',
        user: { id: 4242 },
        group: { id: 4243 },
        contents: text('unnamed owner\n'),
      },
      {
        path: '/etc/corner/packed',
        contents: {
          source: base64(gzipSync(PACKED)),
          compression: 'gzip',
          verification: { hash: `sha512-${createHash('sha512').update(PACKED).digest('hex')}` },
        },
      },
      { path: '/etc/corner/binary', contents: { source: base64(BINARY) } },
      { path: '/etc/corner/empty', contents: { source: 'data:,' } },
      { path: '/etc/corner/touched' },
      { path: '/etc/corner/grüße-😀', contents: text('Zażółć gęślą jaźń\n') },
      { path: LONG, contents: text('beyond the name field\n') },
      { path: '/etc/corner/several/missing/parents', contents: text('deep\n') },
      { path: '/etc/issue', overwrite: true, contents: text('instead of the base’s\n') },
      { path: '/usr/share/corner/data', mode: 0o444, contents: text('below /usr\n') },
      { path: '/usr/lib/sysctl.d/50-corner.conf', contents: text('vm.swappiness = 10\n') },
      { path: '/lib/modules-load.d/corner.conf', contents: text('through a link of the base\n') },
      { path: '/var/lib/corner/file', mode: 0o600, contents: text('below /var\n') },
      {
        path: '/var/lib/corner/owned',
        mode: 0o640,
        user: { name: 'core' },
        group: { id: 1000 },
        contents: text('of core\n'),
      },
      { path: '/usr/local/bin/corner-tool', mode: 0o755, contents: text('#!/bin/sh\nexit 0\n') },
      { path: '/opt/corner/file', contents: text('below /opt\n') },
      { path: '/srv/corner/100% odd "name"', contents: text('below /srv\n') },
      { path: '/root/.corner', mode: 0o600, contents: text('below /root\n') },
      {
        path: '/home/core/corner',
        user: { name: 'core' },
        group: { name: 'core' },
        contents: text('below /home\n'),
      },
    ],
    links: [
      { path: '/etc/corner/soft', target: '../issue' },
      { path: '/etc/corner/absolute', target: '/usr/share/corner/data' },
      { path: '/etc/corner/dangling', target: '/nowhere' },
      { path: '/etc/corner/hard', target: '/etc/corner/default-mode', hard: true },
      { path: '/etc/localtime', target: '/usr/share/zoneinfo/Europe/Berlin', overwrite: true },
      { path: '/var/lib/corner/link', target: 'file' },
    ],
  },
  systemd: {
    units: [
      {
        name: 'corner.service',
        enabled: true,
        contents: unit('WantedBy=multi-user.target\nAlias=angle.service'),
      },
      // No instance of it is enabled: Ignition 2.14 then asks a running systemd for its version, which no build has.
      { name: 'corner-echo@.service', contents: unit('WantedBy=multi-user.target') },
      { name: 'corner-required.service', enabled: true, contents: unit('RequiredBy=corner.service') },
      { name: 'corner-off.service', enabled: false, contents: unit('WantedBy=multi-user.target') },
      { name: 'corner-neither.service', contents: unit('WantedBy=multi-user.target') },
      { name: 'corner-masked.service', mask: true },
      { name: 'dbus.service', dropins: [{ name: '10-corner.conf', contents: '[Service]\nNice=1\n' }] },
      { name: 'systemd-networkd.service', enabled: true },
      { name: 'apt-daily.timer', enabled: false },
    ],
  },
};

function unit(install: string): string {
  return `[Unit]\nDescription=Corner\n\n[Service]\nExecStart=/bin/true\n\n[Install]\n${install}\n`;
}

/** Writes a pool `layered` whose configuration has at least one of everything that an image can hold. */
export async function writeCornerConfig(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  const role = 'machineconfiguration.openshift.io/role';
  const object = (name: string, of: string, spec: object): object => ({
    apiVersion: 'machineconfiguration.openshift.io/v1',
    kind: 'MachineConfig',
    metadata: { name, labels: { [role]: of } },
    spec,
  });
  const objects = [
    {
      apiVersion: 'machineconfiguration.openshift.io/v1',
      kind: 'MachineConfigPool',
      metadata: { name: 'layered' },
      spec: {
        machineConfigSelector: {
          matchExpressions: [{ key: role, operator: 'In', values: ['worker', 'layered'] }],
        },
      },
    },
    object('99-corner-worker', 'worker', { config: WORKER }),
    object('00-corner', 'layered', { config: POOL, kernelArguments: ['quiet', 'corner.list=a,b'] }),
  ];
  await writeFile(join(folder, 'corner.yaml'), objects.map((one) => stringify(one)).join('---\n'));
}
