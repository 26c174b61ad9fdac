import { compilePattern, PatternError } from '../../patterns.ts';
import type { Pattern } from '../../patterns.ts';
import type { Budget } from '../budget.ts';
import { CelError } from '../errors.ts';
import { overload } from '../functions.ts';
import type { Overload } from '../functions.ts';
import { ArrayList } from '../values.ts';
import type { CelValue } from '../values.ts';
import { asInt, asText } from './operators.ts';

/** `matches`, and Kubernetes' `find` and `findAll`, with RE2: no pattern can backtrack. */
export const REGEX: readonly Overload[] = [
  overload('string.matches(string): bool', ([text, pattern], budget) =>
    compiled(text, pattern, budget).matches(asText(text)),
  ),
  overload('matches(string, string): bool', ([text, pattern], budget) =>
    compiled(text, pattern, budget).matches(asText(text)),
  ),
  overload(
    'string.find(string): string',
    ([text, pattern], budget) => compiled(text, pattern, budget).find(asText(text)) ?? '',
  ),
  overload(
    'string.findAll(string): list(string)',
    ([text, pattern], budget) => new ArrayList(compiled(text, pattern, budget).findAll(asText(text))),
  ),
  overload('string.findAll(string, int): list(string)', ([text, pattern, limit], budget) => {
    const count = Number(asInt(limit));
    return new ArrayList(
      compiled(text, pattern, budget).findAll(asText(text), count < 0 ? undefined : count),
    );
  }),
];

/** What a pattern costs that has to be compiled first, as those that are no literals. */
const COMPILE_COST = 60;

/** The cost is cel-go's, a tenth of the text for a quarter of the pattern's characters, and that of the compilation. */
function compiled(text: CelValue | undefined, pattern: CelValue | undefined, budget: Budget): Pattern {
  const source = asText(pattern);
  budget.spend(COMPILE_COST + Math.ceil((asText(text).length + 1) * 0.1) * Math.ceil(source.length * 0.25));
  try {
    return compilePattern(source);
  } catch (error) {
    if (error instanceof PatternError) throw new CelError(error.message);
    throw error;
  }
}
