import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { quantityOf } from './quantity.ts';

const ONE = 1_000_000_000n;

test('quantityOf() reads decimal, binary and exponent forms', () => {
  const table: [string | number, bigint][] = [
    ['1', ONE],
    [2, 2n * ONE],
    ['100m', ONE / 10n],
    ['1.5', (3n * ONE) / 2n],
    ['.5', ONE / 2n],
    ['1Ki', 1024n * ONE],
    ['1.5Gi', 1610612736n * ONE],
    ['2k', 2000n * ONE],
    ['1E', 10n ** 18n * ONE],
    ['1e3', 1000n * ONE],
    ['1E-3', ONE / 1000n],
    ['-1', -ONE],
    ['0.0000000001', 1n],
  ];
  for (const [text, amount] of table) assert.equal(quantityOf(text), amount, String(text));
});

test('quantityOf() gives nothing for what is no quantity', () => {
  for (const text of ['', '.', 'x', '1x', '1Kb', '1 ', '--1', '1e', '1e999', '1.2.3', '9'.repeat(1000)]) {
    assert.equal(quantityOf(text), undefined, text);
  }
  for (const value of [null, true, [], {}, undefined]) assert.equal(quantityOf(value), undefined);
});

test('a number and its thousandths are the same quantity', () => {
  fc.assert(
    fc.property(fc.integer(), (number) => {
      assert.equal(quantityOf(`${number}000m`), quantityOf(String(number)));
    }),
  );
});
