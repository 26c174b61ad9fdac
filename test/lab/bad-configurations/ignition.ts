import {
  file,
  files,
  ignition,
  machineConfig,
  remove,
  site,
  MEND,
  type BadConfiguration,
  type BadConfigurations,
  type Change,
} from './bad-configuration.ts';

const CONFIG = 'MachineConfig "POOL-site": spec.config';
const FILE = `${CONFIG}.storage.files[0]`;
const VERSIONS = 'write one of 3.0.0, 3.1.0, 3.2.0, 3.3.0, 3.4.0, 3.5.0';

/** Ignition configs that Ignition itself, or the contract (§2.5, §2.8), refuses. */
export const IGNITION: BadConfigurations = {
  'Ignition 2.2.0': refused(
    ignition({}, '2.2.0'),
    `${CONFIG}.ignition.version: "2.2.0" is not accepted; ${VERSIONS}`,
  ),
  'Ignition 3.6.0': refused(
    ignition({}, '3.6.0'),
    `${CONFIG}.ignition.version: "3.6.0" is not accepted; ${VERSIONS}`,
  ),
  'an Ignition version that is none': refused(
    ignition({}, 'latest'),
    `${CONFIG}.ignition.version: "latest" is not accepted; ${VERSIONS}`,
  ),
  'an Ignition version that is a number': refused(
    ignition({}, 3.2),
    `${CONFIG}.ignition.version: expected a string, received a number`,
  ),
  'an Ignition config without a version': refused(
    site({ config: { ignition: {} } }),
    `${CONFIG}.ignition.version: missing; ${VERSIONS}`,
  ),
  'an Ignition config without anything': refused(
    site({ config: {} }),
    `${CONFIG}.ignition.version: missing; ${VERSIONS}`,
  ),
  'contents from elsewhere': refused(
    files({ path: '/etc/a', contents: { source: 'https://example.com/a?token=s3cret' } }),
    `${FILE}.contents.source: https URLs are not accepted, because nothing is fetched when an image is built; write the contents as a data URL`,
  ),
  'a data URL that is cut short': refused(
    files({ path: '/etc/a', contents: { source: 'data:text/plain;base64' } }),
    `${FILE}.contents.source: unterminated parameter sequence`,
  ),
  'a data URL that is not base64': refused(
    files({ path: '/etc/a', contents: { source: 'data:;base64,%%%' } }),
    `${FILE}.contents.source: invalid data character`,
  ),
  'a hash of an unknown kind': refused(
    files(file('/etc/a', 'a', { contents: { source: 'data:,a', verification: { hash: 'md5-1' } } })),
    `${FILE}.contents.verification.hash: unrecognized hash function`,
  ),
  'a hash of the wrong length': refused(
    files(file('/etc/a', 'a', { contents: { source: 'data:,a', verification: { hash: 'sha512-12' } } })),
    `${FILE}.contents.verification.hash: incorrect size for hash sum`,
  ),
  'an unknown compression': refused(
    files(file('/etc/a', 'a', { contents: { source: 'data:,a', compression: 'xz' } })),
    `${FILE}.contents.compression: invalid compression method`,
  ),
  'a relative path': refused(files(file('etc/a', 'a')), `${FILE}.path: path not absolute`),
  'a file without a path': refused(
    files({ contents: { source: 'data:,a' } }),
    `${FILE}.path: path not specified`,
  ),
  'one path twice': refused(
    files({ path: '/etc/a' }, { path: '/etc/a' }),
    `${CONFIG}.storage.files[1]: duplicate entry defined`,
  ),
  'a file below a link': refused(
    ignition({ storage: { links: [{ path: '/etc/a', target: '/etc/b' }], files: [{ path: '/etc/a/c' }] } }),
    `${FILE}: file path includes link in config`,
  ),
  'a mode with setuid': refused(
    files(file('/etc/a', 'a', { mode: 2541 })),
    `${FILE}.mode: 2541 (04755) is above 511 (0777)`,
  ),
  'a mode that was meant to be octal': refused(
    files(file('/etc/a', 'a', { mode: 755 })),
    `${FILE}.mode: 755 (01363) is above 511 (0777); if 0755 is meant, write 493`,
  ),
  'a mode that is a text': refused(
    files(file('/etc/a', 'a', { mode: '0644' })),
    `${FILE}.mode: expected a whole number, received a string`,
  ),
  'append and overwrite together': refused(
    files({ path: '/etc/a', overwrite: true, append: [{ source: 'data:,a' }] }),
    `${FILE}.overwrite: overwrite must be false if source is unspecified`,
  ),
  'a user by name and by number': refused(
    files(file('/etc/a', 'a', { user: { name: 'core', id: 1000 } })),
    `${FILE}.user: cannot set both id and name`,
  ),
  'files that are no list': refused(
    ignition({ storage: { files: { path: '/etc/a' } } }),
    `${CONFIG}.storage.files: expected a list, received an object`,
  ),
  'a unit without a suffix': refused(
    ignition({ systemd: { units: [{ name: 'site', contents: '[Unit]' }] } }),
    `${CONFIG}.systemd.units[0].name: invalid systemd unit extension`,
  ),
  'a unit that is no unit file': refused(
    ignition({ systemd: { units: [{ name: 'a.service', contents: '[Unit' }] } }),
    `${CONFIG}.systemd.units[0].contents: invalid unit content: unable to find end of section`,
  ),
  'a drop-in that does not end in .conf': refused(
    ignition({ systemd: { units: [{ name: 'a.service', dropins: [{ name: 'a', contents: '[Unit]' }] }] } }),
    `${CONFIG}.systemd.units[0].dropins[0].name: invalid systemd drop-in extension`,
  ),
  'one unit twice': refused(
    ignition({ systemd: { units: [{ name: 'a.service' }, { name: 'a.service' }] } }),
    `${CONFIG}.systemd.units[1]: duplicate entry defined`,
  ),
  'one user twice': refused(
    ignition({ passwd: { users: [{ name: 'core' }, { name: 'core' }] } }),
    `${CONFIG}.passwd.users[1]: duplicate entry defined`,
  ),
  'a link of one MachineConfig above a file of another': {
    given: [
      machineConfig('POOL-more', {
        config: { ignition: { version: '3.2.0' }, storage: { links: [LINK()] } },
      }),
    ],
    bad: [files({ path: '/etc/a/c' })],
    condition: 'RenderDegraded',
    says: `${FILE}: merged config: file /etc/a/c: file path includes link in config`,
  },
};

