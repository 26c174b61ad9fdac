import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nodeDirectory, nodeEmptyFile, nodeFile, nodeSymlink } from './node-files.ts';
import { nodeRules } from './node-rules.ts';
import { formatTmpfiles } from './tmpfiles.ts';

const owner = { user: 'core', group: '10' };
const none = { mode: undefined, user: undefined, group: undefined };

test('nodeRules() says what the lines of each kind of path mean', () => {
  const contents = Buffer.from('x');
  const files = [
    nodeFile('/var/a b[1]%', { contents, mode: 0o640, owner, keepExisting: false }),
    nodeFile('/var/kept', { contents, mode: 0o600, owner, keepExisting: true }),
    nodeEmptyFile('/var/empty', { mode: 0o600 }),
    nodeDirectory('/var/d', { mode: 0o700 }, owner),
    nodeSymlink('/var/l', '-', true),
    nodeSymlink('/var/k', '../x', false),
  ];
  const lines = files.flatMap((file) => file.lines);
  const text = formatTmpfiles([...lines, { type: 'z', path: '/etc/ssl', mode: '0700', user: '0' }]);
  const given = { mode: 0o640, ...owner };
  const kept = { mode: 0o600, ...owner };
  const tree = '/usr/lib/varve/tree';
  assert.deepEqual(nodeRules(text), [
    { type: 'file', path: '/var/a b[1]%', source: `${tree}/var/a b[1]%`, keep: false, given, made: given },
    { type: 'file', path: '/var/kept', source: `${tree}/var/kept`, keep: true, given: kept, made: kept },
    {
      type: 'file',
      path: '/var/empty',
      source: undefined,
      keep: true,
      given: { ...none, mode: 0o600 },
      made: { mode: 0o600, user: '0', group: '0' },
    },
    { type: 'directory', path: '/var/d', given: { ...none, mode: 0o700 }, made: { mode: 0o700, ...owner } },
    { type: 'symlink', path: '/var/l', target: '-', keep: false },
    { type: 'symlink', path: '/var/k', target: '../x', keep: true },
    { type: 'attributes', path: '/etc/ssl', given: { ...none, mode: 0o700, user: '0' } },
  ]);
});

test('nodeRules() does not guess what a line of another version means', () => {
  for (const line of ['q /var/x', 'C /var/x', 'f /var/x 0644 0 0 - text', 'nonsense']) {
    assert.equal(nodeRules(`${line}\n`), undefined, line);
  }
});
