import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ageOf, humanDuration } from './human-duration.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

test('humanDuration() shows one unit, or two while the greater one is small', () => {
  const table: [number, string][] = [
    [-2001, '<invalid>'],
    [-1999, '0s'],
    [0, '0s'],
    [999, '0s'],
    [119_999, '119s'],
    [2 * MINUTE, '2m'],
    [3 * MINUTE + 5_000, '3m5s'],
    [10 * MINUTE + 5_000, '10m'],
    [179 * MINUTE, '179m'],
    [3 * HOUR, '3h'],
    [7 * HOUR + 20 * MINUTE, '7h20m'],
    [47 * HOUR, '47h'],
    [2 * DAY, '2d'],
    [5 * DAY + 3 * HOUR, '5d3h'],
    [8 * DAY + 3 * HOUR, '8d'],
    [729 * DAY, '729d'],
    [731 * DAY, '2y1d'],
    [3 * 365 * DAY, '3y'],
    [9 * 365 * DAY + 50 * DAY, '9y'],
  ];
  for (const [milliseconds, text] of table) assert.equal(humanDuration(milliseconds), text);
});

test('ageOf() has a word for a time that is absent or none', () => {
  assert.equal(ageOf('', 0), '<unknown>');
  assert.equal(ageOf('yesterday', 0), '<unknown>');
  assert.equal(ageOf('1970-01-01T00:00:00Z', 5_000), '5s');
  assert.equal(ageOf('1970-01-01T00:00:01.500000Z', 5_000), '3s');
});
