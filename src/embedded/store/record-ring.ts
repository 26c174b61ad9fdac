/** Bytes that a record has at least, on average, for the ring to be full of bytes before it is full of records. */
const LEAST_RECORD = 512;

/**
 * The newest records, in one piece of memory of a fixed size outside of JavaScript's heap: however many there are, the garbage
 * collector has nothing to mark and nothing to promote. The oldest go when there is no room for the next one. Records have
 * consecutive numbers.
 */
export class RecordRing {
  readonly #limit: number;
  /** How many records there can be. */
  readonly slots: number;
  readonly #onForget: (number: number) => void;
  /** Made when it is needed: most stores of a test never fill one. */
  #memory: Buffer | undefined;
  readonly #starts: Uint32Array;
  readonly #headSizes: Uint32Array;
  readonly #sizes: Uint32Array;
  #first = 0;
  #next = 0;
  /** Where the next record begins. */
  #position = 0;

  /**
   * @param limit bytes
   * @param onForget called for each record that goes, before it does
   */
  constructor(limit: number, onForget: (number: number) => void) {
    this.#limit = limit;
    this.#onForget = onForget;
    this.slots = Math.floor(limit / LEAST_RECORD);
    this.#starts = new Uint32Array(this.slots);
    this.#headSizes = new Uint32Array(this.slots);
    this.#sizes = new Uint32Array(this.slots);
  }

  /** The number of the oldest record; that of the next one where there is none. */
  get first(): number {
    return this.#first;
  }

  /** The number that the next record will have. */
  get next(): number {
    return this.#next;
  }

  /** Adds a record of two texts. @returns false, with nothing left in the ring, if it is larger than that */
  push(head: string, body: string): boolean {
    const headSize = Buffer.byteLength(head);
    const size = headSize + Buffer.byteLength(body);
    if (size > this.#limit || this.slots === 0) {
      while (this.#first < this.#next) this.#forget();
      return false;
    }
    this.#makeRoom(size);
    this.#memory ??= Buffer.allocUnsafeSlow(this.#limit);
    const slot = this.#next % this.slots;
    this.#starts[slot] = this.#position;
    this.#headSizes[slot] = headSize;
    this.#sizes[slot] = size;
    this.#memory.write(head, this.#position);
    this.#memory.write(body, this.#position + headSize);
    this.#position += size;
    this.#next++;
    return true;
  }

  /** The first text of a record that is there. */
  head(number: number): string {
    const start = this.#starts[number % this.slots] ?? 0;
    return this.#text(start, start + (this.#headSizes[number % this.slots] ?? 0));
  }

  /** The second text of a record that is there. */
  body(number: number): string {
    const start = this.#starts[number % this.slots] ?? 0;
    return this.#text(
      start + (this.#headSizes[number % this.slots] ?? 0),
      start + (this.#sizes[number % this.slots] ?? 0),
    );
  }

  #text(start: number, end: number): string {
    return this.#memory?.toString('utf8', start, end) ?? '';
  }

  /** Forgets what is in the way of a record at {@link RecordRing.#position}, or at the start if the end is too near. */
  #makeRoom(size: number): void {
    if (this.#next - this.#first === this.slots) this.#forget();
    if (this.#position + size > this.#limit) {
      while (this.#first < this.#next && this.#oldestStart >= this.#position) this.#forget();
      this.#position = 0;
    }
    const end = this.#position + size;
    while (this.#first < this.#next && this.#oldestStart >= this.#position && this.#oldestStart < end)
      this.#forget();
  }

  get #oldestStart(): number {
    return this.#starts[this.#first % this.slots] ?? 0;
  }

  #forget(): void {
    this.#onForget(this.#first);
    this.#first++;
  }
}
