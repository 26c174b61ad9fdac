/**
 * Looks for many byte strings at once (Wu and Manber): by the two bytes at the place where the shortest of them would end it is known
 * how far none of them can begin, so that most bytes of a layer are not looked at.
 */
export class ByteSearch {
  readonly #needles: ReadonlyMap<number, readonly Buffer[]>;
  /** For each pair of bytes. */
  readonly #shifts: Uint8Array;
  readonly #shortest: number;
  readonly #longest: number;

  /** @param needles of two bytes or more */
  constructor(needles: readonly Buffer[]) {
    const lengths = needles.map(({ length }) => length);
    this.#shortest = Math.min(255, ...lengths);
    this.#longest = Math.max(2, ...lengths);
    this.#shifts = new Uint8Array(0x1_00_00).fill(this.#shortest - 1);
    const byEnd = new Map<number, Buffer[]>();
    for (const needle of needles) {
      for (let at = 0; at <= this.#shortest - 2; at += 1) {
        const pair = pairAt(needle, at);
        const shift = this.#shortest - 2 - at;
        this.#shifts[pair] = Math.min(this.#shifts[pair] ?? 0, shift);
        if (shift === 0) byEnd.set(pair, [...(byEnd.get(pair) ?? []), needle]);
      }
    }
    this.#needles = byEnd;
  }

  /** The first one that is found. */
  inBytes(bytes: Buffer): Buffer | undefined {
    if (this.#needles.size === 0) return undefined;
    const offset = this.#shortest - 2;
    let at = offset;
    while (at + 1 < bytes.length) {
      const pair = pairAt(bytes, at);
      const shift = this.#shifts[pair] ?? 1;
      if (shift > 0) {
        at += shift;
        continue;
      }
      const start = at - offset;
      const found = this.#needles.get(pair)?.find((needle) => isAt(bytes, start, needle));
      if (found !== undefined) return found;
      at += 1;
    }
    return undefined;
  }

  /** The first one that is found in a stream, in whatever chunks it comes. */
  async inStream(stream: AsyncIterable<Uint8Array>): Promise<Buffer | undefined> {
    let rest = Buffer.alloc(0);
    for await (const chunk of stream) {
      const bytes = Buffer.concat([rest, chunk]);
      const found = this.inBytes(bytes);
      if (found !== undefined) return found;
      rest = bytes.subarray(Math.max(0, bytes.length - this.#longest + 1));
    }
    return undefined;
  }
}

function pairAt(bytes: Buffer, at: number): number {
  return ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
}

function isAt(bytes: Buffer, start: number, needle: Buffer): boolean {
  return bytes.compare(needle, 0, needle.length, start, Math.min(bytes.length, start + needle.length)) === 0;
}
