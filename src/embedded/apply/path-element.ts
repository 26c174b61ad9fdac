import { goJson, isJsonObject, memberOf, type Json } from '../../schema/index.ts';
import { compareText } from '../../ignition/index.ts';
import { ApplyError } from './apply-error.ts';

/**
 * One step of a path into an object, in the form it has in FieldsV1: `f:name` a member, `k:{"name":"c"}` the item of a list
 * with these keys, `v:"x"` the item of a set, `i:0` the item of a list. `k:` and `v:` hold canonical JSON, so that equal steps
 * are equal texts.
 */
export type PathElement = string;

export function fieldElement(name: string): PathElement {
  return `f:${name}`;
}

/** The item of a set. */
export function valueElement(value: Json): PathElement {
  return `v:${goJson(value)}`;
}

/**
 * Reads a step as a client may have written it. Undefined for kinds of steps that no one knows, which Kubernetes drops.
 * Throws ApplyError for one that is malformed.
 */
export function readElement(text: string): PathElement | undefined {
  if (text.startsWith('f:')) return text;
  if (text.length < 2 || text[1] !== ':') throw malformed(text);
  const rest = text.slice(2);
  switch (text[0]) {
    case 'k': {
      const keys = parse(rest, text);
      if (!isJsonObject(keys)) throw malformed(text);
      return `k:${goJson(keys)}`;
    }
    case 'v':
      return valueElement(parse(rest, text));
    case 'i':
      if (!/^[+-]?\d{1,15}$/.test(rest)) throw malformed(text);
      return `i:${Number(rest)}`;
    default:
      return undefined;
  }
}

/** How a conflict names a path: `.spec.entries[key="k1"].value`, `.tags[="a"]`. */
export function printPath(path: readonly PathElement[]): string {
  return path.map(printElement).join('');
}

export function printElement(element: PathElement): string {
  const rest = element.slice(2);
  if (element.startsWith('f:')) return `.${rest}`;
  if (element.startsWith('i:')) return `[${rest}]`;
  const value = JSON.parse(rest) as Json;
  if (element.startsWith('v:')) return `[=${printValue(value)}]`;
  if (!isJsonObject(value)) return `[${rest}]`;
  const keys = Object.keys(value).map((key) => `${key}=${printValue(memberOf(value, key) ?? null)}`);
  return `[${keys.join(',')}]`;
}

/** The order that Kubernetes writes steps in: members, keys, values, indexes; numbers in numeric order. */
export function compareElements(one: PathElement, other: PathElement): number {
  if (one === other) return 0;
  if (one[0] !== other[0]) return KINDS.indexOf(one[0] ?? '') - KINDS.indexOf(other[0] ?? '');
  if (!one.startsWith('f:')) {
    const numbers = numbersAtDifference(one, other);
    if (numbers !== undefined) return numbers[0] - numbers[1];
  }
  return compareText(one, other);
}

const KINDS = 'fkvi';

function printValue(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(printValue).join(',')}]`;
  if (!isJsonObject(value)) return JSON.stringify(value);
  return Object.keys(value)
    .map((key) => `${key}=${printValue(memberOf(value, key) ?? null)}`)
    .join('');
}

/** The numbers that two steps hold where they first differ, if both hold one there. */
function numbersAtDifference(one: string, other: string): [number, number] | undefined {
  let place = 0;
  while (one[place] === other[place]) place++;
  let start = place;
  while (start > 0 && isNumeric(one[start - 1])) start--;
  const before = one[start - 1];
  if (before !== ':' && before !== ',' && before !== '[') return undefined;
  if (!isNumeric(one[start]) || !isNumeric(other[start])) return undefined;
  return [Number.parseFloat(one.slice(start)), Number.parseFloat(other.slice(start))];
}

function isNumeric(character: string | undefined): boolean {
  return character !== undefined && /[-+.0-9eE]/.test(character);
}

function parse(text: string, element: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch {
    throw malformed(element);
  }
}

function malformed(element: string): ApplyError {
  return new ApplyError(
    'malformed-fields',
    `parsing key as path element: ${JSON.stringify(element)} is malformed`,
  );
}
