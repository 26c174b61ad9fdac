import type { Clock } from './clock.ts';

/** How pauses grow, in milliseconds. */
export interface BackoffLimits {
  readonly first: number;
  readonly factor: number;
  readonly longest: number;
  /** Each pause is longer by up to this share, by chance: what failed together must not return together. */
  readonly jitter: number;
  /** After so long without a failure counting begins anew. */
  readonly reset: number;
}

/** client-go's for a reflector. */
export const REFLECTOR_BACKOFF: BackoffLimits = {
  first: 800,
  factor: 2,
  longest: 30_000,
  jitter: 1,
  reset: 120_000,
};

/** The pause after so many failures in a row, the first being 1. */
export function backoffDelay(limits: BackoffLimits, failures: number, random: number): number {
  const pause = Math.min(limits.longest, limits.first * limits.factor ** (failures - 1));
  return pause * (1 + limits.jitter * random);
}

/** Counts the failures of one undertaking. */
export class Backoff {
  readonly #limits: BackoffLimits;
  readonly #clock: Clock;
  #failures = 0;
  #healthySince: number;

  constructor(limits: BackoffLimits, clock: Clock) {
    this.#limits = limits;
    this.#clock = clock;
    this.#healthySince = clock.now();
  }

  /** The pause after one more failure. */
  next(): number {
    const now = this.#clock.now();
    if (now - this.#healthySince > this.#limits.reset) this.#failures = 0;
    this.#failures += 1;
    const pause = backoffDelay(this.#limits, this.#failures, this.#clock.random());
    this.#healthySince = now + pause;
    return pause;
  }
}
