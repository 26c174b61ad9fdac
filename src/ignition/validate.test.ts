import assert from 'node:assert/strict';
import test from 'node:test';
import { formatEntry, merge, parseValue, validate } from './index.ts';
import type { Config } from './index.ts';

/** The entries of a config with these sections, one text each. */
function entriesOf(version: string, sections: object): readonly string[] {
  const outcome = parseValue({ ...sections, ignition: { ...ignitionOf(sections), version } });
  return outcome.report.entries.map(formatEntry);
}

function ignitionOf(sections: object): object {
  return (sections as { readonly ignition?: object }).ignition ?? {};
}

const luks = (member: object): object => ({
  storage: { luks: [{ name: 'l', device: '/d', ...member }] },
});
const file = (member: object): object => ({ storage: { files: [{ path: '/f', ...member }] } });
const filesystem = (member: object): object => ({
  storage: { filesystems: [{ device: '/d', ...member }] },
});
const source = (url: string): object => file({ contents: { source: url } });
const AT_SOURCE = 'error at $.storage.files.0.contents.source';
const AT_LUKS = 'error at $.storage.luks.0';
const SPECIAL_BITS =
  'warning at $.storage.files.0.mode: setuid/setgid/sticky bits are not supported or functional in spec versions older than 3.6.0';
const VIRTIOFS = { format: 'virtiofs', device: 'tag' };
const AT_FILESYSTEM = 'error at $.storage.filesystems.0';

