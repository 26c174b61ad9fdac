import { formatTime } from '../../schema/index.ts';
import { TypeMismatch } from './type-mismatch.ts';

const RFC3339 = /^(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2}):(\d{2})(\.\d+)?(Z|[+-](\d{2}):(\d{2}))$/;
const MICRO_FRACTION = /^\.\d{6}$/;
const UP_TO_SECONDS = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(.*)$/s;

const TIME_LAYOUT = '2006-01-02T15:04:05Z07:00';
const MICRO_LAYOUT = '2006-01-02T15:04:05.000000Z07:00';

/** A metav1.Time as it is stored: whole seconds, UTC. @throws TypeMismatch where Go's time.Parse fails */
export function readTime(text: string): string {
  if (isAsStored(text)) return text;
  const parts = RFC3339.exec(text);
  if (parts === null) throw unreadable(text, TIME_LAYOUT, '2006', text);
  return formatTime(instantOf(text, parts));
}

/**
 * Whether a text is a time as {@link readTime} leaves it: nearly all that are read again with each write of an object. Where
 * the month's length matters, it does not say so.
 */
function isAsStored(text: string): boolean {
  if (!AS_STORED.test(text)) return false;
  const month = twoDigits(text, 5);
  const day = twoDigits(text, 8);
  return (
    month >= 1 &&
    month <= 12 &&
    day >= 1 &&
    day <= 28 &&
    twoDigits(text, 11) <= 23 &&
    twoDigits(text, 14) <= 59 &&
    twoDigits(text, 17) <= 59
  );
}

const AS_STORED = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$/;

function twoDigits(text: string, at: number): number {
  return (text.charCodeAt(at) - ZERO) * 10 + text.charCodeAt(at + 1) - ZERO;
}

const ZERO = '0'.charCodeAt(0);

/** Checks a metav1.MicroTime, which is stored as it was sent. @throws TypeMismatch where Go's time.Parse fails */
export function checkMicroTime(text: string): void {
  const parts = RFC3339.exec(text);
  if (parts === null || !MICRO_FRACTION.test(parts[7] ?? '')) {
    const rest = UP_TO_SECONDS.exec(text)?.[1];
    throw rest === undefined
      ? unreadable(text, MICRO_LAYOUT, '2006', text)
      : unreadable(text, MICRO_LAYOUT, '.000000', rest);
  }
  instantOf(text, parts);
}

/** Milliseconds since 1970. @throws TypeMismatch where a part is out of its range */
function instantOf(text: string, parts: RegExpExecArray): number {
  const numbers = [1, 2, 3, 4, 5, 6, 9, 10].map((index) => Number(parts[index] ?? 0));
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0, offsetHours = 0, offsetMinutes = 0] =
    numbers;
  if (month < 1 || month > 12) throw outOfRange(text, 'month');
  // Of the year 2000 + year: as many days in each month, and Date.UTC takes years below 100 for others.
  const days = new Date(Date.UTC(2000 + (year % 400), month, 0)).getUTCDate();
  if (day < 1 || day > days) throw outOfRange(text, 'day');
  if (hour > 23) throw outOfRange(text, 'hour');
  if (minute > 59) throw outOfRange(text, 'minute');
  if (second > 59) throw outOfRange(text, 'second');
  if (offsetHours > 24) throw outOfRange(text, 'time zone offset hour');
  if (offsetMinutes > 59) throw outOfRange(text, 'time zone offset minute');
  const local = new Date(0);
  local.setUTCFullYear(year, month - 1, day);
  local.setUTCHours(hour, minute, second);
  const offset = (offsetHours * 60 + offsetMinutes) * 60_000 * (parts[8]?.startsWith('-') === true ? -1 : 1);
  const instant = local.getTime() - offset;
  if (instant < EARLIEST || instant > LATEST) throw outOfRange(text, 'year');
  return instant;
}

/** What can be written with four digits of a year. */
const EARLIEST = Date.parse('0000-01-01T00:00:00Z');
const LATEST = Date.parse('9999-12-31T23:59:59Z');

function unreadable(text: string, layout: string, element: string, rest: string): TypeMismatch {
  const [shown, quotedRest] = [text, rest].map((part) => JSON.stringify(part.slice(0, MAX_SHOWN)));
  return new TypeMismatch(
    `parsing time ${shown} as ${JSON.stringify(layout)}: cannot parse ${quotedRest} as ${JSON.stringify(element)}`,
  );
}

function outOfRange(text: string, part: string): TypeMismatch {
  return new TypeMismatch(`parsing time ${JSON.stringify(text.slice(0, MAX_SHOWN))}: ${part} out of range`);
}

/** Longer texts are no times, and nobody wants to read them. */
const MAX_SHOWN = 200;
