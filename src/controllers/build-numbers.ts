/** Plain numbers about builds since the process began, for metrics. Durations in milliseconds. */
export interface BuildCounts {
  /** By how they ended: `Succeeded`, `Interrupted`, or the reason of a failure. */
  readonly ended: Readonly<Record<string, number>>;
  /** From their start to their end, of all that succeeded. */
  readonly durationSum: number;
  readonly durationMax: number;
  /** How long builds waited for others to end before they started. */
  readonly waitSum: number;
  readonly waitMax: number;
  readonly started: number;
  /** Builds that this process works on now, and those that wait for their turn. */
  readonly running: number;
  readonly queued: number;
}

/** Counts builds. */
export class BuildNumbers {
  readonly #ended = new Map<string, number>();
  #durationSum = 0;
  #durationMax = 0;
  #waitSum = 0;
  #waitMax = 0;
  #started = 0;
  #running = 0;
  #queued = 0;

  get counts(): BuildCounts {
    return {
      ended: Object.fromEntries(this.#ended),
      durationSum: this.#durationSum,
      durationMax: this.#durationMax,
      waitSum: this.#waitSum,
      waitMax: this.#waitMax,
      started: this.#started,
      running: this.#running,
      queued: this.#queued,
    };
  }

  /** How many there are of either sort now. */
  now(running: number, queued: number): void {
    this.#running = running;
    this.#queued = queued;
  }

  start(waited: number): void {
    this.#started += 1;
    this.#waitSum += waited;
    this.#waitMax = Math.max(this.#waitMax, waited);
  }

  succeed(duration: number): void {
    this.#count('Succeeded');
    this.#durationSum += duration;
    this.#durationMax = Math.max(this.#durationMax, duration);
  }

  fail(reason: string): void {
    this.#count(reason);
  }

  interrupt(): void {
    this.#count('Interrupted');
  }

  #count(outcome: string): void {
    this.#ended.set(outcome, (this.#ended.get(outcome) ?? 0) + 1);
  }
}
