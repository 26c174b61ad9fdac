import type { Budget } from './budget.ts';
import { CelCostError, CelError, noSuchOverload } from './errors.ts';
import type { CelValue } from './values.ts';

/** The variables that an evaluation sees; inner ones hide outer ones. */
export interface Scope {
  readonly budget: Budget;
  lookUp(name: string): CelValue | undefined;
}

/** A compiled expression. @throws CelError where it has no value, CelCostError where it costs too much */
export type Evaluator = (scope: Scope) => CelValue;

/** A scope with one or two more variables than its parent; the variables change from item to item. */
export class InnerScope implements Scope {
  readonly budget: Budget;
  readonly #parent: Scope;
  readonly #names: readonly string[];
  #values: readonly CelValue[] = [];

  constructor(parent: Scope, names: readonly string[]) {
    this.#parent = parent;
    this.#names = names;
    this.budget = parent.budget;
  }

  set(...values: readonly CelValue[]): this {
    this.#values = values;
    return this;
  }

  lookUp(name: string): CelValue | undefined {
    const index = this.#names.indexOf(name);
    return index < 0 ? this.#parent.lookUp(name) : this.#values[index];
  }
}

/**
 * The errors that `&&`, `||`, `all` and `exists` can do without: those of evaluation, but never that it costs too much.
 *
 * @throws the error, if it is another
 */
export function tolerable(error: unknown): CelError {
  if (error instanceof CelError && !(error instanceof CelCostError)) return error;
  throw error;
}

/** @throws CelError if the value is no boolean */
export function truth(value: CelValue): boolean {
  if (typeof value === 'boolean') return value;
  throw noSuchOverload();
}
