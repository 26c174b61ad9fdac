import { CelError } from './errors.ts';
import { Timestamp } from './values.ts';

const RFC3339 = /^(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2}):(\d{2})(?:\.(\d{1,9})\d*)?(Z|[+-]\d{2}:\d{2})$/;

const NANOS_PER_MS = 1_000_000n;
/** The years 1 to 9999, which are CEL's. */
const MIN_MS = -62_135_596_800_000;
const MAX_MS = 253_402_300_799_999;

/** Reads an RFC 3339 time; undefined where it is none. */
export function parseTimestamp(text: string): Timestamp | undefined {
  const match = RFC3339.exec(text);
  if (match === null) return undefined;
  const [, year = '', month = '', day = '', hour = '', minute = '', second = '', fraction = '', zone = 'Z'] =
    match;
  const date = Date.parse(`${year}-${month}-${day}T00:00:00Z`);
  if (Number.isNaN(date) || new Date(date).getUTCDate() !== Number(day)) return undefined;
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) return undefined;
  const offset = zone === 'Z' ? 0 : offsetMinutes(zone);
  const ms = date + ((Number(hour) * 60 + Number(minute) - offset) * 60 + Number(second)) * 1000;
  if (ms < MIN_MS || ms > MAX_MS) return undefined;
  return new Timestamp(BigInt(ms) * NANOS_PER_MS + BigInt(fraction.padEnd(9, '0')), offset);
}

/** RFC 3339 with as many digits of the second as there are, in the time zone in which the time was written. */
export function formatTimestamp({ nanoseconds, offset }: Timestamp): string {
  const seconds = floorDiv(nanoseconds, 1_000_000_000n);
  const digits = String(nanoseconds - seconds * 1_000_000_000n).padStart(9, '0');
  const fraction = digits.replace(/0+$/, '');
  const text = new Date((Number(seconds) + offset * 60) * 1000).toISOString().slice(0, 19);
  return `${text}${fraction === '' ? '' : `.${fraction}`}${zoneText(offset)}`;
}

/**
 * A part of a moment as the clocks of a time zone show it.
 *
 * @param zone an IANA name, `UTC`, or an offset such as `-02:00`
 * @throws CelError where there is no such zone
 */
export function timestampParts(timestamp: Timestamp, zone: string): Date {
  const ms = Number(floorDiv(timestamp.nanoseconds, NANOS_PER_MS));
  if (zone === 'UTC' || zone === '') return new Date(ms);
  if (/^[+-]?\d{1,2}:\d{2}$/.test(zone)) return new Date(ms + offsetMinutes(zone) * 60_000);
  const parts = clockOf(zone).formatToParts(new Date(ms));
  const part = (type: string): number => Number(parts.find((one) => one.type === type)?.value ?? 0);
  const local = Date.UTC(
    part('year'),
    part('month') - 1,
    part('day'),
    part('hour'),
    part('minute'),
    part('second'),
  );
  return new Date(local + (((ms % 1000) + 1000) % 1000));
}

/** Making one takes a hundred times as long as using it. */
const clocks = new Map<string, Intl.DateTimeFormat>();
const MAX_CLOCKS = 50;

function clockOf(zone: string): Intl.DateTimeFormat {
  let clock = clocks.get(zone);
  if (clock !== undefined) return clock;
  try {
    clock = new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      hourCycle: 'h23',
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
      second: '2-digit',
    });
  } catch {
    throw new CelError(`unknown time zone ${zone}`);
  }
  if (clocks.size >= MAX_CLOCKS) clocks.clear();
  clocks.set(zone, clock);
  return clock;
}

/** A timestamp, if CEL has one so early or late. */
export function checkedTimestamp(nanoseconds: bigint): Timestamp {
  const ms = Number(floorDiv(nanoseconds, NANOS_PER_MS));
  if (ms < MIN_MS || ms > MAX_MS) throw new CelError('timestamp overflow');
  return new Timestamp(nanoseconds);
}

function zoneText(offset: number): string {
  if (offset === 0) return 'Z';
  const minutes = Math.abs(offset);
  const two = (value: number): string => String(value).padStart(2, '0');
  return `${offset < 0 ? '-' : '+'}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
}

function offsetMinutes(zone: string): number {
  const sign = zone.startsWith('-') ? -1 : 1;
  const [hours = '0', minutes = '0'] = zone.replace(/^[+-]/, '').split(':');
  return sign * (Number(hours) * 60 + Number(minutes));
}

function floorDiv(value: bigint, divisor: bigint): bigint {
  const quotient = value / divisor;
  return value % divisor < 0n ? quotient - 1n : quotient;
}
