import { backoffDelay, type BackoffLimits } from './backoff.ts';
import type { Clock } from './clock.ts';
import { Heap } from './heap.ts';

/** controller-runtime's growth, with a cap that a person may wait for and jitter that spreads a common cause. */
export const QUEUE_BACKOFF: Omit<BackoffLimits, 'reset'> = {
  first: 5,
  factor: 2,
  longest: 300_000,
  jitter: 0.1,
};

export interface WorkQueueOptions {
  readonly clock: Clock;
  readonly backoff?: Omit<BackoffLimits, 'reset'>;
}

/** How a queue is doing. Milliseconds. */
export interface QueueNumbers {
  /** Keys that could be worked on now. */
  readonly depth: number;
  readonly processing: number;
  /** Keys that wait for their time. */
  readonly waiting: number;
  readonly adds: number;
  readonly retries: number;
  /** Of all keys that were taken, how long they had been ready; and the worst of them. */
  readonly latencySum: number;
  readonly latencyMax: number;
  readonly taken: number;
  /** How long the key that is ready for the longest time has been. */
  readonly oldest: number;
}

interface Ready {
  readonly key: string;
  readonly priority: number;
  readonly order: number;
  readonly since: number;
}

interface Timed {
  readonly key: string;
  readonly at: number;
  readonly order: number;
  readonly priority: number;
}

/**
 * Keys that need work, each at most once. A key that is added while somebody works on it comes again when that work is
 * done: it is never worked on twice at once and no add is lost.
 */
