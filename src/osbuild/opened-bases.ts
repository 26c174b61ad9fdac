import type { Digest } from '../oci/index.ts';
import type { BaseIndex } from './base-index.ts';

/** Bases that stay open, the last ones used: the index of a real one is a few megabytes. */
const MAX_OPEN = 8;

/** The indexes of the bases that builds of this process stood on last, so that the next one need not read them again. */
export class OpenedBases {
  /** In the order of their last use. */
  readonly #indexes = new Map<Digest, BaseIndex>();

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
}
