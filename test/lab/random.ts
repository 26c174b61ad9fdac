import type { TestContext } from 'node:test';

/** Mulberry32, in [0, 1): the same numbers again for the same seed. */
export function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A seed that the test says, so that VARVE_TEST_SEED can give it again. */
export function seedOf(t: TestContext): number {
  const seed = Number(process.env['VARVE_TEST_SEED'] ?? Date.now() % 1_000_000);
  t.diagnostic(`VARVE_TEST_SEED=${seed}`);
  return seed;
}
