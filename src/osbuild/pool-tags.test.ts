import assert from 'node:assert/strict';
import { test } from 'node:test';
import { poolTags, tagConflict } from './pool-tags.ts';

test('poolTags() mirrors the image streams of the founding design', () => {
  assert.deepEqual(poolTags('worker'), {
    image: 'worker',
    renderedConfig: 'worker-rendered-config',
    external: 'worker-external',
  });
});

test('tagConflict() finds the pool whose tags would be lost', () => {
  const pools = ['worker', 'infra', 'worker-external', 'infra-rendered-config', 'worker-2'];
  assert.deepEqual(
    pools.map((pool) => tagConflict(pool, pools)),
    ['worker-external', 'infra-rendered-config', 'worker', 'infra', undefined],
  );
});
