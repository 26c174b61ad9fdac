import assert from 'node:assert/strict';
import test from 'node:test';
import { IgnitionError, parseValue, toTree } from './index.ts';
import type { Tree } from './index.ts';

function treeOf(sections: object, version = '3.6.0'): Tree {
  const outcome = parseValue({ ignition: { version }, ...sections });
  assert.ok(outcome.ok, JSON.stringify(outcome));
  return toTree(outcome.config);
}

test('toTree() orders nodes by depth, then path, hard links last', () => {
  const { nodes } = treeOf({
    storage: {
      files: [{ path: '/etc/b/deep' }, { path: '/z' }, { path: '/etc/a' }],
      directories: [{ path: '/etc/b' }, { path: '/' }],
      links: [
        { path: '/y', target: '/z', hard: true },
        { path: '/etc/0', target: 'a' },
      ],
    },
  });
  assert.deepEqual(
    nodes.map((node) => node.path),
    ['/', '/z', '/etc/0', '/etc/a', '/etc/b', '/etc/b/deep', '/y'],
  );
});

test('toTree() describes files with their contents, owners and origin', () => {
  const { nodes } = treeOf({
    storage: {
      files: [
        {
          path: '/etc/a',
          mode: 0o600,
          overwrite: true,
          user: { name: 'u' },
          group: { id: 0 },
          contents: { source: 'data:,x' },
        },
        { path: '/etc/b', user: { name: '' }, append: [{ source: 'data:,1' }, { source: 'data:,2' }] },
      ],
    },
  });
  assert.deepEqual(nodes, [
    {
      type: 'file',
      path: '/etc/a',
      mode: 0o600,
      user: { name: 'u' },
      group: { id: 0 },
      overwrite: true,
      contents: Buffer.from('x'),
      append: [],
      origin: { section: 'storage.files', key: '/etc/a' },
    },
    {
      type: 'file',
      path: '/etc/b',
      user: {},
      group: {},
      overwrite: false,
      append: [Buffer.from('1'), Buffer.from('2')],
      origin: { section: 'storage.files', key: '/etc/b' },
    },
  ]);
});

test('toTree() of a file tells an empty source from none', () => {
  const { nodes } = treeOf({
    storage: { files: [{ path: '/a', contents: { source: '' } }, { path: '/b' }] },
  });
  assert.deepEqual(
    nodes.map((node) => (node.type === 'file' ? node.contents?.length : undefined)),
    [0, undefined],
  );
});

test('toTree() applies setuid bits from spec 3.6 on only', () => {
  const storage = { files: [{ path: '/f', mode: 0o4755 }], directories: [{ path: '/d', mode: 0o1777 }] };
  const modes = (version: string): unknown =>
    treeOf({ storage }, version).nodes.map((node) => ('mode' in node ? node.mode : undefined));
  assert.deepEqual(modes('3.5.0'), [0o777, 0o755]);
  assert.deepEqual(modes('3.6.0'), [0o1777, 0o4755]);
});

test('toTree() writes units and drop-ins, and masks instead of writing', () => {
  const tree = treeOf({
    systemd: {
      units: [
        {
          name: 'a.service',
          enabled: true,
          contents: '[Install]\n',
          dropins: [{ name: '10.conf', contents: '' }, { name: '20.conf' }],
        },
        { name: 'b.service', mask: true, contents: '[Unit]\n' },
        { name: 'c.service', mask: false, enabled: false },
        { name: 'd.service', contents: '' },
      ],
    },
  });
  const unit = (name: string): object => ({ section: 'systemd.units', key: name });
  const file = { type: 'file', mode: 0o644, user: {}, group: {}, overwrite: true, append: [] };
  assert.deepEqual(tree.nodes, [
    {
      ...file,
      path: '/etc/systemd/system/a.service',
      contents: Buffer.from('[Install]\n'),
      origin: unit('a.service'),
    },
    {
      type: 'symlink',
      path: '/etc/systemd/system/b.service',
      target: '/dev/null',
      user: {},
      group: {},
      overwrite: true,
      origin: unit('b.service'),
    },
    {
      ...file,
      path: '/etc/systemd/system/a.service.d/10.conf',
      contents: Buffer.from(''),
      origin: { ...unit('a.service'), dropin: '10.conf' },
    },
  ]);
  assert.deepEqual(tree.units, [
    {
      name: 'a.service',
      contents: '[Install]\n',
      dropins: [{ name: '10.conf', contents: '' }],
      enabled: true,
    },
    { name: 'b.service', contents: '[Unit]\n', dropins: [], mask: true },
    { name: 'c.service', dropins: [], enabled: false, mask: false },
    { name: 'd.service', contents: '', dropins: [] },
  ]);
});

test('toTree() lets a masked unit take the place of a file', () => {
  const { nodes } = treeOf({
    storage: { files: [{ path: '/etc/systemd/system/a.service' }] },
    systemd: { units: [{ name: 'a.service', mask: true }] },
  });
  assert.deepEqual(
    nodes.map((node) => node.type),
    ['symlink'],
  );
});

test('toTree() describes links of both kinds', () => {
  const { nodes } = treeOf({
    storage: {
      links: [
        { path: '/h', target: '/t', hard: true },
        { path: '/s', target: '../t', user: { id: 1 }, overwrite: true },
      ],
    },
  });
  const origin = (key: string): object => ({ section: 'storage.links', key });
  assert.deepEqual(nodes, [
    {
      type: 'symlink',
      path: '/s',
      target: '../t',
      user: { id: 1 },
      group: {},
      overwrite: true,
      origin: origin('/s'),
    },
    { type: 'hardlink', path: '/h', target: '/t', overwrite: false, origin: origin('/h') },
  ]);
});

test('toTree() passes users, groups and kernel arguments on, and names what no image can hold', () => {
  const tree = treeOf({
    passwd: { users: [{ name: 'core', sshAuthorizedKeys: ['k'] }], groups: [{ name: 'g' }] },
    kernelArguments: { shouldExist: ['a'], shouldNotExist: ['b'] },
    storage: { raid: [{ name: 'r', level: '1', devices: ['/d'] }], disks: [{ device: '/d' }] },
  });
  assert.deepEqual(tree.users, [{ name: 'core', sshAuthorizedKeys: ['k'] }]);
  assert.deepEqual(tree.groups, [{ name: 'g' }]);
  assert.deepEqual(tree.kernelArguments, { shouldExist: ['a'], shouldNotExist: ['b'] });
  assert.deepEqual(tree.firstBootOnly, ['storage.disks', 'storage.raid']);
});

test('toTree() names the file whose contents it cannot have', () => {
  assert.throws(
    () => treeOf({ storage: { files: [{ path: '/etc/a', contents: { source: 'http://e/x?secret' } }] } }),
    (error) =>
      error instanceof IgnitionError &&
      error.code === 'remote-resource' &&
      error.message.startsWith('cannot fetch the contents of file /etc/a from http://e: '),
  );
});