export class WorkQueue {
  readonly #clock: Clock;
  readonly #backoff: BackoffLimits;
  readonly #ready = new Heap<Ready>((a, b) =>
    a.priority === b.priority ? a.order < b.order : a.priority > b.priority,
  );
  /** What stands in `#ready` and counts; entries whose priority was raised since are passed over. */
  readonly #queued = new Map<string, Ready>();
  readonly #processing = new Set<string>();
  /** Added again while somebody works on them, with the priority for then. */
  readonly #again = new Map<string, number>();
  readonly #timed = new Heap<Timed>((a, b) => (a.at === b.at ? a.order < b.order : a.at < b.at));
  readonly #due = new Map<string, Timed>();
  readonly #failures = new Map<string, number>();
  readonly #takers: ((key: string | undefined) => void)[] = [];
  #cancelTimer: (() => void) | undefined;
  #timerAt = Number.POSITIVE_INFINITY;
  #order = 0;
  #isClosed = false;
  #adds = 0;
  #retries = 0;
  #taken = 0;
  #latencySum = 0;
  #latencyMax = 0;

  constructor({ clock, backoff = QUEUE_BACKOFF }: WorkQueueOptions) {
    this.#clock = clock;
    this.#backoff = { ...backoff, reset: Number.POSITIVE_INFINITY };
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  get numbers(): QueueNumbers {
    let since = Number.POSITIVE_INFINITY;
    for (const entry of this.#queued.values()) since = Math.min(since, entry.since);
    return {
      depth: this.#queued.size,
      processing: this.#processing.size,
      waiting: this.#due.size,
      adds: this.#adds,
      retries: this.#retries,
      latencySum: this.#latencySum,
      latencyMax: this.#latencyMax,
      taken: this.#taken,
      oldest: this.#queued.size === 0 ? 0 : this.#clock.now() - since,
    };
  }

  /** Keys of higher priority are taken first; among equals the one that has waited longest. */
  add(key: string, priority = 0): void {
    if (this.#isClosed) return;
    this.#adds += 1;
    if (this.#processing.has(key)) {
      this.#again.set(key, Math.max(priority, this.#again.get(key) ?? Number.NEGATIVE_INFINITY));
      return;
    }
    const queued = this.#queued.get(key);
    if (queued !== undefined && queued.priority >= priority) return;
    this.#enqueue({
      key,
      priority,
      order: queued?.order ?? this.#nextOrder(),
      since: queued?.since ?? this.#clock.now(),
    });
  }

  /** Adds a key after so many milliseconds; of several times for one key the earliest counts. */
  addAfter(key: string, milliseconds: number, priority = 0): void {
    if (this.#isClosed) return;
    if (milliseconds <= 0) {
      this.add(key, priority);
      return;
    }
    const at = this.#clock.now() + milliseconds;
    const due = this.#due.get(key);
    if (due !== undefined && due.at <= at) return;
    const timed = { key, at, order: this.#nextOrder(), priority };
    this.#due.set(key, timed);
    this.#timed.push(timed);
    this.#compact();
    this.#arm();
  }

  /**
   * Adds a key that failed, later each time, and not before `least` milliseconds.
   *
   * @returns after how long it comes
   */
  retry(key: string, least = 0, priority = 0): number {
    const failures = (this.#failures.get(key) ?? 0) + 1;
    this.#failures.set(key, failures);
    this.#retries += 1;
    const delay = Math.max(least, backoffDelay(this.#backoff, failures, this.#clock.random()));
    this.addAfter(key, delay, priority);
    return delay;
  }

  /** How often a key failed since it was forgotten last. */
  failures(key: string): number {
    return this.#failures.get(key) ?? 0;
  }

  /** A key has succeeded, or is not to be tried again: its next failure is its first. */
  forget(key: string): void {
    this.#failures.delete(key);
  }

  /** The next key to work on, when there is one; undefined when the queue is closed. Then `done` has to follow. */
  take(): Promise<string | undefined> {
    const key = this.#isClosed ? undefined : this.#next();
    if (key !== undefined || this.#isClosed) return Promise.resolve(key);
    const { promise, resolve } = Promise.withResolvers<string | undefined>();
    this.#takers.push(resolve);
    return promise;
  }

  /** The work on a key has ended, however it did. */
  done(key: string): void {
    if (!this.#processing.delete(key)) return;
    const priority = this.#again.get(key);
    this.#again.delete(key);
    if (priority === undefined || this.#isClosed) return;
    this.#enqueue({ key, priority, order: this.#nextOrder(), since: this.#clock.now() });
  }

  /** No key comes out any more, and none goes in. */
  close(): void {
    this.#isClosed = true;
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    for (const give of this.#takers.splice(0)) give(undefined);
  }

  #enqueue(entry: Ready): void {
    this.#queued.set(entry.key, entry);
    this.#ready.push(entry);
    if (this.#takers.length === 0) return;
    const key = this.#next();
    if (key !== undefined) this.#takers.shift()?.(key);
  }

  #next(): string | undefined {
    for (let entry = this.#ready.pop(); entry !== undefined; entry = this.#ready.pop()) {
      if (this.#queued.get(entry.key) !== entry) continue;
      this.#queued.delete(entry.key);
      this.#processing.add(entry.key);
      const latency = this.#clock.now() - entry.since;
      this.#taken += 1;
      this.#latencySum += latency;
      this.#latencyMax = Math.max(this.#latencyMax, latency);
      return entry.key;
    }
    return undefined;
  }

  #arm(): void {
    const next = this.#timed.first;
    if (next === undefined || next.at >= this.#timerAt) return;
    this.#cancelTimer?.();
    this.#timerAt = next.at;
    this.#cancelTimer = this.#clock.schedule(next.at - this.#clock.now(), () => this.#release());
  }

  #release(): void {
    this.#cancelTimer = undefined;
    this.#timerAt = Number.POSITIVE_INFINITY;
    const now = this.#clock.now();
    // Timers may fire a part of a millisecond early.
    for (let next = this.#timed.first; next !== undefined && next.at <= now + 0.5; next = this.#timed.first) {
      this.#timed.pop();
      if (this.#due.get(next.key) !== next) continue;
      this.#due.delete(next.key);
      this.add(next.key, next.priority);
    }
    this.#arm();
  }

  /** Entries that an earlier time replaced must not pile up behind a far one. */
  #compact(): void {
    if (this.#timed.size <= 2 * this.#due.size + 64) return;
    while (this.#timed.pop() !== undefined);
    for (const timed of this.#due.values()) this.#timed.push(timed);
  }

  #nextOrder(): number {
    this.#order += 1;
    return this.#order;
  }
}
