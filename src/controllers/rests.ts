import { outcomes, type Clock, type Outcome } from '../kube/index.ts';

/** How long a subject rests after a look at it. */
export interface RestNumbers {
  /** In multiples of what the look cost. */
  readonly multiple: number;
  /** At the most, in milliseconds. */
  readonly longest: number;
}

/** Of what others wait for. */
const SHORT: RestNumbers = { multiple: 4, longest: 250 };

/**
 * Keeps looks at something large, such as a pool of thousands of nodes, from taking all of a process: they change all the
 * time, and what happens while a subject rests is seen in one look.
 */
export class Rests {
  readonly #clock: Clock;
  readonly #numbers: RestNumbers;
  /** When a subject may be looked at again. */
  readonly #until = new Map<string, number>();

  constructor(clock: Clock, numbers = SHORT) {
    this.#clock = clock;
    this.#numbers = numbers;
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
      const { multiple, longest } = this.#numbers;
      this.#until.set(subject, this.#clock.now() + Math.min(longest, total * multiple));
    }
  }

  /** A subject that is gone. */
  forget(subject: string): void {
    this.#until.delete(subject);
  }
}
