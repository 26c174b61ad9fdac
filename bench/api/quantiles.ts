/** Times in milliseconds, for what is said of many. */
export class Times {
  /** Numbers in one piece: hundreds of thousands of them are no work for the garbage collector. */
  #values = new Float64Array(1 << 20);
  #count = 0;
  #isSorted = true;

  add(value: number): void {
    if (this.#count === this.#values.length) {
      const more = new Float64Array(this.#count * 2);
      more.set(this.#values);
      this.#values = more;
    }
    this.#values[this.#count++] = value;
    this.#isSorted = false;
  }

  clear(): void {
    this.#count = 0;
  }

  get count(): number {
    return this.#count;
  }

  /** The value that this part of all does not exceed; 1 is the greatest. */
  at(part: number): number {
    if (!this.#isSorted) this.#values.subarray(0, this.#count).sort();
    this.#isSorted = true;
    return this.#values[Math.min(this.#count - 1, Math.floor(this.#count * part))] ?? 0;
  }
}

export function milliseconds(value: number): string {
  return `${value.toFixed(value < 10 ? 1 : 0)} ms`;
}
