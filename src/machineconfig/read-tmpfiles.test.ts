import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { pathOfGlob, readTmpfiles } from './read-tmpfiles.ts';
import { formatTmpfiles, literalGlob, type TmpfilesLine } from './tmpfiles.ts';

const text = fc
  .string({ unit: fc.constantFrom(...Array.from('aZ9 .-%"\'\\*?[]é/x20')), minLength: 1, maxLength: 20 })
  .map((value) => `/${value}`);
const owner = fc.constantFrom('0', ':0', 'core', ':core', '1000');

const line: fc.Arbitrary<TmpfilesLine> = fc.record(
  {
    type: fc.constantFrom('C', 'd', 'L', 'f', 'r!', 'z'),
    path: text,
    mode: fc.constantFrom('0644', ':0755', '1777'),
    user: owner,
    group: owner,
    argument: fc.oneof(text, fc.constantFrom('-', ' a ', '%h', '\\x20')),
  },
  { requiredKeys: ['type', 'path'], noNullPrototype: true },
);

test('readTmpfiles() reads what formatTmpfiles() writes', () => {
  fc.assert(
    fc.property(fc.array(line, { maxLength: 8 }), (lines) => {
      assert.deepEqual(readTmpfiles(formatTmpfiles(lines)), lines);
    }),
  );
});

test('readTmpfiles() refuses what it would misread', () => {
  for (const wrong of ['d', 'd "unclosed', 'd /a 0755 0 0 10d -']) {
    assert.equal(readTmpfiles(`${wrong}\n`), undefined, wrong);
  }
});

test('pathOfGlob() undoes literalGlob()', () => {
  fc.assert(
    fc.property(text, (path) => {
      assert.equal(pathOfGlob(literalGlob(path)), path);
    }),
  );
});
