import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { merge, parseValue, prune } from './index.ts';
import type { Config } from './index.ts';
import { configValue } from './config.arbitrary.ts';

const ignition = { version: '3.6.0' };

function config(value: unknown): Config {
  const outcome = parseValue(value);
  assert.ok(outcome.ok, JSON.stringify(outcome));
  return outcome.config;
}

function merged(parent: object, child: object): unknown {
  const { ignition: _, ...sections } = prune(
    merge(config({ ignition, ...parent }), config({ ignition, ...child })),
  );
  return sections;
}

test('merge() with an empty config on either side changes nothing', () => {
  fc.assert(
    fc.property(configValue(['3.6.0']), (value) => {
      const [some, empty] = [config(value), config({ ignition })];
      assert.deepEqual(merge(some, empty), some);
      assert.deepEqual(merge(empty, some), some);
    }),
  );
});

test('merge() with itself changes nothing but the lists that repeat', () => {
  fc.assert(
    fc.property(configValue(['3.6.0']), (value) => {
      const some = config(value);
      const twice = merge(some, some);
      const once = prune(some);
      assert.deepEqual(withoutAppended(prune(twice)), withoutAppended(once));
    }),
  );
});

function withoutAppended(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value, (key, member: unknown) => (key === 'append' ? [] : member)).replaceAll(
      '"append":[],',
      '',
    ),
  );
}

test('merge() takes the version of the child', () => {
  const result = merge(config({ ignition: { version: '3.5.0' } }), config({ ignition }));
  assert.equal(result.ignition.version, '3.6.0');
});

const MERGES: readonly [rule: string, parent: object, child: object, result: object][] = [
  [
    'an argument that should not exist leaves the list of those that should',
    { kernelArguments: { shouldExist: ['a', 'b'], shouldNotExist: ['c'] } },
    { kernelArguments: { shouldExist: ['c'], shouldNotExist: ['b', 'd'] } },
    { kernelArguments: { shouldExist: ['a', 'c'], shouldNotExist: ['b', 'd'] } },
  ],
  [
    'a directory takes the place of a link, a link that of a file',
    { storage: { links: [{ path: '/l', target: '/t' }], files: [{ path: '/f' }, { path: '/g' }] } },
    { storage: { directories: [{ path: '/l' }], links: [{ path: '/g', target: '/t' }] } },
    {
      storage: {
        directories: [{ path: '/l' }],
        files: [{ path: '/f' }],
        links: [{ path: '/g', target: '/t' }],
      },
    },
  ],
  [
    'a header without a value removes that header',
    {
      ignition: {
        ...ignition,
        config: { merge: [headers({ name: 'a', value: '1' }, { name: 'b', value: '2' })] },
      },
    },
    { ignition: { ...ignition, config: { merge: [headers({ name: 'a' })] } } },
    {},
  ],
  [
    'partitions match by number, or by label without one',
    {
      storage: {
        disks: [
          {
            device: '/d',
            partitions: [
              { number: 1, label: 'a' },
              { label: 'b', sizeMiB: 1 },
            ],
          },
        ],
      },
    },
    {
      storage: {
        disks: [
          {
            device: '/d',
            partitions: [
              { label: 'b', sizeMiB: 2 },
              { number: 1, sizeMiB: 3 },
            ],
          },
        ],
      },
    },
    {
      storage: {
        disks: [
          {
            device: '/d',
            partitions: [
              { label: 'a', number: 1, sizeMiB: 3 },
              { label: 'b', sizeMiB: 2 },
            ],
          },
        ],
      },
    },
  ],
  [
    'filesystems match by device, their options add up',
    { storage: { filesystems: [{ device: '/d', format: 'xfs', options: ['a'], mountOptions: ['m'] }] } },
    { storage: { filesystems: [{ device: '/d', format: 'ext4', options: ['a'], mountOptions: ['m'] }] } },
    {
      storage: {
        filesystems: [{ device: '/d', format: 'ext4', mountOptions: ['m', 'm'], options: ['a', 'a'] }],
      },
    },
  ],
  [
    'keys and groups of a user are a union',
    { passwd: { users: [{ name: 'core', groups: ['a', 'b'], sshAuthorizedKeys: ['k'] }] } },
    {
      passwd: { users: [{ name: 'core', groups: ['b', 'c'], sshAuthorizedKeys: ['k', 'l'] }, { name: 'x' }] },
    },
    {
      passwd: {
        users: [{ groups: ['a', 'b', 'c'], name: 'core', sshAuthorizedKeys: ['k', 'l'] }, { name: 'x' }],
      },
    },
  ],
  [
    'false, 0 and the empty string count as present',
    {
      systemd: { units: [{ name: 'a.service', enabled: true, contents: '[A]' }] },
      passwd: { groups: [{ name: 'g', gid: 5 }] },
    },
    {
      systemd: { units: [{ name: 'a.service', enabled: false, contents: '' }] },
      passwd: { groups: [{ name: 'g', gid: 0 }] },
    },
    {
      passwd: { groups: [{ gid: 0, name: 'g' }] },
      systemd: { units: [{ contents: '', enabled: false, name: 'a.service' }] },
    },
  ],
];

function headers(...httpHeaders: readonly object[]): object {
  return { source: 'http://e/x', httpHeaders };
}

for (const [rule, parent, child, result] of MERGES) {
  test(`merge() follows the rule: ${rule}`, () => {
    assert.deepEqual(merged(parent, child), result);
  });
}

test('merge() keeps the headers that are not removed', () => {
  const resource = (...list: readonly object[]): Config =>
    config({ ignition: { ...ignition, config: { merge: [headers(...list)] } } });
  const both = resource({ name: 'a', value: '1' }, { name: 'b', value: '2' });
  assert.deepEqual(merge(both, resource({ name: 'a' })).ignition.config?.merge?.[0]?.httpHeaders, [
    { name: 'b', value: '2' },
  ]);
});
