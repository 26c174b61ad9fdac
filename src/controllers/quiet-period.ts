import type { Clock } from '../kube/index.ts';

export interface QuietPeriodOptions {
  readonly clock: Clock;
  /** How long nothing must have changed, in milliseconds. */
  readonly period: number;
  /** How long changes put off a key at the most, in milliseconds. */
  readonly longest: number;
}

/**
 * Puts off work until what it depends on is at rest: `kubectl apply` of many objects is one change to people. Any change puts
 * off every key that waits, since the objects of one command concern several keys in any order; but no key for longer than
 * `longest`.
 */
export class QuietPeriod {
  readonly #options: QuietPeriodOptions;
  /** Keys that something has changed for, with the time when it first did. */
  readonly #since = new Map<string, number>();
  #last = 0;
  #isStarted = false;

  constructor(options: QuietPeriodOptions) {
    this.#options = options;
  }

  /** What was there before is no change, so that the first look at anything waits for nothing. */
  start(): void {
    this.#isStarted = true;
  }

  /** Takes note of a change that concerns this key. */
  changed(key: string): void {
    if (!this.#isStarted) return;
    this.#last = this.#options.clock.now();
    if (!this.#since.has(key)) this.#since.set(key, this.#last);
  }

  /** How long the work on a key has to wait yet, in milliseconds; 0 where nothing has changed since it was settled. */
  remaining(key: string): number {
    const since = this.#since.get(key);
    if (since === undefined) return 0;
    const { clock, period, longest } = this.#options;
    return Math.max(0, Math.min(this.#last + period, since + longest) - clock.now());
  }

  /** The work on a key begins: what changes from now on is for the next time. */
  settle(key: string): void {
    this.#since.delete(key);
  }
}
