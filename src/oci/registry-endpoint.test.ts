import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isListed, isLoopbackHost, originsOf } from './registry-endpoint.ts';

test('originsOf() begins with plain HTTP on loopback, with HTTPS elsewhere', () => {
  const table: readonly [registry: string, plainHttp: readonly string[], origins: readonly string[]][] = [
    ['quay.io', [], ['https://quay.io']],
    ['docker.io', [], ['https://registry-1.docker.io']],
    ['quay.io:5000', ['quay.io'], ['https://quay.io:5000']],
    ['quay.io:5000', ['quay.io:5000'], ['https://quay.io:5000', 'http://quay.io:5000']],
    ['localhost:5000', [], ['http://localhost:5000', 'https://localhost:5000']],
    ['127.9.0.1', [], ['http://127.9.0.1', 'https://127.9.0.1']],
    ['[::1]:80', [], ['http://[::1]:80', 'https://[::1]:80']],
    ['127.0.0.1.evil.example', [], ['https://127.0.0.1.evil.example']],
    ['localhost.example', [], ['https://localhost.example']],
  ];
  for (const [registry, plainHttp, origins] of table)
    assert.deepEqual(originsOf(registry, plainHttp), origins, registry);
});

test('isLoopbackHost() and isListed() match exactly', () => {
  assert.equal(isLoopbackHost('LOCALHOST'), true);
  assert.equal(isLoopbackHost('[::1]'), true);
  assert.equal(isLoopbackHost('128.0.0.1'), false);
  assert.equal(isListed(new URL('https://a/'), ['a']), true);
  assert.equal(isListed(new URL('https://a/'), ['a:443']), true);
  assert.equal(isListed(new URL('https://a:5000/'), ['a']), false);
});
