import type { Clock } from '../kube/index.ts';

export interface QuietPeriodOptions {
  readonly clock: Clock;
  /** How long nothing must have changed, in milliseconds. */
  readonly period: number;
  /** How long changes put off a key at the most, in milliseconds. */
  readonly longest: number;
}

/** Changes within so many periods of each other are of one command, which then is given so many periods to go on. */
const CLOSE = 2;
const MOST_PATIENT = 4;

/**
 * Puts off work until what it depends on is at rest: `kubectl apply` of many objects is one change to people. Any change puts
 * off every key that waits, since the objects of one command concern several keys in any order; but no key for longer than
 * `longest`. Of a command that is slow at times the pauses are waited for as well: it would be taken for many.
 */
export class QuietPeriod {
  readonly #options: QuietPeriodOptions;
  /** Keys that something has changed for, with the time when it first did. */
  readonly #since = new Map<string, number>();
  #last = Number.NEGATIVE_INFINITY;
  #pause: number;
  #isStarted = false;

  constructor(options: QuietPeriodOptions) {
    this.#options = options;
    this.#pause = options.period;
  }

  /** What was there before is no change, so that the first look at anything waits for nothing. */
  start(): void {
    this.#isStarted = true;
  }

  /** Takes note of a change that concerns this key. */
  changed(key: string): void {
    if (!this.#isStarted) return;
    const { clock, period } = this.#options;
    const now = clock.now();
    const gap = now - this.#last;
    this.#pause =
      gap > CLOSE * period ? period : Math.min(MOST_PATIENT * period, Math.max(this.#pause, 2 * gap));
    this.#last = now;
    if (!this.#since.has(key)) this.#since.set(key, this.#last);
  }

  /** How long the work on a key has to wait yet, in milliseconds; 0 where nothing has changed since it was settled. */
  remaining(key: string): number {
    const since = this.#since.get(key);
    if (since === undefined) return 0;
    const { clock, longest } = this.#options;
    return Math.max(0, Math.min(this.#last + this.#pause, since + longest) - clock.now());
  }

  /** The work on a key begins: what changes from now on is for the next time. */
  settle(key: string): void {
    this.#since.delete(key);
  }
}
