import type { Budget } from './budget.ts';
import { checkExpression } from './check.ts';
import { CelCompileError, CelError, CelProgramError } from './errors.ts';
import { compileExpression } from './evaluate.ts';
import { LIBRARY } from './library/index.ts';
import { searchPatternProblem } from './literals.ts';
import { parseExpression } from './parse.ts';
import type { Evaluator } from './scope.ts';
import type { CelType } from './type.ts';
import type { CelValue } from './values.ts';

/** Gives the value of a variable; undefined for one that has none. */
export interface VariableValues {
  get(name: string): CelValue | undefined;
}

/** A compiled and type-checked expression. */
export interface Program {
  readonly type: CelType;
  /** Which of the variables it looks at. */
  readonly uses: ReadonlySet<string>;
  /**
   * @param variables by name
   * @throws CelError where the expression has no value; CelCostError where it costs more than the budget has
   */
  run(variables: VariableValues, budget: Budget): CelValue;
}

/**
 * Compiles an expression of the given variables.
 *
 * @throws CelCompileError; CelProgramError where only the making of a program shows that it is wrong
 */
export function compileProgram(source: string, variables: ReadonlyMap<string, CelType>): Program {
  try {
    const expr = parseExpression(source);
    const { type, used } = checkExpression(source, expr, { variables, functions: LIBRARY });
    const problem = searchPatternProblem(expr);
    if (problem !== undefined) throw new CelProgramError(problem);
    const evaluate = compileExpression(expr, LIBRARY, new Set(variables.keys()));
    return { type, uses: used, run: (values, budget) => run(evaluate, values, budget) };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new CelCompileError(source, [{ at: 0, message: 'Syntax error: expression is nested too deeply' }]);
  }
}

function run(evaluate: Evaluator, values: VariableValues, budget: Budget): CelValue {
  try {
    return evaluate({ budget, lookUp: (name) => values.get(name) });
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new CelError(`evaluation ran out of memory or stack: ${error.message}`);
  }
}
