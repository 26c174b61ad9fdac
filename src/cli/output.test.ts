import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatBytes, formatMilliseconds, formatTable } from './output.ts';

test('formatTable() makes columns as wide as their widest cell, and no trailing space', () => {
  assert.equal(
    formatTable([
      ['a', 'bb', 'c'],
      ['aaa', 'b', ''],
      ['a', ''],
    ]),
    'a    bb  c\naaa  b\na\n',
  );
  assert.equal(formatTable([]), '');
});

test('formatBytes() takes the largest unit below which the number is', () => {
  const table: readonly (readonly [number, string])[] = [
    [0, '0 B'],
    [999, '999 B'],
    [1000, '1.0 kB'],
    [35_249, '35.2 kB'],
    [1_234_567_890, '1.2 GB'],
    [5e15, '5000.0 TB'],
  ];
  for (const [bytes, expected] of table) assert.equal(formatBytes(bytes), expected);
});

test('formatMilliseconds() changes to seconds at a thousand', () => {
  assert.deepEqual([0.4, 12.4, 999, 1000, 3449].map(formatMilliseconds), [
    '0 ms',
    '12 ms',
    '999 ms',
    '1.0 s',
    '3.4 s',
  ]);
});