/** Rules of specs 3.4 to 3.7, and those newer than the real tool of the oracle test. */
const CASES: readonly [rule: string, version: string, sections: object, entries: string[]][] = [
  ['3.3 has no ARNs', '3.3.0', source('arn:aws:s3:::b/k'), [`${AT_SOURCE}: invalid url scheme`]],
  ['3.4 has ARNs', '3.4.0', source('arn:aws:s3:::b/k'), []],
  ['an ARN needs a key', '3.4.0', source('arn:aws:s3:::b'), [`${AT_SOURCE}: invalid S3 ARN format`]],
  [
    'an ARN names S3',
    '3.5.0',
    source('arn:aws:iam:us-west-2:1:resource/x'),
    [`${AT_SOURCE}: invalid S3 ARN format`],
  ],
  [
    'an access point needs an object',
    '3.6.0',
    source('arn:aws:s3:us-west-2:1:accesspoint/a'),
    [`${AT_SOURCE}: invalid S3 ARN format`],
  ],
  ['an access point with an object', '3.6.0', source('arn:aws:s3:r:1:accesspoint/a/o'), []],
  [
    'an empty version id in an ARN',
    '3.6.0',
    source('arn:aws:s3:::b/k?versionId='),
    [`${AT_SOURCE}: invalid S3 object VersionId`],
  ],
  ['special bits before 3.6', '3.5.0', file({ mode: 0o4755 }), [SPECIAL_BITS]],
  ['special bits since 3.6', '3.6.0', file({ mode: 0o4755 }), []],
  [
    'clevis pins before 3.6',
    '3.5.0',
    luks({ clevis: { custom: { pin: 'trustee', config: '{}' } } }),
    [`${AT_LUKS}.clevis.custom.pin: unsupported clevis pin`],
  ],
  ['clevis pins since 3.6', '3.6.0', luks({ clevis: { custom: { pin: 'trustee', config: '{}' } } }), []],
  [
    'a custom clevis config without its pin',
    '3.6.0',
    luks({ clevis: { custom: { config: '{}' } } }),
    [`${AT_LUKS}.clevis.custom.pin: missing required custom clevis pin`],
  ],
  [
    'a tang advertisement that is no JSON',
    '3.4.0',
    luks({ clevis: { tang: [{ url: 'http://t', thumbprint: 'x', advertisement: '{' }] } }),
    [`${AT_LUKS}.clevis.tang.0.advertisement: advertisement is not valid JSON`],
  ],
  [
    'cex with clevis and a key file',
    '3.5.0',
    luks({ cex: { enabled: true }, clevis: { tpm2: true }, keyFile: { source: 'data:,x' } }),
    [`${AT_LUKS}.cex: cannot use cex with clevis`, `${AT_LUKS}.cex: cannot use key file with cex`],
  ],
  [
    '3.4 has no cex',
    '3.4.0',
    luks({ cex: { enabled: true }, clevis: { tpm2: true } }),
    ['warning at $.storage.luks.0.cex: unused key cex'],
  ],
  [
    'open options are unique, options are not',
    '3.4.0',
    luks({ openOptions: ['a', 'a'], options: ['a', 'a'] }),
    [`${AT_LUKS}.openOptions.1: duplicate entry defined`],
  ],
  [
    'a link in the place of a drop-in',
    '3.0.0',
    {
      storage: { links: [{ path: '/etc/systemd/system/a.service.d/x.conf', target: '/t' }] },
      systemd: { units: [{ name: 'a.service', dropins: [{ name: 'x.conf', contents: '[A]' }] }] },
    },
    ['error at $.storage.links.0.path: path conflicts with systemd unit or dropin'],
  ],
  [
    'an owner of a hard link',
    '3.6.0',
    { storage: { links: [{ path: '/l', target: '/t', hard: true, group: { name: 'g' } }] } },
    ['warning at $.storage.links.0.group.name: user/group ignored for hard link'],
  ],
  [
    'a filesystem over partitions',
    '3.6.0',
    {
      storage: {
        disks: [{ device: '/d', partitions: [{ number: 1 }] }],
        filesystems: [{ device: '/d' }],
      },
    },
    ['warning at $.storage.filesystems.0.device: filesystem overwrites partitioned device'],
  ],
  [
    'a filesystem on a disk to be wiped',
    '3.6.0',
    {
      storage: { disks: [{ device: '/d', wipeTable: true }], filesystems: [{ device: '/d' }] },
    },
    [
      'warning at $.storage.filesystems.0.device: device matches disk with wipeTable enabled; filesystem will be wiped',
    ],
  ],
  [
    'virtiofs before 3.7',
    '3.6.0',
    filesystem(VIRTIOFS),
    [`${AT_FILESYSTEM}.device: path not absolute`, `${AT_FILESYSTEM}.format: invalid filesystem format`],
  ],
  ['virtiofs in 3.7', '3.7.0-experimental', filesystem(VIRTIOFS), []],
  [
    'virtiofs with what needs a block device',
    '3.7.0-experimental',
    filesystem({
      ...VIRTIOFS,
      device: 'x'.repeat(37),
      label: 'l',
      uuid: 'u',
      wipeFilesystem: true,
      options: ['o'],
    }),
    [
      `${AT_FILESYSTEM}.device: virtiofs device tag cannot be longer than 36 bytes`,
      `${AT_FILESYSTEM}.label: filesystem labels cannot be set when using virtiofs`,
      `${AT_FILESYSTEM}.uuid: filesystem uuid cannot be set for non-block-device filesystems`,
      `${AT_FILESYSTEM}.wipeFilesystem: wipeFilesystem cannot be set for non-block-device filesystems`,
      `${AT_FILESYSTEM}.options: filesystem options (mkfs) cannot be set for non-block-device filesystems`,
    ],
  ],
  [
    'a virtiofs without its tag',
    '3.7.0-experimental',
    filesystem({ ...VIRTIOFS, device: '' }),
    [`${AT_FILESYSTEM}.device: device not specified`],
  ],
];

for (const [rule, version, sections, entries] of CASES) {
  test(`parseValue() applies the rule: ${rule} (${version})`, () => {
    assert.deepEqual(entriesOf(version, sections), entries);
  });
}

function parsed(value: object): Config {
  const outcome = parseValue(value);
  assert.ok(outcome.ok, JSON.stringify(outcome.report));
  return outcome.config;
}

test('validate() finds what two valid configs merge into', () => {
  const ignition = { version: '3.5.0' };
  const parent = parsed({
    ignition,
    storage: { files: [{ path: '/a/b' }, { path: '/c', user: { id: 1 } }] },
  });
  const child = parsed({
    ignition,
    storage: {
      files: [{ path: '/c', user: { name: 'x' } }],
      links: [{ path: '/a', target: '/t' }],
    },
  });
  assert.deepEqual(validate(merge(parent, child)).entries.map(formatEntry), [
    'error at $.storage.files.0: file path includes link in config',
    'error at $.storage.files.1.user: cannot set both id and name',
  ]);
});

test('validate() refuses a config of an unknown version', () => {
  const report = validate({ ignition: { version: '4.0.0' } });
  assert.deepEqual(report.entries.map(formatEntry), [
    'error at $.ignition.version: unsupported config version',
  ]);
  assert.ok(report.fatal);
});
