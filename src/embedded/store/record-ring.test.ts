import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { RecordRing } from './record-ring.ts';

test('RecordRing keeps the newest records, whole, as long as there is room for them', () => {
  const texts = fc.array(fc.tuple(fc.string({ unit: 'grapheme', maxLength: 20 }), fc.nat(4_000)), {
    maxLength: 60,
  });
  fc.assert(
    fc.property(texts, fc.integer({ min: 0, max: 20_000 }), (input, limit) => {
      const forgotten: number[] = [];
      const ring = new RecordRing(limit, (number) => {
        // What goes can still be read.
        assert.equal(ring.head(number), pushed[number]?.[0]);
        forgotten.push(number);
      });
      const pushed: [string, string][] = [];
      for (const [head, size] of input) {
        const body = 'y'.repeat(size);
        if (!ring.push(head, body)) {
          assert.equal(ring.first, ring.next);
          continue;
        }
        pushed.push([head, body]);
        assert.equal(ring.next, pushed.length);
        let bytes = 0;
        for (let number = ring.first; number < ring.next; number++) {
          assert.deepEqual([ring.head(number), ring.body(number)], pushed[number]);
          bytes += Buffer.byteLength(ring.head(number)) + ring.body(number).length;
        }
        assert.ok(bytes <= limit);
      }
      assert.deepEqual(
        forgotten,
        Array.from({ length: ring.first }, (_, number) => number),
      );
    }),
  );
});
