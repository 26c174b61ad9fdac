import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BuildMount } from './build-inputs.ts';
import { mountHashes } from './mount-hashes.ts';

const mount = (files: Readonly<Record<string, string>>, path = '/etc/a'): BuildMount => ({
  path,
  files: new Map(Object.entries(files).map(([name, text]) => [name, Buffer.from(text)])),
  source: 'Secret a',
});

test('mountHashes() differs with every name and content, and with nothing else', () => {
  const of = (one: BuildMount): string => mountHashes([one])[one.path] ?? '';
  const first = of(mount({ a: '1', b: '2' }));
  assert.equal(of(mount({ b: '2', a: '1' })), first);
  assert.equal(of({ ...mount({ a: '1', b: '2' }), source: 'Secret b' }), first);
  const others = [mount({ a: '1' }), mount({ a: '2', b: '1' }), mount({ a: '1', c: '2' }), mount({})].map(of);
  assert.equal(new Set([first, ...others]).size, 5);
  assert.deepEqual(Object.keys(mountHashes([mount({}), mount({}, '/etc/b')])), ['/etc/a', '/etc/b']);
});
