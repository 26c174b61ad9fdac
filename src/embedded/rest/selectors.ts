import { badRequest } from './status-error.ts';

type Requirement =
  | { readonly operator: 'exists' | 'absent'; readonly key: string }
  | { readonly operator: 'in' | 'notin'; readonly key: string; readonly values: readonly string[] }
  | { readonly operator: '>' | '<'; readonly key: string; readonly value: number };

/** What a labelSelector asks for. */
export interface LabelRequirements {
  readonly isEmpty: boolean;
  matches(labels: Readonly<Record<string, string>>): boolean;
}

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

/** Reads `a=b,c in (d,e),!f,g>4` (kubernetes-api §11). @throws StatusError 400 */
export function readLabelSelector(text: string | null): LabelRequirements {
  if (text === null || text.trim() === '') return { isEmpty: true, matches: () => true };
  if (text.length > MAX_LENGTH) throw badRequest('unable to parse requirement: the selector is too long');
  const requirements = splitOutsideParentheses(text).map(readRequirement);
  return {
    isEmpty: false,
    matches: (labels) => requirements.every((requirement) => meets(requirement, labels)),
  };
}

const QUALIFIED = /^([a-z0-9]([-a-z0-9.]*[a-z0-9])?\/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;
const VALUE = /^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$/;

function readRequirement(text: string): Requirement {
  const part = text.trim();
  const absent = /^!\s*(\S+)$/.exec(part);
  if (absent !== null) return { operator: 'absent', key: checkKey(absent[1] ?? '') };
  const set = /^(\S+)\s+(in|notin)\s*\(([^()]*)\)$/.exec(part);
  if (set !== null) {
    const values = (set[3] ?? '').split(',').map((value) => checkValue(value.trim()));
    return { operator: set[2] === 'in' ? 'in' : 'notin', key: checkKey(set[1] ?? ''), values };
  }
  const compared = /^([^\s=!<>]+)\s*(==|=|!=|<|>)\s*(\S*)$/.exec(part);
  if (compared !== null) {
    const [, key = '', operator = '', value = ''] = compared;
    if (operator === '<' || operator === '>') {
      if (!/^-?\d+$/.test(value)) {
        throw parseError(
          `values[0][${key}]: Invalid value: ${JSON.stringify(value)}: for 'Gt', 'Lt' operators, the value must be an integer`,
        );
      }
      return { operator, key: checkKey(key), value: Number(value) };
    }
    return { operator: operator === '!=' ? 'notin' : 'in', key: checkKey(key), values: [checkValue(value)] };
  }
  if (/^[^\s=!<>()]+$/.test(part)) return { operator: 'exists', key: checkKey(part) };
  throw parseError(
    `found '${part.slice(0, 100)}', expected: identifier, '!', 'in', 'notin', '=', '==', '!=', '<' or '>'`,
  );
}

function checkKey(key: string): string {
  if (QUALIFIED.test(key) && key.length <= 317) return key;
  throw parseError(
    `<nil>: Invalid value: ${JSON.stringify(key.slice(0, 400))}: name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')`,
  );
}

function checkValue(value: string): string {
  if (VALUE.test(value)) return value;
  throw parseError(
    `<nil>: Invalid value: ${JSON.stringify(value.slice(0, 100))}: a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')`,
  );
}

function parseError(detail: string): Error {
  return badRequest(`unable to parse requirement: ${detail}`);
}

function meets(requirement: Requirement, labels: Readonly<Record<string, string>>): boolean {
  const value = Object.hasOwn(labels, requirement.key) ? labels[requirement.key] : undefined;
  switch (requirement.operator) {
    case 'exists':
      return value !== undefined;
    case 'absent':
      return value === undefined;
    case 'in':
      return value !== undefined && requirement.values.includes(value);
    case 'notin':
      return value === undefined || !requirement.values.includes(value);
    case '>':
      return value !== undefined && /^-?\d+$/.test(value) && Number(value) > requirement.value;
    case '<':
      return value !== undefined && /^-?\d+$/.test(value) && Number(value) < requirement.value;
  }
}

function splitOutsideParentheses(text: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let start = 0;
  for (let at = 0; at < text.length; at++) {
    if (text[at] === '(') depth++;
    else if (text[at] === ')') depth--;
    else if (text[at] === ',' && depth === 0) {
      parts.push(text.slice(start, at));
      start = at + 1;
    }
  }
  parts.push(text.slice(start));
  return parts;
}

/**
 * Reads `metadata.name=x,spec.nodeName!=y`.
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
  const terms = (text ?? '').split(',').filter((term) => term !== '');
  if ((text ?? '').length > MAX_LENGTH) throw badRequest('invalid selector: too long');
  const requirements = terms.map((term) => {
    const parsed = /^([^=!]+)(==|=|!=)(.*)$/s.exec(term);
    if (parsed === null) {
      throw badRequest(
        `invalid selector: '${(text ?? '').slice(0, 200)}'; can't understand '${term.slice(0, 200)}'`,
      );
    }
    const [, field = '', operator = '', value = ''] = parsed;
    const isKnown = field === 'metadata.name' || field === 'metadata.namespace' || selectable.includes(field);
    if (!isKnown) throw badRequest(refusal(field));
    return { field, equal: operator !== '!=', value: value.replaceAll(/\\([\\,=])/g, '$1') };
  });
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
