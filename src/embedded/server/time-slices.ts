/** Requests may take so long in one turn of the event loop, in milliseconds; the next ones wait for the next turn. */
const SLICE = 10;

/**
 * Keeps the server answering while much is asked at once. A request is worked on without a pause, and all that one read of a
 * connection brought would be, one after the other; with this, other connections have their turn in between, and what was
 * answered is sent before more is worked on.
 */
export class TimeSlices {
  #spent = 0;
  #isTurnOver = true;
  readonly #waiting: (() => void)[] = [];

  /** Whether there is time for a request now; otherwise {@link TimeSlices.wait}. {@link TimeSlices.leave} has to follow. */
  get hasTime(): boolean {
    return this.#spent < SLICE && this.#waiting.length === 0;
  }

  /** Resolves when there is time for a request. */
  wait(): Promise<void> {
    return new Promise<void>((resolve) => {
      this.#waiting.push(resolve);
      this.#watchTurn();
    });
  }

  /** @param time how long a request was worked on, in milliseconds */
  leave(time: number): void {
    this.#spent += time;
    if (this.#spent >= SLICE) this.#watchTurn();
    else this.#waiting.shift()?.();
  }

  #watchTurn(): void {
    if (!this.#isTurnOver) return;
    this.#isTurnOver = false;
    setImmediate(() => {
      this.#isTurnOver = true;
      this.#spent = 0;
      this.#waiting.shift()?.();
      if (this.#waiting.length > 0) this.#watchTurn();
    });
  }
}
