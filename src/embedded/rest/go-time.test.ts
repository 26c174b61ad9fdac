import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { checkMicroTime, readTime } from './go-time.ts';
import { TypeMismatch } from './type-mismatch.ts';

describe('readTime()', () => {
  const times: Readonly<Record<string, string>> = {
    '2026-01-02T03:04:05Z': '2026-01-02T03:04:05Z',
    '2026-01-02T03:04:05.999Z': '2026-01-02T03:04:05Z',
    '2026-01-02T03:04:05+02:00': '2026-01-02T01:04:05Z',
    '2026-01-01T00:30:00+01:00': '2025-12-31T23:30:00Z',
    '2024-02-29T00:00:00-00:00': '2024-02-29T00:00:00Z',
    '2000-02-29T00:00:00Z': '2000-02-29T00:00:00Z',
    '0001-01-01T00:00:00Z': '0001-01-01T00:00:00Z',
    '0000-12-31T23:59:59Z': '0000-12-31T23:59:59Z',
    '9999-12-31T23:59:59Z': '9999-12-31T23:59:59Z',
  };
  for (const [text, stored] of Object.entries(times)) {
    test(`${text} is stored as ${stored}`, () => assert.equal(readTime(text), stored));
  }

  const refused: Readonly<Record<string, string>> = {
    '': 'parsing time "" as "2006-01-02T15:04:05Z07:00": cannot parse "" as "2006"',
    soon: 'parsing time "soon" as "2006-01-02T15:04:05Z07:00": cannot parse "soon" as "2006"',
    '2026-02-30T00:00:00Z': 'parsing time "2026-02-30T00:00:00Z": day out of range',
    '2026-02-29T00:00:00Z': 'parsing time "2026-02-29T00:00:00Z": day out of range',
    '1900-02-29T00:00:00Z': 'parsing time "1900-02-29T00:00:00Z": day out of range',
    '2026-13-01T00:00:00Z': 'parsing time "2026-13-01T00:00:00Z": month out of range',
    '2026-00-01T00:00:00Z': 'parsing time "2026-00-01T00:00:00Z": month out of range',
    '2026-01-00T00:00:00Z': 'parsing time "2026-01-00T00:00:00Z": day out of range',
    '2026-01-01T24:00:00Z': 'parsing time "2026-01-01T24:00:00Z": hour out of range',
    '2026-01-01T00:60:00Z': 'parsing time "2026-01-01T00:60:00Z": minute out of range',
    '2026-01-01T00:00:60Z': 'parsing time "2026-01-01T00:00:60Z": second out of range',
    '2026-01-01T00:00:00+25:00':
      'parsing time "2026-01-01T00:00:00+25:00": time zone offset hour out of range',
    '0000-01-01T00:00:00+01:00': 'parsing time "0000-01-01T00:00:00+01:00": year out of range',
    '9999-12-31T23:59:59-01:00': 'parsing time "9999-12-31T23:59:59-01:00": year out of range',
  };
  for (const [text, message] of Object.entries(refused)) {
    test(`refuses ${text === '' ? 'nothing' : text}`, () => {
      assert.throws(() => readTime(text), new TypeMismatch(message));
    });
  }

  test('what is stored is read as it is', () => {
    fc.assert(
      fc.property(
        fc.date({
          min: new Date('0000-01-01T00:00:00Z'),
          max: new Date('9999-12-31T23:59:59Z'),
          noInvalidDate: true,
        }),
        fc.integer({ min: -23, max: 23 }),
        (date, hours) => {
          const text = date.toISOString();
          const stored = readTime(text);
          assert.equal(stored, `${text.slice(0, 19)}Z`);
          assert.equal(readTime(stored), stored);
          const shifted = text.replace(
            'Z',
            `${hours < 0 ? '-' : '+'}${String(Math.abs(hours)).padStart(2, '0')}:00`,
          );
          try {
            assert.equal(
              Date.parse(readTime(shifted)),
              Math.floor(date.getTime() / 1000) * 1000 - hours * 3_600_000,
            );
          } catch (error) {
            assert.ok(error instanceof TypeMismatch && error.message.endsWith('year out of range'));
          }
        },
      ),
    );
  });

  test('reads any text, or refuses it', () => {
    fc.assert(
      fc.property(
        fc.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/),
        (text) => {
          try {
            assert.match(readTime(text), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
          } catch (error) {
            assert.ok(error instanceof TypeMismatch);
          }
        },
      ),
    );
  });
});

describe('checkMicroTime()', () => {
  test('wants six digits of a second', () => {
    checkMicroTime('2026-01-01T00:00:00.000000Z');
    assert.throws(() => checkMicroTime('2026-01-01T00:00:00Z'), {
      message:
        'parsing time "2026-01-01T00:00:00Z" as "2006-01-02T15:04:05.000000Z07:00": cannot parse "Z" as ".000000"',
    });
    assert.throws(() => checkMicroTime('x'), TypeMismatch);
    assert.throws(() => checkMicroTime('2026-02-30T00:00:00.000000Z'), TypeMismatch);
  });
});
