import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { BoundedOutput } from './bounded-output.ts';
import { LineSplitter } from './line-splitter.ts';

function linesOf(bytes: Uint8Array, cuts: readonly number[]): string[] {
  const lines: string[] = [];
  const splitter = new LineSplitter((line) => lines.push(line));
  const places = [...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length].sort((a, b) => a - b);
  let from = 0;
  for (const place of places) {
    splitter.add(Buffer.from(bytes.subarray(from, place)));
    from = place;
  }
  splitter.end();
  return lines;
}

test('LineSplitter gives the same lines however the bytes arrive', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom('a', 'ü', '€', '\n', '\r', '😀') }),
      fc.array(fc.nat()),
      (text, cuts) => {
        const expected = text.split(/[\r\n]/).filter((line) => line !== '');
        assert.deepEqual(linesOf(Buffer.from(text), cuts), expected);
      },
    ),
  );
});

test('LineSplitter never fails on bytes', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.array(fc.nat()), (bytes, cuts) => {
      linesOf(bytes, cuts);
    }),
  );
});

test('LineSplitter drops what a line has beyond its limit and goes on with the next', () => {
  const lines = linesOf(Buffer.from(`${'x'.repeat(200_000)}\nnext`), [70_000, 140_000]);
  assert.deepEqual(
    lines.map((line) => line.length),
    [65_536, 4],
  );
});

test('BoundedOutput keeps the first or the last bytes, and says that there were more', () => {
  fc.assert(
    fc.property(
      fc.array(fc.string({ unit: 'grapheme-ascii' })),
      fc.integer({ min: 1, max: 40 }),
      (chunks, limit) => {
        const first = new BoundedOutput(limit, 'first');
        const last = new BoundedOutput(limit, 'last');
        for (const chunk of chunks) {
          first.add(Buffer.from(chunk));
          last.add(Buffer.from(chunk));
        }
        const all = chunks.join('');
        assert.equal(first.text(), all.slice(0, limit));
        assert.equal(last.text(), all.slice(-limit));
        assert.equal(first.exceeded, all.length > limit);
        assert.equal(last.exceeded, all.length > limit);
      },
    ),
  );
});
