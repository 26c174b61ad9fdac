import { RE2JS } from 're2js';

/** A compiled regular expression with the syntax and the matching time (linear) of Go's regexp package. */
export interface Pattern {
  /** Whether some part of the text matches. */
  matches(text: string): boolean;
  /** The first match; undefined for none. */
  find(text: string): string | undefined;
  /** The first `limit` matches, all of them without a limit. */
  findAll(text: string, limit?: number): string[];
}

/** Why a pattern is none, in the words of Go's regexp package. */
export class PatternError extends Error {
  override readonly name = 'PatternError';
}

/** Compiled patterns are kept: schemas and rules ask for the same few again and again. */
const cache = new Map<string, Pattern | PatternError>();
/** More than this many are not kept: rules can make patterns of the data that they look at. */
const CACHE_SIZE = 2_000;

/**
 * Compiles a pattern for RE2, whose matching cannot backtrack.
 *
 * @throws PatternError if it is no regular expression, or has what RE2 leaves out (back-references, lookaround)
 */
export function compilePattern(pattern: string): Pattern {
  let compiled = cache.get(pattern);
  if (compiled === undefined) {
    compiled = compile(pattern);
    if (cache.size >= CACHE_SIZE) cache.clear();
    cache.set(pattern, compiled);
  }
  if (compiled instanceof PatternError) throw compiled;
  return compiled;
}

/** Why a pattern is none, in the words of Go's regexp package; undefined if it is one. */
export function patternProblem(pattern: string): string | undefined {
  try {
    compilePattern(pattern);
    return undefined;
  } catch (error) {
    if (error instanceof PatternError) return error.message;
    throw error;
  }
}

function compile(pattern: string): Pattern | PatternError {
  let regexp: RE2JS;
  try {
    regexp = RE2JS.compile(pattern);
  } catch (error) {
    return new PatternError(error instanceof Error ? error.message : String(error));
  }
  return {
    matches: (text) => regexp.test(text),
    find: (text) => {
      const matcher = regexp.matcher(text);
      return matcher.find() ? (matcher.group() ?? '') : undefined;
    },
    findAll: (text, limit = Infinity) => {
      const found: string[] = [];
      const matcher = regexp.matcher(text);
      while (found.length < limit && matcher.find()) found.push(matcher.group() ?? '');
      return found;
    },
  };
}
