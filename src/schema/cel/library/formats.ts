import { hasFormat } from '../../formats.ts';
import { parseRequestUri, UrlError } from '../../go-url.ts';
import type { Budget } from '../budget.ts';
import { noSuchOverload } from '../errors.ts';
import { namespaced, OPAQUE_TYPES, overload } from '../functions.ts';
import type { Overload } from '../functions.ts';
import { ArrayList, Opaque, Optional } from '../values.ts';
import type { CelValue } from '../values.ts';
import {
  dns1035LabelProblems,
  dns1123LabelProblems,
  dns1123SubdomainProblems,
  labelValueProblems,
  qualifiedNameProblems,
} from '../../names.ts';
import { asText } from './operators.ts';

const TYPE = OPAQUE_TYPES.get('format') ?? '';

/** What is wrong with a text; nothing, if it is of the format. */
type Check = (text: string) => readonly string[];

/** The formats that rules can check, by name; the prefix forms take what a generated name would complete. */
const FORMATS: ReadonlyMap<string, Check> = new Map<string, Check>([
  ['dns1123Label', dns1123LabelProblems],
  ['dns1123Subdomain', dns1123SubdomainProblems],
  ['dns1035Label', dns1035LabelProblems],
  ['qualifiedName', qualifiedNameProblems],
  ['dns1123LabelPrefix', (text) => dns1123LabelProblems(completed(text))],
  ['dns1123SubdomainPrefix', (text) => dns1123SubdomainProblems(completed(text))],
  ['dns1035LabelPrefix', (text) => dns1035LabelProblems(completed(text))],
  ['labelValue', labelValueProblems],
  ['uri', uriProblems],
  ['uuid', (text) => (hasFormat('uuid', text) ? [] : ['does not match the UUID format'])],
  ['byte', (text) => (hasFormat('byte', text) ? [] : ['invalid base64'])],
  ['date', (text) => (hasFormat('date', text) ? [] : ['invalid date'])],
  ['datetime', (text) => (hasFormat('datetime', text) ? [] : ['invalid datetime'])],
]);

/** Kubernetes' format library: `format.dns1123Label().validate(text)` gives what is wrong, if something is. */
export const FORMAT_LIBRARY: readonly Overload[] = [
  ...Array.from(FORMATS.keys(), (name) => {
    const value = formatValue(name);
    return namespaced('format', `${name}(): format`, () => value);
  }),
  namespaced('format', 'named(string): optional(format)', ([name]) => {
    return FORMATS.has(asText(name)) ? new Optional(formatValue(asText(name))) : Optional.NONE;
  }),
  overload('format.validate(string): optional(list(string))', ([format, text], budget) =>
    problems(format, text, budget),
  ),
];

function formatValue(name: string): Opaque<string> {
  return new Opaque(TYPE, name, (other) => other === name);
}

function problems(format: CelValue | undefined, text: CelValue | undefined, budget: Budget): Optional {
  const check = format instanceof Opaque ? FORMATS.get(String(format.content)) : undefined;
  if (check === undefined) throw noSuchOverload();
  budget.spendOnText(asText(text).length);
  const found = check(asText(text));
  return found.length === 0 ? Optional.NONE : new Optional(new ArrayList(found));
}

function uriProblems(text: string): readonly string[] {
  try {
    parseRequestUri(text);
    return [];
  } catch (error) {
    if (error instanceof UrlError) return [error.message];
    throw error;
  }
}

/** A prefix may end with a hyphen, which random characters will follow. */
function completed(prefix: string): string {
  return prefix.endsWith('-') && prefix.length > 1 ? `${prefix.slice(0, -2)}a` : prefix;
}
