import { parseGoDuration } from '../go-duration.ts';
import { patternProblem } from '../patterns.ts';
import type { CelProblem } from './errors.ts';
import type { Expr } from './syntax.ts';
import { parseTimestamp } from './timestamp.ts';

/** The functions whose argument, where it is a literal, is checked when a rule is compiled. */
const CHECKS: ReadonlyMap<string, (text: string) => boolean> = new Map([
  ['duration', (text) => parseGoDuration(text) !== undefined],
  ['timestamp', (text) => parseTimestamp(text) !== undefined],
  ['matches', (text) => patternProblem(text) === undefined],
]);

/** Literals that are no duration, timestamp or pattern where they should be (cel-go's ValidateDurationLiterals, …). */
export function literalProblems(expr: Expr): CelProblem[] {
  return calls(expr).flatMap(({ name, literal, at }) =>
    CHECKS.get(name)?.(literal) === false ? [{ at, message: `invalid ${name} argument` }] : [],
  );
}

/** Why the first literal pattern of `find` or `findAll` is none; cel-go finds it only when it makes a program. */
export function searchPatternProblem(expr: Expr): string | undefined {
  for (const { name, literal } of calls(expr)) {
    const problem = name === 'find' || name === 'findAll' ? patternProblem(literal) : undefined;
    if (problem !== undefined) return problem;
  }
  return undefined;
}

interface LiteralCall {
  readonly name: string;
  readonly literal: string;
  readonly at: number;
}

/** All calls whose first argument is a literal text. */
function calls(expr: Expr): LiteralCall[] {
  const below = childrenOf(expr).flatMap(calls);
  if (expr.op !== 'call') return below;
  const [first] = expr.args;
  if (first?.op !== 'literal' || typeof first.value !== 'string') return below;
  return [{ name: expr.name, literal: first.value, at: first.at }, ...below];
}

function childrenOf(expr: Expr): readonly Expr[] {
  switch (expr.op) {
    case 'literal':
    case 'identifier':
      return [];
    case 'select':
      return [expr.operand];
    case 'has':
      return [expr.select];
    case 'index':
      return [expr.operand, expr.key];
    case 'call':
      return expr.target === undefined ? expr.args : [expr.target, ...expr.args];
    case 'list':
      return expr.items;
    case 'map':
      return expr.entries.flat();
    case 'conditional':
      return [expr.test, expr.yes, expr.no];
    case 'and':
    case 'or':
      return expr.operands;
    case 'comprehension':
      return expr.filter === undefined ? [expr.range, expr.body] : [expr.range, expr.filter, expr.body];
    case 'optionalMap':
      return [expr.operand, expr.body];
  }
}
