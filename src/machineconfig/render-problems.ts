import { MachineConfigError } from './machineconfig-error.ts';
import type { MachineConfigErrorCode, Problem } from './machineconfig-error.ts';

/** More than anyone corrects in one go; the error itself carries all of them. */
const MAX_LISTED = 20;

/** `MachineConfig "x": spec.fips: message`, with what of it is known. */
export function formatProblem({ machineConfig, field, message }: Problem): string {
  const object = machineConfig === undefined ? '' : `MachineConfig ${JSON.stringify(machineConfig)}: `;
  return object + (field === undefined ? message : `${field}: ${message}`);
}

/** The error for a pool that cannot be rendered, naming every problem up to a sensible number. */
export function renderError(
  code: MachineConfigErrorCode,
  pool: string,
  problems: readonly [Problem, ...Problem[]],
): MachineConfigError {
  const [first] = problems;
  return new MachineConfigError(code, `cannot render pool ${JSON.stringify(pool)}: ${summarise(problems)}`, {
    pool,
    problems,
    ...(first.machineConfig === undefined ? {} : { machineConfig: first.machineConfig }),
    ...(first.field === undefined ? {} : { field: first.field }),
  });
}

/** Throws unless there are no problems. */
export function throwProblems(
  code: MachineConfigErrorCode,
  pool: string,
  problems: readonly Problem[],
): void {
  const [first, ...others] = problems;
  if (first !== undefined) throw renderError(code, pool, [first, ...others]);
}

function summarise(problems: readonly [Problem, ...Problem[]]): string {
  if (problems.length === 1) return formatProblem(problems[0]);
  const lines = problems.slice(0, MAX_LISTED).map((problem) => `\n  ${formatProblem(problem)}`);
  const rest = problems.length - lines.length;
  return `${problems.length} problems${lines.join('')}${rest > 0 ? `\n  and ${rest} more` : ''}`;
}
