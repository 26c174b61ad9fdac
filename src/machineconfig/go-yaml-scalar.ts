/** How a string is written. Folded style (`>`) is never chosen by go-yaml's encoder. */
export type ScalarStyle = 'plain' | 'single' | 'double' | 'literal';

// Everything that libyaml in go-yaml v2 takes for unprintable: C0 except the line feed, DEL, C1 (with NEL), the
// byte order mark, U+FFFE, U+FFFF and all beyond the basic plane. A tab is among them.
const SPECIAL = /[^\n\x20-\x7e\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd]/;
/** Most strings are paths, names and data URLs. None of these characters counts before anything but a space. */
const SIMPLE = /^[A-Za-z/][\w/+=.,;:%@~-]*[\w/+=.,;%@~-]$/;
const PLAIN_FORBIDDEN = /^[#,[\]{}&*!|>'"%@`]|^[?:-](?: |$)|^ |^---|^\.\.\.|:(?: |$)| #| $/;
const UNICODE_BREAK = /[\u2028\u2029]/;
const SPACE_AT_UNICODE_BREAK = / [\u2028\u2029]|[\u2028\u2029] /;
const SPACE_BEFORE_BREAK_OR_END = / (?:[\n\u2028\u2029]|$)/;

/**
 * The style that go-yaml v2 settles on: what its encoder asks for, corrected by its analysis of the characters
 * (encode.go stringv, emitterc.go analyze_scalar and select_scalar_style).
 *
 * @param readsAsString whether the text, unquoted, means a string (`readsAsString`)
 */
export function chooseStyle(text: string, readsAsString: boolean): ScalarStyle {
  if (SIMPLE.test(text)) return readsAsString ? 'plain' : 'double';
  if (SPECIAL.test(text)) return 'double';
  if (text.includes('\n')) return SPACE_BEFORE_BREAK_OR_END.test(text) ? 'double' : 'literal';
  if (!readsAsString) return 'double';
  if (!PLAIN_FORBIDDEN.test(text) && !UNICODE_BREAK.test(text)) return 'plain';
  return SPACE_AT_UNICODE_BREAK.test(text) ? 'double' : 'single';
}

/** The indicator of a literal block: `|`, an indentation hint if it starts with white space, and how it ends. */
export function literalHeader(text: string): string {
  const hint = /^[ \n\u2028\u2029]/.test(text) ? '2' : '';
  if (!/[\n\u2028\u2029]$/.test(text)) return `|${hint}-`;
  return /(?:^|[\n\u2028\u2029])[\n\u2028\u2029]$/.test(text) ? `|${hint}+` : `|${hint}`;
}

const ESCAPES: ReadonlyMap<number, string> = new Map([
  [0x00, '\\0'],
  [0x07, '\\a'],
  [0x08, '\\b'],
  [0x09, '\\t'],
  [0x0a, '\\n'],
  [0x0b, '\\v'],
  [0x0c, '\\f'],
  [0x0d, '\\r'],
  [0x1b, '\\e'],
  [0x22, '\\"'],
  [0x5c, '\\\\'],
  [0x85, '\\N'],
  [0xa0, '\\_'],
  [0x2028, '\\L'],
  [0x2029, '\\P'],
]);

/** One code point inside double quotes, as libyaml escapes it. */
export function escapeCodePoint(codePoint: number): string {
  const short = ESCAPES.get(codePoint);
  if (short !== undefined) return short;
  const digits = codePoint.toString(16).toUpperCase();
  if (codePoint <= 0xff) return `\\x${digits.padStart(2, '0')}`;
  return codePoint <= 0xffff ? `\\u${digits.padStart(4, '0')}` : `\\U${digits.padStart(8, '0')}`;
}

/**
 * A number that came from JSON as go-yaml writes it: integers of up to 64 bits in full, everything else as Go's
 * shortest `%g`, which turns to an exponent below 1e-4 and from 1e6 on.
 */
export function formatNumber(value: number): string {
  if (Number.isInteger(value) && value >= -(2 ** 63) && value < 2 ** 64) return BigInt(value).toString();
  const [mantissa = '', power = ''] = value.toExponential().split('e');
  const exponent = Number(power);
  // Between those bounds JavaScript writes the same digits without an exponent.
  if (exponent >= -4 && exponent < 6) return String(value);
  return `${mantissa}e${exponent < 0 ? '-' : '+'}${String(Math.abs(exponent)).padStart(2, '0')}`;
}
