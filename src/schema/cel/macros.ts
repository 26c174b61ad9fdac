import { CelCompileError } from './errors.ts';
import type { ComprehensionMacro, Expr } from './syntax.ts';

/** By name and number of arguments: which macro it is, and how many of the arguments are variables. */
const MACROS: ReadonlyMap<string, { macro: ComprehensionMacro; variables: 1 | 2; filtered: boolean }> =
  new Map([
    ['all/2', { macro: 'all', variables: 1, filtered: false }],
    ['exists/2', { macro: 'exists', variables: 1, filtered: false }],
    ['exists_one/2', { macro: 'exists_one', variables: 1, filtered: false }],
    ['existsOne/2', { macro: 'exists_one', variables: 1, filtered: false }],
    ['filter/2', { macro: 'filter', variables: 1, filtered: false }],
    ['map/2', { macro: 'map', variables: 1, filtered: false }],
    ['map/3', { macro: 'map', variables: 1, filtered: true }],
    ['all/3', { macro: 'all', variables: 2, filtered: false }],
    ['exists/3', { macro: 'exists', variables: 2, filtered: false }],
    ['existsOne/3', { macro: 'exists_one', variables: 2, filtered: false }],
    ['transformList/3', { macro: 'transformList', variables: 2, filtered: false }],
    ['transformList/4', { macro: 'transformList', variables: 2, filtered: true }],
    ['transformMap/3', { macro: 'transformMap', variables: 2, filtered: false }],
    ['transformMap/4', { macro: 'transformMap', variables: 2, filtered: true }],
    ['transformMapEntry/3', { macro: 'transformMapEntry', variables: 2, filtered: false }],
    ['transformMapEntry/4', { macro: 'transformMapEntry', variables: 2, filtered: true }],
  ]);

/**
 * The macro that a method call is; undefined for a plain call.
 *
 * @throws CelCompileError if a macro's variable is no name
 */
export function comprehensionOf(
  source: string,
  at: number,
  name: string,
  target: Expr,
  args: readonly Expr[],
): Expr | undefined {
  const [first, second] = args;
  if ((name === 'optMap' || name === 'optFlatMap') && first !== undefined && second !== undefined) {
    const variable = variableName(source, first, `${name}() variable name must be a simple identifier`);
    return { op: 'optionalMap', at, flat: name === 'optFlatMap', operand: target, variable, body: second };
  }
  const found = MACROS.get(`${name}/${args.length}`);
  if (found === undefined || first === undefined || second === undefined) return undefined;
  const { macro } = found;
  const rest = args.slice(found.variables);
  const body = rest.at(-1) ?? second;
  const filter = found.filtered ? rest[0] : undefined;
  const item = variableName(source, first, 'argument must be a simple name');
  const variables: readonly [string] | readonly [string, string] =
    found.variables === 1 ? [item] : [item, variableName(source, second, 'argument must be a simple name')];
  const comprehension = { op: 'comprehension', at, macro, range: target, variables, body } as const;
  return filter === undefined ? comprehension : { ...comprehension, filter };
}

function variableName(source: string, argument: Expr, problem: string): string {
  if (argument.op === 'identifier') return argument.name;
  throw new CelCompileError(source, [{ at: argument.at, message: problem }]);
}