function LINK(): { path: string; target: string } {
  return { path: '/etc/a', target: '/etc/b' };
}

const NAMES = 'between rendered-POOL-… and rendered-POOL-…';
const FOLLOW = 'and running nodes cannot follow; undo the change, or replace the nodes';

/** Changes that running nodes cannot make: contract §2.9 in its order. */
export const UNRECONCILABLE: BadConfigurations = {
  'a group': refused(
    ignition({ passwd: { groups: [{ name: 'staff', gid: 900 }] } }),
    `${CONFIG}.passwd.groups: groups differ ${NAMES} (group staff), ${FOLLOW}`,
  ),
  'a user who is not core': refused(
    ignition({ passwd: { users: [{ name: 'ada', sshAuthorizedKeys: ['ssh-ed25519 AAAA'] }] } }),
    `${CONFIG}.passwd.users: users differ ${NAMES}, and user ada cannot be created or changed on running nodes; only core can; undo the change, or replace the nodes`,
  ),
  'a shell for core': refused(
    ignition({
      passwd: { users: [{ name: 'core', sshAuthorizedKeys: ['ssh-ed25519 AAAA'], shell: '/bin/sh' }] },
    }),
    `${CONFIG}.passwd.users: users differ ${NAMES}, and of user core only sshAuthorizedKeys and passwordHash can change, not shell; undo the change, or replace the nodes`,
  ),
  'core without a way to log in': refused(
    ignition({ passwd: { users: [{ name: 'core' }] } }),
    `${CONFIG}.passwd.users: users differ ${NAMES}, and user core needs sshAuthorizedKeys or a passwordHash; undo the change, or replace the nodes`,
  ),
  'kernel arguments of Ignition': refused(
    ignition({ kernelArguments: { shouldExist: ['quiet'] } }, '3.3.0'),
    `${CONFIG}.kernelArguments: Ignition's kernelArguments differ ${NAMES}, which counts on first boot only; use spec.kernelArguments`,
  ),
  'a disk': refused(
    ignition({ storage: { disks: [{ device: '/dev/sdb', wipeTable: true }] } }),
    `${CONFIG}.storage.disks: disks differ ${NAMES} (disk /dev/sdb), ${FOLLOW}`,
  ),
  'a file system': refused(
    ignition({ storage: { filesystems: [{ device: '/dev/sdb1', format: 'xfs', path: '/var/data' }] } }),
    `${CONFIG}.storage.filesystems: filesystems differ ${NAMES} (filesystem on /dev/sdb1), ${FOLLOW}`,
  ),
  'a RAID array': refused(
    ignition({ storage: { raid: [{ name: 'data', level: 'raid1', devices: ['/dev/sdb', '/dev/sdc'] }] } }),
    `${CONFIG}.storage.raid: RAID arrays differ ${NAMES} (RAID data), ${FOLLOW}`,
  ),
  'a directory': refused(
    ignition({ storage: { directories: [{ path: '/etc/site.d' }] } }),
    `${CONFIG}.storage.directories: directories differ ${NAMES} (directory /etc/site.d), ${FOLLOW}`,
  ),
  'a link': refused(
    ignition({ storage: { links: [LINK()] } }),
    `${CONFIG}.storage.links: links differ ${NAMES} (link /etc/a), ${FOLLOW}`,
  ),
  'a link that goes elsewhere than before': {
    given: [ignition({ storage: { links: [LINK()] } })],
    bad: [ignition({ storage: { links: [{ path: '/etc/a', target: '/etc/c' }] } })],
    condition: 'RenderDegraded',
    says: `${CONFIG}.storage.links: links differ ${NAMES} (link /etc/a), ${FOLLOW}`,
  },
  'a file that is appended to': refused(
    files({ path: '/etc/a', append: [{ source: 'data:,a' }] }),
    `${CONFIG}.storage.files: file /etc/a of rendered-POOL-… has append, which a node would do again with every update; write the whole contents`,
  ),
  'the file that makes nodes skip their checks': refused(
    files(file('/run/machine-config-daemon-force', '')),
    `${CONFIG}.storage.files: file /run/machine-config-daemon-force of rendered-POOL-… must not come from a MachineConfig; it makes a node skip its checks`,
  ),
  'FIPS mode': refused(
    site({ fips: true }),
    `MachineConfig "POOL-site": spec.fips: FIPS mode differs ${NAMES} (false before, true after); it is chosen when a machine is installed`,
  ),
  'a directory that is gone': {
    given: [
      machineConfig('POOL-more', {
        config: { ignition: { version: '3.2.0' }, storage: { directories: [{ path: '/etc/site.d' }] } },
      }),
    ],
    bad: [remove('MachineConfig', 'POOL-more')],
    mend: [
      machineConfig('POOL-more', {
        config: { ignition: { version: '3.2.0' }, storage: { directories: [{ path: '/etc/site.d' }] } },
      }),
      ...MEND,
    ],
    condition: 'RenderDegraded',
    says: `spec.config.storage.directories: directories differ ${NAMES}, ${FOLLOW}`,
  },
};

function refused(bad: Change, says: string): BadConfiguration {
  return { bad: [bad], condition: 'RenderDegraded', says };
}
