import { StoreError } from '../store/index.ts';

/** What failed is tried again after so long, and twice as long each time. Milliseconds. */
const FIRST_PAUSE = 1000;
const LONGEST_PAUSE = 300_000;

/** Things that one pass works on; the others, and other controllers, get their turn in between. */
const BATCH = 500;

/**
 * What a controller has to look at, each thing once. One that fails waits, longer each time, and keeps no other from being
 * looked at.
 */
export class WorkQueue {
  readonly #name: string;
  readonly #report: (message: string) => void;
  /** When to look at what, in milliseconds since 1970; 0 for at once. In the order in which they came. */
  readonly #due = new Map<string, number>();
  readonly #failures = new Map<string, number>();

  /**
   * @param name of the controller, for messages
   * @param report is told of what fails
   */
  constructor(name: string, report: (message: string) => void) {
    this.#name = name;
    this.#report = report;
  }

  /** To be looked at as soon as possible, also where it failed before: something changed. */
  add(key: string): void {
    this.#due.set(key, 0);
  }

  /** To be looked at when it is time. @param at milliseconds since 1970 */
  addAt(key: string, at: number): void {
    this.#due.set(key, at);
  }

  /** It is gone: nothing is left to look at. */
  delete(key: string): void {
    this.#due.delete(key);
    this.#failures.delete(key);
  }

  /**
   * Looks at what is due, or at a part of it.
   *
   * @param now milliseconds since 1970
   * @param look returns in how many milliseconds to look again, if nothing changes before
   * @returns in how many milliseconds to call again; undefined if nothing is left
   * @throws StoreError where the store fails, with all that is left still to be done
   */
  work(now: number, look: (key: string) => number | undefined): number | undefined {
    const due: string[] = [];
    for (const [key, at] of this.#due) {
      if (due.length > BATCH) break;
      if (at <= now) due.push(key);
    }
    for (const key of due.slice(0, BATCH)) {
      this.#due.delete(key);
      this.#try(key, now, look);
    }
    if (due.length > BATCH) return 0;
    let next = Infinity;
    for (const at of this.#due.values()) next = Math.min(next, at);
    return next === Infinity ? undefined : Math.max(0, next - now);
  }

  #try(key: string, now: number, look: (key: string) => number | undefined): void {
    try {
      const pause = look(key);
      this.#failures.delete(key);
      if (pause !== undefined && !this.#due.has(key)) this.#due.set(key, now + pause);
    } catch (error) {
      if (error instanceof StoreError) {
        this.#due.set(key, 0);
        throw error;
      }
      const failures = (this.#failures.get(key) ?? 0) + 1;
      this.#failures.set(key, failures);
      this.#due.set(key, now + Math.min(FIRST_PAUSE * 2 ** (failures - 1), LONGEST_PAUSE));
      const why = error instanceof Error ? error.message : String(error);
      if (isWorthTelling(failures)) {
        const thing = key.replaceAll('\u0000', ' ');
        this.#report(`controller ${this.#name} cannot do its work on ${thing} (attempt ${failures}): ${why}`);
      }
    }
  }
}

/** Of what fails for ever there is less and less to tell. */
export function isWorthTelling(failures: number): boolean {
  return Number.isInteger(Math.log2(failures));
}
