import { outcomes, type Clock, type Outcome } from '../kube/index.ts';

/** How long a subject rests after a look at it, in multiples of what the look cost; and at most, in milliseconds. */
const MULTIPLE = 4;
const LONGEST = 250;

/**
 * Keeps looks at something large, such as a pool of thousands of nodes, from taking all of a process: they change all the
 * time, and what happens while a subject rests is seen in one look.
 */
export class Rests {
  readonly #clock: Clock;
  /** When a subject may be looked at again. */
  readonly #until = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Looks, or says when to come again.
   *
   * @param look says by `spent` for how many milliseconds it had the process to itself: what it waits for costs nobody else anything
   */
  async take(subject: string, look: (spent: (time: number) => void) => Promise<Outcome>): Promise<Outcome> {
    const rest = (this.#until.get(subject) ?? 0) - this.#clock.now();
    if (rest > 0) return outcomes.requeueAfter(rest);
    let total = 0;
    try {
      return await look((time) => {
        total += time;
      });
    } finally {
      this.#until.set(subject, this.#clock.now() + Math.min(LONGEST, total * MULTIPLE));
    }
  }

  /** A subject that is gone. */
  forget(subject: string): void {
    this.#until.delete(subject);
  }
}
