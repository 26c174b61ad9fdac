import type { Change } from './store.ts';

/**
 * The newest changes, in memory, so that a write that many watch is not read from disk for each of them. Bounded by size: the
 * oldest go first, whatever their storage.
 */
export class RecentChanges {
  readonly #limit: number;
  /** Before the first change that was added, nothing is known. */
  readonly #start: number;
  readonly #storages = new Map<string, Recent>();
  readonly #order = new Queue<Change>();
  #size = 0;

  /**
   * @param limit about how many bytes it may hold
   * @param start the revision before the first change that it will be given
   */
  constructor(limit: number, start: number) {
    this.#limit = limit;
    this.#start = start;
  }

  /** Takes the next change. */
  add(change: Change): void {
    const { storage } = change.object;
    let recent = this.#storages.get(storage);
    if (recent === undefined) {
      recent = { forgotten: this.#start, changes: new Queue() };
      this.#storages.set(storage, recent);
    }
    recent.changes.push(change);
    this.#order.push(change);
    this.#size += sizeOf(change);
    while (this.#size > this.#limit && this.#forgetOldest());
  }

  /** The changes of a storage with revision > `after`, at most `limit`; undefined if some may be missing here. */
  after(storage: string, after: number, limit: number): Change[] | undefined {
    const recent = this.#storages.get(storage);
    if (after < (recent?.forgotten ?? this.#start)) return undefined;
    if (recent === undefined) return [];
    const { changes } = recent;
    let low = 0;
    let high = changes.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (changes.at(middle).revision > after) high = middle;
      else low = middle + 1;
    }
    const found: Change[] = [];
    for (let i = low; i < changes.length && found.length < limit; i++) found.push(changes.at(i));
    return found;
  }

  #forgetOldest(): boolean {
    const oldest = this.#order.shift();
    if (oldest === undefined) return false;
    this.#size -= sizeOf(oldest);
    const recent = this.#storages.get(oldest.object.storage);
    recent?.changes.shift();
    if (recent !== undefined) recent.forgotten = oldest.revision;
    return true;
  }
}

interface Recent {
  /** The newest revision of this storage that was let go. */
  forgotten: number;
  readonly changes: Queue<Change>;
}

/** First in, first out, with access by place. */
class Queue<T> {
  #items: (T | undefined)[] = [];
  #head = 0;

  get length(): number {
    return this.#items.length - this.#head;
  }

  at(index: number): T {
    const item = this.#items[this.#head + index];
    if (item === undefined) throw new RangeError(`no item at ${index}`);
    return item;
  }

  push(item: T): void {
    this.#items.push(item);
  }

  shift(): T | undefined {
    if (this.length === 0) return undefined;
    const item = this.at(0);
    this.#items[this.#head++] = undefined;
    // Moving the rest only when half has gone makes it cheap on average.
    if (this.#head * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return item;
  }
}

/** What labels, fields and the objects around them take, roughly. */
const OVERHEAD = 1_000;

function sizeOf(change: Change): number {
  return change.object.text.length + (change.old?.text.length ?? 0) + OVERHEAD;
}
