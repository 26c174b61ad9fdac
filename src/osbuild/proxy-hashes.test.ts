import assert from 'node:assert/strict';
import { test } from 'node:test';
import { proxyHashes } from './proxy-hashes.ts';

test('proxyHashes() tells proxies with passwords apart without a word of them, and leaves others as they are', () => {
  const one = 'http://user:hunter22@proxy:3128';
  const hashed = proxyHashes({
    http_proxy: one,
    https_proxy: one,
    all_proxy: one.replace('2@', '3@'),
    no_proxy: 'localhost',
    ftp_proxy: undefined,
  });
  const { http_proxy: first, https_proxy: same, all_proxy: other, ...rest } = hashed;
  assert.match(first ?? '', /^[0-9a-f]{64}$/);
  assert.equal(same, first);
  assert.notEqual(other, first);
  assert.deepEqual(rest, { no_proxy: 'localhost', ftp_proxy: undefined });
});
