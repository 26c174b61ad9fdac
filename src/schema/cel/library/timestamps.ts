import { noSuchOverload } from '../errors.ts';
import { overload } from '../functions.ts';
import type { Overload } from '../functions.ts';
import { timestampParts } from '../timestamp.ts';
import { Duration, Timestamp } from '../values.ts';
import type { CelValue } from '../values.ts';
import { asText } from './operators.ts';

/** Reading the clock of a time zone takes as long as so many steps. */
const ZONE_COST = 20;
const DAY_MS = 86_400_000;

/** What a clock and a calendar show of a moment, by method. */
const PARTS: ReadonlyMap<string, (date: Date) => number> = new Map([
  ['getFullYear', (date) => date.getUTCFullYear()],
  ['getMonth', (date) => date.getUTCMonth()],
  ['getDate', (date) => date.getUTCDate()],
  ['getDayOfMonth', (date) => date.getUTCDate() - 1],
  ['getDayOfWeek', (date) => date.getUTCDay()],
  ['getDayOfYear', (date) => Math.floor((date.getTime() - Date.UTC(date.getUTCFullYear(), 0, 1)) / DAY_MS)],
  ['getHours', (date) => date.getUTCHours()],
  ['getMinutes', (date) => date.getUTCMinutes()],
  ['getSeconds', (date) => date.getUTCSeconds()],
  ['getMilliseconds', (date) => date.getUTCMilliseconds()],
]);

/** How many nanoseconds each unit of a duration's methods has. */
const UNITS: ReadonlyMap<string, bigint> = new Map([
  ['getHours', 3_600_000_000_000n],
  ['getMinutes', 60_000_000_000n],
  ['getSeconds', 1_000_000_000n],
  ['getMilliseconds', 1_000_000n],
]);

/** The parts of timestamps, in UTC or a time zone, and durations in whole units. */
export const TIMESTAMPS: readonly Overload[] = [
  ...Array.from(PARTS, ([name, part]) => [
    overload(`timestamp.${name}(): int`, ([value]) => BigInt(part(timestampParts(moment(value), 'UTC')))),
    overload(`timestamp.${name}(string): int`, ([value, zone], budget) => {
      budget.spend(ZONE_COST);
      return BigInt(part(timestampParts(moment(value), asText(zone))));
    }),
  ]).flat(),
  ...Array.from(UNITS, ([name, unit]) =>
    overload(`duration.${name}(): int`, ([value]) => {
      if (!(value instanceof Duration)) throw noSuchOverload();
      return value.nanoseconds / unit;
    }),
  ),
];

function moment(value: CelValue | undefined): Timestamp {
  if (value instanceof Timestamp) return value;
  throw noSuchOverload();
}
