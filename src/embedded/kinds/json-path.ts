import { isJsonObject } from '../../schema/index.ts';
import type { Json } from '../../schema/index.ts';

/** A path that Kubernetes' JSONPath would not take. */
export class JsonPathError extends Error {
  override readonly name = 'JsonPathError';
  readonly code = 'malformed';
}

type Comparison = '==' | '!=' | '<' | '<=' | '>' | '>=';

type Step =
  | { readonly kind: 'member'; readonly name: string }
  | { readonly kind: 'index'; readonly index: number }
  | { readonly kind: 'slice'; readonly from: number | undefined; readonly to: number | undefined }
  | { readonly kind: 'all' }
  | {
      readonly kind: 'filter';
      readonly path: JsonPath;
      readonly comparison: Comparison | undefined;
      readonly value: Json;
    };

/** A parsed path: the part of JSONPath that printer columns use. */
export type JsonPath = readonly Step[];

/** A path inside a filter may have filters; more than a few nobody needs. */
const MAX_NESTING = 4;
const MAX_LENGTH = 2048;

/**
 * Reads a path such as `.status.conditions[?(@.type=="Ready")].status`: members by dots (a backslash escapes a dot) or quoted
 * in brackets, indexes, slices, `*`, and filters that compare a path with a text, number or boolean. Throws JsonPathError.
 */
export function parseJsonPath(text: string): JsonPath {
  if (text.length > MAX_LENGTH) throw new JsonPathError(`path is longer than ${MAX_LENGTH} characters`);
  return parse(text, 0);
}

/** The values that a path finds, in order; none where something on the way is absent. */
export function findAll(path: JsonPath, root: Json): Json[] {
  let values: Json[] = [root];
  for (const step of path) values = values.flatMap((value) => take(step, value));
  return values;
}

function parse(text: string, nesting: number): JsonPath {
  const steps: Step[] = [];
  let rest = text;
  while (rest !== '') {
    const [step, length] = rest.startsWith('[') ? bracketStep(rest, nesting) : dotStep(rest);
    if (step !== undefined) steps.push(step);
    rest = rest.slice(length);
  }
  return steps;
}

function dotStep(text: string): [Step | undefined, number] {
  if (!text.startsWith('.')) throw new JsonPathError(`unexpected ${JSON.stringify(text.charAt(0))}`);
  if (text.startsWith('..')) throw new JsonPathError('recursive descent is not supported');
  if (text.startsWith('.*')) return [{ kind: 'all' }, 2];
  const name = /^(?:\\.|[^.[\]\\])*/s.exec(text.slice(1))?.[0] ?? '';
  const step: Step | undefined =
    name === '' ? undefined : { kind: 'member', name: name.replace(/\\(.)/gs, '$1') };
  return [step, 1 + name.length];
}

function bracketStep(text: string, nesting: number): [Step, number] {
  const length = closingBracket(text);
  const inner = text.slice(1, length - 1).trim();
  if (inner === '*') return [{ kind: 'all' }, length];
  if (/^-?\d{1,9}$/.test(inner)) return [{ kind: 'index', index: Number(inner) }, length];
  const slice = /^(-?\d{0,9}):(-?\d{0,9})$/.exec(inner);
  if (slice !== null) {
    const bound = (part: string | undefined): number | undefined =>
      part === undefined || part === '' || part === '-' ? undefined : Number(part);
    return [{ kind: 'slice', from: bound(slice[1]), to: bound(slice[2]) }, length];
  }
  const quoted = unquote(inner);
  if (quoted !== undefined) return [{ kind: 'member', name: quoted }, length];
  const filter = /^\?\(\s*@(.*)\)$/s.exec(inner)?.[1];
  if (filter === undefined) throw new JsonPathError(`invalid array index ${inner}`);
  if (nesting >= MAX_NESTING) throw new JsonPathError('filters are nested too deeply');
  return [filterStep(filter.trim(), nesting), length];
}

function filterStep(text: string, nesting: number): Step {
  const { at, comparison } = findComparison(text);
  const path = parse(text.slice(0, at).trim(), nesting + 1);
  if (comparison === undefined) return { kind: 'filter', path, comparison, value: null };
  return { kind: 'filter', path, comparison, value: literal(text.slice(at + comparison.length).trim()) };
}

function findComparison(text: string): { readonly at: number; readonly comparison: Comparison | undefined } {
  for (const at of placesOutsideQuotes(text)) {
    for (const comparison of ['==', '!=', '<=', '>=', '<', '>'] as const) {
      if (text.startsWith(comparison, at)) return { at, comparison };
    }
  }
  return { at: text.length, comparison: undefined };
}

function literal(text: string): Json {
  const quoted = unquote(text);
  if (quoted !== undefined) return quoted;
  if (text === 'true' || text === 'false') return text === 'true';
  if (/^-?\d+(?:\.\d+)?$/.test(text)) return Number(text);
  throw new JsonPathError(`unrecognized value ${text}`);
}

function unquote(text: string): string | undefined {
  const quote = text.charAt(0);
  if (text.length < 2 || (quote !== '"' && quote !== "'") || !text.endsWith(quote)) return undefined;
  return text.slice(1, -1);
}

/** The indexes of all characters but quotes and what stands in them. */
function* placesOutsideQuotes(text: string): Generator<number, void> {
  let quote = '';
  for (let at = 0; at < text.length; at++) {
    const character = text.charAt(at);
    if (quote !== '') {
      if (character === quote) quote = '';
    } else if (character === '"' || character === "'") quote = character;
    else yield at;
  }
}

/** The length up to and with the bracket that closes the first one. */
function closingBracket(text: string): number {
  let depth = 0;
  for (const at of placesOutsideQuotes(text)) {
    if (text[at] === '[') depth += 1;
    else if (text[at] === ']') {
      depth -= 1;
      if (depth === 0) return at + 1;
    }
  }
  throw new JsonPathError('unterminated array');
}

function take(step: Step, value: Json): Json[] {
  switch (step.kind) {
    case 'member': {
      const found = isJsonObject(value) && Object.hasOwn(value, step.name) ? value[step.name] : undefined;
      return found === undefined ? [] : [found];
    }
    case 'index': {
      const item = Array.isArray(value) ? value.at(step.index) : undefined;
      return item === undefined ? [] : [item];
    }
    case 'slice':
      return Array.isArray(value) ? value.slice(step.from, step.to) : [];
    case 'all':
      if (Array.isArray(value)) return value;
      return isJsonObject(value) ? Object.values(value) : [];
    case 'filter':
      return Array.isArray(value) ? value.filter((item) => isKept(step, item)) : [];
  }
}

function isKept(step: Extract<Step, { kind: 'filter' }>, item: Json): boolean {
  const [found] = findAll(step.path, item);
  if (found === undefined) return false;
  const { comparison, value } = step;
  if (comparison === undefined) return true;
  if (comparison === '==') return found === value;
  if (comparison === '!=') return found !== value;
  const comparable =
    (typeof found === 'number' && typeof value === 'number') ||
    (typeof found === 'string' && typeof value === 'string');
  if (!comparable) return false;
  switch (comparison) {
    case '<':
      return found < value;
    case '<=':
      return found <= value;
    case '>':
      return found > value;
    case '>=':
      return found >= value;
  }
}
