import type { Json } from './json.ts';

const SHORT_ESCAPES: ReadonlyMap<string, string> = new Map([
  ['"', '\\"'],
  ['\\', '\\\\'],
  ['\u0007', '\\a'],
  ['\b', '\\b'],
  ['\f', '\\f'],
  ['\n', '\\n'],
  ['\r', '\\r'],
  ['\t', '\\t'],
  ['\v', '\\v'],
]);

/** What Go's `%q` leaves as it is. */
const PRINTABLE = /^[\p{L}\p{M}\p{N}\p{P}\p{S} ]$/u;
/** Text that needs no escape: the usual case, told quickly. */
const PLAIN = /^[\x20\x21\x23-\x5b\x5d-\x7e]*$/;

/** Quotes text as Go's `%q` does: the messages of a Kubernetes API server show strings in that form. */
export function goQuote(text: string): string {
  return PLAIN.test(text) ? `"${text}"` : `"${Array.from(text, escapeChar).join('')}"`;
}

/** A list of texts as Go's `%q` prints it: `["a" "b"]`. */
export function goQuoteList(texts: readonly string[]): string {
  return `[${texts.map(goQuote).join(' ')}]`;
}

/** A number as Go's `%v` of it: whole numbers are int64 there and print all their digits, others are float64. */
export function goNumber(value: number): string {
  if (isInt64(value)) return String(BigInt(value));
  return goFloat(value);
}

/** A float64 as Go's `%v`: shortest digits, an exponent of two digits at least below 1e-4 and from 1e6 on. */
export function goFloat(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  if (value === 0) return Object.is(value, -0) ? '-0' : '0';
  const [mantissa = '', exponent = '0'] = value.toExponential().split('e');
  const power = Number(exponent);
  if (power >= -4 && power < 6) return String(value);
  const sign = power < 0 ? '-' : '+';
  return `${mantissa}e${sign}${String(Math.abs(power)).padStart(2, '0')}`;
}

/** JSON as Go's encoding/json writes it: keys sorted, `<`, `>`, `&` escaped. */
export function goJson(value: Json): string {
  return JSON.stringify(sorted(value)).replace(
    /[<>&\u2028\u2029]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** Whether a Go program would have decoded this JSON number as an int64 (the others are float64 there). */
export function isInt64(value: number): boolean {
  return Number.isInteger(value) && value >= -(2 ** 63) && value <= 2 ** 63;
}

function escapeChar(char: string): string {
  const short = SHORT_ESCAPES.get(char);
  if (short !== undefined) return short;
  if (PRINTABLE.test(char) && (char === ' ' || !/\p{Z}/u.test(char))) return char;
  const code = char.codePointAt(0) ?? 0;
  if (code < 0x80) return `\\x${code.toString(16).padStart(2, '0')}`;
  if (code >= 0xd800 && code < 0xe000) return '\ufffd';
  if (code < 0x10000) return `\\u${code.toString(16).padStart(4, '0')}`;
  return `\\U${code.toString(16).padStart(8, '0')}`;
}

function sorted(value: Json): Json {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([key, member]): [string, Json] => [key, sorted(member)]);
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}
