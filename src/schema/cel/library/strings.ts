import { goQuote } from '../../go-format.ts';
import type { Budget } from '../budget.ts';
import { CelError } from '../errors.ts';
import { namespaced, overload } from '../functions.ts';
import type { Overload } from '../functions.ts';
import { ArrayList } from '../values.ts';
import { asBytes, asInt, asList, asMap, asText, paidText } from './operators.ts';
import { formatString } from './string-format.ts';

/** CEL's functions of strings, and those of cel-go's strings extension, version 2. Positions count code points. */
export const STRINGS: readonly Overload[] = [
  ...both('size', 'string', (value, budget) => BigInt(codePoints(asText(value), budget).length)),
  ...both('size', 'bytes', (value) => BigInt(asBytes(value).length)),
  ...both('size', 'list(A)', (value) => BigInt(asList(value).size)),
  ...both('size', 'map(A, B)', (value) => BigInt(asMap(value).size)),
  overload('string.contains(string): bool', ([text, part], budget) =>
    paidText(text, budget).includes(asText(part)),
  ),
  overload('string.startsWith(string): bool', ([text, part], budget) =>
    asText(text).startsWith(paidText(part, budget)),
  ),
  overload('string.endsWith(string): bool', ([text, part], budget) =>
    asText(text).endsWith(paidText(part, budget)),
  ),
  overload('string.lowerAscii(): string', ([text], budget) =>
    paidText(text, budget).replaceAll(/[A-Z]+/g, (part) => part.toLowerCase()),
  ),
  overload('string.upperAscii(): string', ([text], budget) =>
    paidText(text, budget).replaceAll(/[a-z]+/g, (part) => part.toUpperCase()),
  ),
  overload('string.trim(): string', ([text], budget) => paidText(text, budget).trim()),
  overload('string.charAt(int): string', ([text, position], budget) => {
    const chars = codePoints(asText(text), budget);
    const index = Number(asInt(position));
    if (index < 0 || index > chars.length) throw new CelError(`index out of range: ${index}`);
    return chars[index] ?? '';
  }),
  overload('string.indexOf(string): int', ([text, part], budget) =>
    indexOf(asText(text), asText(part), 0, budget),
  ),
  overload('string.indexOf(string, int): int', ([text, part, from], budget) =>
    indexOf(asText(text), asText(part), Number(asInt(from)), budget),
  ),
  overload('string.lastIndexOf(string): int', ([text, part], budget) =>
    lastIndexOf(asText(text), asText(part), undefined, budget),
  ),
  overload('string.lastIndexOf(string, int): int', ([text, part, from], budget) =>
    lastIndexOf(asText(text), asText(part), Number(asInt(from)), budget),
  ),
  overload('string.substring(int): string', ([text, start], budget) => {
    const chars = codePoints(asText(text), budget);
    return substring(chars, Number(asInt(start)), chars.length);
  }),
  overload('string.substring(int, int): string', ([text, start, end], budget) =>
    substring(codePoints(asText(text), budget), Number(asInt(start)), Number(asInt(end))),
  ),
  overload('string.replace(string, string): string', ([text, old, fresh], budget) =>
    replace(asText(text), asText(old), asText(fresh), -1, budget),
  ),
  overload('string.replace(string, string, int): string', ([text, old, fresh, limit], budget) =>
    replace(asText(text), asText(old), asText(fresh), Number(asInt(limit)), budget),
  ),
  overload('string.split(string): list(string)', ([text, separator], budget) =>
    split(paidText(text, budget), asText(separator), -1),
  ),
  overload('string.split(string, int): list(string)', ([text, separator, limit], budget) =>
    split(paidText(text, budget), asText(separator), Number(asInt(limit))),
  ),
  overload('list(string).join(): string', ([list], budget) => join(list, '', budget)),
  overload('list(string).join(string): string', ([list, separator], budget) =>
    join(list, asText(separator), budget),
  ),
  overload('string.format(list(A)): string', ([text, args], budget) =>
    formatString(asText(text), asList(args), budget),
  ),
  namespaced('strings', 'quote(string): string', ([text], budget) => goQuote(paidText(text, budget))),
];

function both(
  name: string,
  type: string,
  call: (value: Parameters<Overload['call']>[0][number] | undefined, budget: Budget) => bigint,
): Overload[] {
  return [
    overload(`${name}(${type}): int`, ([value], budget) => call(value, budget)),
    overload(`${type}.${name}(): int`, ([value], budget) => call(value, budget)),
  ];
}

function codePoints(text: string, budget: Budget): readonly string[] {
  budget.spendOnText(text.length);
  return Array.from(text);
}

/** The offset in code points of an offset in UTF-16 units. */
function pointOffset(text: string, offset: number): bigint {
  return BigInt(offset < 0 ? -1 : Array.from(text.slice(0, offset)).length);
}

function unitOffset(text: string, points: number): number {
  const chars = Array.from(text);
  if (points < 0 || points > chars.length) throw new CelError(`index out of range: ${points}`);
  return chars.slice(0, points).join('').length;
}

function indexOf(text: string, part: string, from: number, budget: Budget): bigint {
  budget.spendOnText(text.length);
  if (part === '') return BigInt(from);
  return pointOffset(text, text.indexOf(part, unitOffset(text, from)));
}

function lastIndexOf(text: string, part: string, from: number | undefined, budget: Budget): bigint {
  budget.spendOnText(text.length);
  if (part === '') return BigInt(from ?? Array.from(text).length);
  return pointOffset(text, text.lastIndexOf(part, from === undefined ? undefined : unitOffset(text, from)));
}

function substring(chars: readonly string[], start: number, end: number): string {
  if (start < 0 || start > chars.length) throw new CelError(`index out of range: ${start}`);
  if (end < 0 || end > chars.length) throw new CelError(`index out of range: ${end}`);
  if (start > end) throw new CelError(`invalid substring range. start: ${start}, end: ${end}`);
  return chars.slice(start, end).join('');
}

function replace(text: string, old: string, fresh: string, limit: number, budget: Budget): string {
  budget.spendOnText(text.length);
  const parts = old === '' ? ['', ...Array.from(text), ''] : text.split(old);
  const count = limit < 0 ? parts.length - 1 : Math.min(limit, parts.length - 1);
  budget.spendOnText(count * fresh.length);
  const replaced = parts.slice(0, count + 1).join(fresh);
  return [replaced, ...parts.slice(count + 1)].join(old);
}

function split(text: string, separator: string, limit: number): ArrayList {
  if (limit === 0) return new ArrayList([]);
  const parts = separator === '' ? Array.from(text) : text.split(separator);
  if (limit < 0 || parts.length <= limit) return new ArrayList(parts);
  return new ArrayList([...parts.slice(0, limit - 1), parts.slice(limit - 1).join(separator)]);
}

/** The cost is paid before the text is made: a list can hold the same long text very often. */
function join(
  value: Parameters<Overload['call']>[0][number] | undefined,
  separator: string,
  budget: Budget,
): string {
  const parts = Array.from(asList(value), asText);
  budget.spendOnText(parts.reduce((length, part) => length + part.length + separator.length, 0));
  return parts.join(separator);
}
