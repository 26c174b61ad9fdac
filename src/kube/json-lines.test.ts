import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { LineSplitter } from './json-lines.ts';

test('LineSplitter gives the same lines however the bytes arrive', () => {
  const line = fc.string({ unit: 'grapheme', minLength: 1 }).filter((text) => !text.includes('\n'));
  fc.assert(
    fc.property(fc.array(line), fc.integer({ min: 1, max: 20 }), (lines, size) => {
      const bytes = Buffer.from(lines.map((text) => `${text}\n`).join('\n'));
      const splitter = new LineSplitter(10_000);
      const found: string[] = [];
      for (let from = 0; from < bytes.length; from += size)
        found.push(...splitter.push(bytes.subarray(from, from + size)));
      assert.deepEqual(
        found,
        lines.map((text) => Buffer.from(text).toString()),
      );
    }),
  );
});

test('LineSplitter refuses a line that is too long, complete or not', () => {
  assert.throws(() => new LineSplitter(5).push(Buffer.from('123456\n')), { code: 'malformed' });
  const splitter = new LineSplitter(5);
  splitter.push(Buffer.from('123'));
  assert.throws(() => splitter.push(Buffer.from('456')), { code: 'malformed' });
});
