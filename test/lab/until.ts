import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';

/** Seconds that a test waits for what is to happen: machines are busy, and stand still at times. */
export const PATIENCE = 180;

/** Waits for a condition; how long is no part of any test. @throws AssertionError that says what was waited for */
export async function until(
  what: string,
  holds: () => boolean | Promise<boolean>,
  seconds = PATIENCE,
): Promise<void> {
  const began = performance.now();
  for (;;) {
    const answer = holds();
    if (await answer) return;
    const waited = performance.now() - began;
    assert.ok(waited < seconds * 1000, `after ${seconds} s not yet: ${what}`);
    // What is asked of somebody else costs both of them time, the more the longer it takes.
    await sleep(typeof answer === 'boolean' ? 5 : Math.min(Math.max(waited / 20, 5), 50));
  }
}

/**
 * Waits for a second in which something stays as it is, and answers how it is: what never rests is found out, and what rests
 * late, on a busy machine, is not mistaken for it.
 */
export async function atRest<T>(what: string, look: () => T | Promise<T>): Promise<T> {
  let found = await look();
  await until(`${what} is at rest`, async () => {
    await sleep(1000);
    const before = found;
    found = await look();
    return isDeepStrictEqual(found, before);
  });
  return found;
}
