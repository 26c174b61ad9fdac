/** Words that go-yaml v2 reads as a boolean, a null or a special float when they stand unquoted (its resolve.go). */
const WORDS: ReadonlySet<string> = new Set([
  '',
  ...'y Y yes Yes YES true True TRUE on On ON n N no No NO false False FALSE off Off OFF'.split(' '),
  ...'~ null Null NULL .nan .NaN .NAN .inf .Inf .INF +.inf +.Inf +.INF -.inf -.Inf -.INF'.split(' '),
]);

const FLOAT = /^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$/;
// What Go's ParseFloat takes after a leading dot: digit groups joined by single underscores.
const DOTTED_FLOAT = /^\.[0-9]+(?:_[0-9]+)*(?:[eE][-+]?[0-9]+(?:_[0-9]+)*)?$/;
const BASE_60_FLOAT = /^[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?$/;
const INTEGER = /^([-+]?)(0[xX][0-9a-fA-F]+|0[oO][0-7]+|0[bB][01]+|0[0-7]*|[1-9][0-9]*)$/;
// Binary digits behind a second sign: go-yaml's own fallback parses `0b+1`.
const SIGNED_BINARY = /^0b[-+]([01]+)$/;
const TIMESTAMP =
  /^([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})(?:(?:[Tt]| +)([0-9]{1,2}):([0-9]{1,2}):([0-9]{1,2})(?:[.,][0-9]+)?(Z|[-+][0-9]{2}:[0-9]{2})?)?$/;

const MAX_INT64 = 2n ** 63n - 1n;
const MAX_UINT64 = 2n ** 64n - 1n;
const MONTH_DAYS = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] as const;

/**
 * Whether go-yaml v2.4.0 writes this string without quotes as far as its meaning goes: unquoted it reads back as
 * a string, and it is no base-60 number, which go-yaml reads as a string but quotes for other parsers.
 * Whether the characters permit a plain scalar is another question (see `toGoYaml`).
 *
 * `<<` and `=` count as plain: go-yaml's table of first characters has neither (contract §2.6).
 */
export function readsAsString(text: string): boolean {
  if (text.length <= 5 && WORDS.has(text)) return false;
  const first = text.charCodeAt(0);
  if (first === 0x2e) return !isFinite(text, DOTTED_FLOAT);
  const signed = first === 0x2b || first === 0x2d;
  if (!signed && (first < 0x30 || first > 0x39)) return true;
  return !isTimestamp(text) && !isNumber(text.replaceAll('_', '')) && !BASE_60_FLOAT.test(text);
}

function isNumber(plain: string): boolean {
  return isInteger(plain) || isFinite(plain, FLOAT);
}

/** A float out of range is an error to Go, so the text stays a string. */
function isFinite(text: string, pattern: RegExp): boolean {
  return pattern.test(text) && Number.isFinite(Number(text.replaceAll('_', '')));
}

function isInteger(plain: string): boolean {
  const match = INTEGER.exec(plain);
  if (match === null) {
    const digits = SIGNED_BINARY.exec(plain)?.[1];
    return digits !== undefined && BigInt(`0b${digits}`) <= MAX_INT64;
  }
  const [, sign = '', digits = ''] = match;
  // A leading zero is octal to Go; JavaScript wants the letter.
  const magnitude = BigInt(/^0[0-7]+$/.test(digits) ? `0o${digits}` : digits);
  if (sign === '-') return magnitude <= MAX_INT64 + 1n;
  return magnitude <= (sign === '+' ? MAX_INT64 : MAX_UINT64);
}

/** The four layouts that go-yaml tries, read as leniently as Go's time.Parse reads them. */
function isTimestamp(text: string): boolean {
  const match = TIMESTAMP.exec(text);
  if (match === null) return false;
  const [, year = '', month = '', day = '', hour, minute = '', second = '', zone] = match;
  const monthDays = MONTH_DAYS[Number(month) - 1];
  if (monthDays === undefined || Number(day) < 1 || Number(day) > monthDays) return false;
  if (Number(month) === 2 && Number(day) === 29 && !isLeapYear(Number(year))) return false;
  if (hour === undefined) return true;
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) return false;
  // A layout with T needs a zone, the one with a space has none.
  if (/[Tt]/.test(text) !== (zone !== undefined)) return false;
  return (
    zone === undefined || zone === 'Z' || (Number(zone.slice(1, 3)) <= 24 && Number(zone.slice(4)) <= 60)
  );
}

function isLeapYear(year: number): boolean {
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
}
