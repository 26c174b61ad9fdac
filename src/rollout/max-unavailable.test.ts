import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { maxUnavailable } from './max-unavailable.ts';

// Contract §3.3, with its vectors for four nodes.
const VECTORS: readonly (readonly [string, number | string | undefined, number, number | undefined])[] = [
  ['infra', undefined, 4, 1],
  ['infra', 2, 4, 2],
  ['infra', 0, 4, 1],
  ['infra', '50%', 4, 2],
  ['infra', '60%', 4, 2],
  ['infra', '0%', 4, 1],
  ['infra', '10%', 4, 1],
  ['infra', '100%', 0, 1],
  ['infra', '200%', 4, 8],
  ['infra', '60', 4, undefined],
  ['infra', '40 %', 4, undefined],
  ['infra', '50 percent', 4, undefined],
  ['infra', '-5%', 4, undefined],
  ['arbiter', 3, 4, 1],
  ['arbiter', '60', 4, 1],
];

for (const [pool, value, total, expected] of VECTORS) {
  test(`maxUnavailable() of ${pool}: ${String(value)} of ${total} nodes`, () => {
    const found = maxUnavailable(pool, value, total);
    assert.equal(found.ok ? found.nodes : undefined, expected);
  });
}

test('maxUnavailable() says what is wrong with a value', () => {
  assert.deepEqual(maxUnavailable('infra', '60', 4), {
    ok: false,
    message:
      'spec.maxUnavailable: expected a whole number of nodes or a percentage such as "10%", received "60"',
  });
});

test('maxUnavailable() lets one node through at least, and grows with the share', () => {
  fc.assert(
    fc.property(fc.nat(100), fc.nat(5000), (percent, total) => {
      const found = maxUnavailable('infra', `${percent}%`, total);
      const more = maxUnavailable('infra', `${percent + 1}%`, total);
      assert.ok(found.ok && more.ok && found.nodes >= 1 && found.nodes <= Math.max(1, total));
      assert.ok(more.nodes >= found.nodes);
    }),
  );
});
