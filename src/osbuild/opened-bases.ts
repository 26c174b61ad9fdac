import type { Digest } from '../oci/index.ts';
import type { BaseIndex } from './base-index.ts';

/** Bases that stay open, the last ones used: the index of a real one is a few megabytes. */
const MAX_OPEN = 8;

/**
 * The indexes of the bases that builds of this process stood on last, so that the next one need not open them again, and
 * those that a build is making now: it takes minutes, and a new base is new to all pools at once.
 */
export class OpenedBases {
  /** In the order of their last use. */
  readonly #indexes = new Map<Digest, BaseIndex>();
  readonly #underway = new Map<Digest, Promise<unknown>>();

  get(base: Digest): BaseIndex | undefined {
    const index = this.#indexes.get(base);
    if (index !== undefined) this.set(base, index);
    return index;
  }

  set(base: Digest, index: BaseIndex): void {
    this.#indexes.delete(base);
    this.#indexes.set(base, index);
    for (const oldest of this.#indexes.keys()) {
      if (this.#indexes.size <= MAX_OPEN) return;
      this.#indexes.delete(oldest);
    }
  }

  /**
   * Makes the index of a base, or waits for whoever is making it; where that one fails, the next in line makes it.
   *
   * @param signal ends the waiting; what `make` does has to end by itself
   * @param onWait told before waiting for another build
   * @returns undefined when the signal has ended the waiting
   */
  async make(
    base: Digest,
    make: () => Promise<BaseIndex>,
    signal: AbortSignal | undefined,
    onWait: () => void,
  ): Promise<BaseIndex | undefined> {
    for (;;) {
      const underway = this.#underway.get(base);
      if (underway === undefined) break;
      onWait();
      await ended(underway, signal);
      const made = this.get(base);
      if (made !== undefined || signal?.aborted === true) return made;
    }
    const making = make();
    this.#underway.set(base, making);
    try {
      const index = await making;
      this.set(base, index);
      return index;
    } finally {
      this.#underway.delete(base);
    }
  }
}

/** Waits until something has ended, in whatever way. */
async function ended(work: Promise<unknown>, signal: AbortSignal | undefined): Promise<void> {
  if (signal?.aborted === true) return;
  let stop = (): void => undefined;
  const aborted = new Promise<void>((resolve) => {
    stop = resolve;
    signal?.addEventListener('abort', stop, { once: true });
  });
  await Promise.race([work.then(stop, stop), aborted]);
  signal?.removeEventListener('abort', stop);
}
