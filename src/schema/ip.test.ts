import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseIp } from './ip.ts';

for (const [text, expected] of [
  ['127.0.0.1', '7f000001'],
  ['::1', '00000000000000000000000000000001'],
  ['::', '00000000000000000000000000000000'],
  ['fd00::10:0', 'fd000000000000000000000000100000'],
  ['1:2:3:4:5:6:7:8', '00010002000300040005000600070008'],
  ['::ffff:10.1.2.3', '00000000000000000000ffff0a010203'],
  ['fe80::1%eth0', undefined],
  ['localhost', undefined],
  ['1.2.3', undefined],
  ['', undefined],
] as const) {
  test(`parseIp() of "${text}"`, () => {
    const address = parseIp(text);
    assert.equal(address && Buffer.from(address.bytes).toString('hex'), expected);
  });
}
