import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { fromRow, isIntact, toRow } from './version-row.ts';

const strings = fc.dictionary(fc.string(), fc.string(), { noNullPrototype: true });

test('fromRow() gives back what toRow() was given, and isIntact() notices any other column', () => {
  const facts = fc.record({
    revision: fc.nat(),
    storage: fc.record({ id: fc.nat(100), name: fc.string() }),
    key: fc.tuple(fc.constantFrom('', 'ns'), fc.stringMatching(/^[a-z]+$/)).map((parts) => parts.join('/')),
    previous: fc.option(fc.nat()),
    deleted: fc.boolean(),
    written: fc.nat(),
  });
  const record = fc.record({ text: fc.string({ unit: 'grapheme' }), labels: strings, fields: strings });
  fc.assert(
    fc.property(facts, record, fc.nat(9), (facts, record, column) => {
      const row = toRow(facts, record);
      const [namespace, name] = facts.key.split('/');
      assert.deepEqual(fromRow(row, facts.storage.name), {
        storage: facts.storage.name,
        namespace,
        name,
        revision: facts.revision,
        ...record,
      });
      assert.ok(isIntact(row, facts.storage.name));
      assert.equal(isIntact(row, `${facts.storage.name}x`), false);
      const value = row[column];
      const spoilt = row.with(column, typeof value === 'string' ? `${value} ` : (value ?? 0) + 1);
      assert.equal(isIntact(spoilt as typeof row, facts.storage.name), false);
    }),
  );
});
