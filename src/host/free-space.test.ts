import assert from 'node:assert/strict';
import { test } from 'node:test';
import { classifyOutput } from './classify-failure.ts';
import { freeSpaceOf, lackOfSpace } from './free-space.ts';

test('lackOfSpace() keeps the reserve that ostree keeps, and says what every tool says', () => {
  const space = { available: 1e9, total: 10e9 };
  assert.equal(lackOfSpace(700e6, space), undefined);
  const lack = lackOfSpace(701e6, space) ?? '';
  assert.equal(lack, 'Insufficient free space (available: 700.0 MB, required: 701.0 MB)');
  assert.equal(classifyOutput({ status: 1, stdout: '', stderr: lack }), 'disk');
  assert.match(lackOfSpace(1, { available: 0, total: 10e9 }) ?? '', /available: 0\.0 MB/);
});

test('freeSpaceOf() knows nothing of what is not there', async () => {
  assert.equal(await freeSpaceOf('/nowhere'), undefined);
  assert.ok(((await freeSpaceOf('/'))?.total ?? 0) > 0);
});
