import assert from 'node:assert/strict';
import { test } from 'node:test';
import { goQuote, goQuoteList } from './go-format.ts';

// The expected texts are what Go 1.21's fmt prints for %q.
for (const [text, expected] of [
  ['plain', '"plain"'],
  ['say "hi" \\', String.raw`"say \"hi\" \\"`],
  ['a\nb\tc\rd', String.raw`"a\nb\tc\rd"`],
  ['\u0000\u0007\u001b\u007f', String.raw`"\x00\a\x1b\x7f"`],
  ['grüße 世界', '"grüße 世界"'],
  ['\u00a0\u200b\ufeff', String.raw`"\u00a0\u200b\ufeff"`],
  ['\u{e0001}', String.raw`"\U000e0001"`],
] as const) {
  test(`goQuote() of ${JSON.stringify(text)}`, () => assert.equal(goQuote(text), expected));
}

test('goQuoteList() has no commas', () => {
  assert.equal(goQuoteList([]), '[]');
  assert.equal(goQuoteList(['a', 'b c']), '["a" "b c"]');
});
