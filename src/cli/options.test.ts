import assert from 'node:assert/strict';
import { test } from 'node:test';
import { address, count, duration } from './options.ts';

test('duration() reads what Go writes, in milliseconds', () => {
  const cases = [
    ['1s', 1000],
    ['1500ms', 1500],
    ['5m', 300_000],
    ['168h', 604_800_000],
  ] as const;
  for (const [text, milliseconds] of cases) assert.equal(duration(text), milliseconds);
  for (const text of ['', '5', 's', '1.5s', '-1s', '999ms', '169h', '1d', '1 s', '9999999s'])
    assert.throws(() => duration(text), /a number with its unit/, text);
});

test('address() reads an address and a port; without an address it is all of them', () => {
  const cases = [
    ['127.0.0.1:8081', '127.0.0.1', 8081],
    [':8081', '0.0.0.0', 8081],
    ['[::1]:0', '::1', 0],
    ['localhost:80', 'localhost', 80],
  ] as const;
  for (const [text, host, port] of cases) assert.deepEqual(address(text), { host, port });
  for (const text of ['', '8081', '127.0.0.1', '127.0.0.1:', ':65536', '::1:80', 'a b:1', '[::1]'])
    assert.throws(() => address(text), /an address and a port/, text);
});

test('count() is a whole number', () => {
  assert.equal(count('0'), 0);
  assert.equal(count('12'), 12);
  for (const text of ['', '-1', '1.5', 'x', '1e3']) assert.throws(() => count(text), /a whole number/, text);
});
