/** An expression could not be evaluated: an absent key, an overflow, a call that no overload takes. */
export class CelError extends Error {
  override readonly name: string = 'CelError';
}

/** An evaluation took more than it may. */
export class CelCostError extends CelError {
  override readonly name = 'CelCostError';

  constructor() {
    super('operation cancelled: actual cost limit exceeded');
  }
}

/** What is wrong in an expression, and where. */
export interface CelProblem {
  /** Offset in the source, in UTF-16 units. */
  readonly at: number;
  readonly message: string;
}

/** An expression is no CEL, or its types do not fit. The message is as cel-go prints its issues. */
export class CelCompileError extends Error {
  override readonly name = 'CelCompileError';

  constructor(source: string, problems: readonly CelProblem[]) {
    super(problems.map((problem) => formatProblem(source, problem)).join('\n'));
  }
}

/** An expression is sound, but no program can be made of it. */
export class CelProgramError extends Error {
  override readonly name = 'CelProgramError';
}

export function noSuchOverload(): CelError {
  return new CelError('no such overload');
}

function formatProblem(source: string, { at, message }: CelProblem): string {
  const before = source.slice(0, at);
  const line = before.split('\n').length;
  const column = at - (before.lastIndexOf('\n') + 1);
  const text = source.split('\n')[line - 1] ?? '';
  return `ERROR: <input>:${line}:${column + 1}: ${message}\n | ${text}\n | ${'.'.repeat(column)}^`;
}
