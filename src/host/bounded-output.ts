/** Collects a stream's bytes up to a limit, keeping the first ones or the last ones. */
export class BoundedOutput {
  readonly #limit: number;
  readonly #keep: 'first' | 'last';
  #chunks: Buffer[] = [];
  #size = 0;
  #exceeded = false;

  constructor(limit: number, keep: 'first' | 'last') {
    this.#limit = limit;
    this.#keep = keep;
  }

  /** Whether more came than was kept. */
  get exceeded(): boolean {
    return this.#exceeded;
  }

  add(chunk: Buffer): void {
    if (this.#size + chunk.length > this.#limit) this.#exceeded = true;
    if (this.#keep === 'first') {
      const room = this.#limit - this.#size;
      if (room > 0) this.#push(chunk.subarray(0, room));
      return;
    }
    this.#push(chunk.subarray(-this.#limit));
    // Whole chunks go first; twice the limit is the most that is held, so a flood costs no copy per chunk.
    while (this.#size - (this.#chunks[0]?.length ?? 0) >= this.#limit) {
      this.#size -= this.#chunks.shift()?.length ?? 0;
    }
  }

  #push(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#size += chunk.length;
  }

  /** What was kept; bytes that are no UTF-8 are replaced. */
  text(): string {
    const all = Buffer.concat(this.#chunks);
    const kept = this.#keep === 'last' ? all.subarray(-this.#limit) : all;
    return kept.toString('utf8');
  }
}
