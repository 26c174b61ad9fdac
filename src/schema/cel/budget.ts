import { CelCostError } from './errors.ts';

/** What an evaluation may still cost, in CEL's units: about one for each step, a tenth for each character looked at. */
export class Budget {
  #left: number;
  readonly #limit: number;

  constructor(limit: number) {
    this.#left = limit;
    this.#limit = limit;
  }

  get spent(): number {
    return this.#limit - this.#left;
  }

  get left(): number {
    return this.#left;
  }

  /** Takes off what was spent already. */
  charge(cost: number): void {
    this.#left -= cost;
  }

  /** @throws CelCostError when nothing is left */
  spend(cost: number): void {
    this.#left -= cost;
    if (this.#left < 0) throw new CelCostError();
  }

  /** The cost of looking through a text or a list of bytes. */
  spendOnText(length: number): void {
    this.spend(Math.ceil(length * 0.1));
  }
}
