import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ByteSearch } from './byte-search.ts';

/** Few different bytes, so that much of it matches in part. */
const bytes = (least: number, most: number): fc.Arbitrary<Buffer> =>
  fc
    .array(fc.integer({ min: 97, max: 99 }), { minLength: least, maxLength: most })
    .map((values) => Buffer.from(values));

test('ByteSearch finds something exactly where one of its needles is', () => {
  fc.assert(
    fc.property(fc.array(bytes(2, 6), { maxLength: 5 }), bytes(0, 60), (needles, text) => {
      const found = new ByteSearch(needles).inBytes(text);
      const expected = needles.some((needle) => text.includes(needle));
      assert.equal(found !== undefined, expected);
      if (found !== undefined)
        assert.ok(text.includes(found) && needles.some((needle) => needle.equals(found)));
    }),
  );
});

test('ByteSearch finds the same in chunks', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(bytes(2, 8), { minLength: 1, maxLength: 3 }),
      fc.array(bytes(0, 9), { maxLength: 9 }),
      async (needles, chunks) => {
        async function* stream(): AsyncGenerator<Uint8Array, void, undefined> {
          for (const chunk of chunks) yield await Promise.resolve(chunk);
        }
        const search = new ByteSearch(needles);
        const whole = search.inBytes(Buffer.concat(chunks)) !== undefined;
        assert.equal((await search.inStream(stream())) !== undefined, whole);
      },
    ),
  );
});
