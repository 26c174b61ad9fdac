import { goQuote } from '../../schema/index.ts';
import { badRequest } from '../status/index.ts';

/** What a fieldSelector asks for. */
export interface FieldRequirements {
  readonly isEmpty: boolean;
  /** The value that metadata.name must have, if the selector pins it. */
  readonly name: string | undefined;
  /** The same of metadata.namespace. */
  readonly namespace: string | undefined;
  matches(namespace: string, name: string, fields: Readonly<Record<string, string>>): boolean;
}

/** Bounds a hostile selector. */
const MAX_LENGTH = 16_384;

/**
 * Reads `metadata.name=x,spec.nodeName!=y`; a backslash takes the meaning of a comma, an equals sign or a backslash
 * (k8s.io/apimachinery/pkg/fields).
 *
 * @param selectable what this kind has beside metadata.name and metadata.namespace
 * @param refusal the message for a field that it has not
 * @throws StatusError 400
 */
export function readFieldSelector(
  text: string | null,
  selectable: readonly string[],
  refusal: (field: string) => string,
): FieldRequirements {
  const requirements = readFieldTerms(text);
  for (const { field } of requirements) {
    const isKnown = field === 'metadata.name' || field === 'metadata.namespace' || selectable.includes(field);
    if (!isKnown) throw badRequest(refusal(field));
  }
  const pinned = (field: string): string | undefined =>
    requirements.find((requirement) => requirement.field === field && requirement.equal)?.value;
  return {
    isEmpty: requirements.length === 0,
    name: pinned('metadata.name'),
    namespace: pinned('metadata.namespace'),
    matches: (namespace, name, fields) =>
      requirements.every(({ field, equal, value }) => {
        const actual =
          field === 'metadata.name'
            ? name
            : field === 'metadata.namespace'
              ? namespace
              : (fields[field] ?? '');
        return (actual === value) === equal;
      }),
  };
}

/** One term of a field selector. */
export interface FieldTerm {
  readonly field: string;
  /** False for `!=`. */
  readonly equal: boolean;
  readonly value: string;
}

/** Reads a field selector, whatever the fields. @throws StatusError 400 */
export function readFieldTerms(text: string | null): FieldTerm[] {
  if ((text ?? '').length > MAX_LENGTH) throw badRequest('invalid selector: too long');
  const terms = split(text ?? '').filter((term) => term !== '');
  return terms.map((term) => {
    const parsed = /^(.*?)(!=|==|=)(.*)$/s.exec(term);
    if (parsed === null) {
      throw badRequest(
        `invalid selector: '${(text ?? '').slice(0, 200)}'; can't understand '${term.slice(0, 200)}'`,
      );
    }
    const [, field = '', operator = '', value = ''] = parsed;
    return { field, equal: operator !== '!=', value: unescape(value) };
  });
}

/** The terms between the commas that stand for themselves. */
function split(text: string): string[] {
  const terms: string[] = [];
  let start = 0;
  for (let at = 0; at < text.length; at++) {
    if (text[at] === '\\') at++;
    else if (text[at] === ',') {
      terms.push(text.slice(start, at));
      start = at + 1;
    }
  }
  terms.push(text.slice(start));
  return terms;
}

/** @throws StatusError 400 */
function unescape(value: string): string {
  let plain = '';
  for (let at = 0; at < value.length; at++) {
    const character = value[at] ?? '';
    if (character === '=' || character === ',') {
      throw badRequest(`invalid field selector: unescaped character in value: ${character}`);
    }
    if (character !== '\\') {
      plain += character;
      continue;
    }
    const escaped = value[++at] ?? '';
    if (escaped === '' || !'\\,='.includes(escaped)) {
      throw badRequest(`invalid field selector: invalid escape sequence: ${goQuote(`\\${escaped}`)}`);
    }
    plain += escaped;
  }
  return plain;
}
