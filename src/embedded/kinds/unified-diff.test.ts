import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { unifiedDiff } from './unified-diff.ts';

test('unifiedDiff() shows three lines around a change', () => {
  const old = 'a\nb\nc\nd\ne\nf\ng\nh';
  assert.equal(unifiedDiff(old, old), '');
  assert.equal(unifiedDiff(old, old.replace('e', 'x')), '@@ -2,7 +2,7 @@\n b\n c\n d\n-e\n+x\n f\n g\n h\n');
  assert.equal(unifiedDiff('a', 'b'), '@@ -1 +1 @@\n-a\n+b\n');
});

test('unifiedDiff() shows changes that are far from each other in hunks of their own', () => {
  const lines = Array.from({ length: 30 }, (_, index) => String(index));
  const next = [...lines.slice(0, 2), 'new', ...lines.slice(2, 20), ...lines.slice(21)];
  assert.deepEqual(unifiedDiff(lines.join('\n'), next.join('\n')).match(/@@ .*/g), [
    '@@ -1,5 +1,6 @@',
    '@@ -18,7 +19,6 @@',
  ]);
});

test('what a diff removes and adds turns the old lines into the new ones', () => {
  const document = fc.array(fc.constantFrom('a', 'b', 'c', 'd'), { maxLength: 30 });
  fc.assert(
    fc.property(document, document, (old, next) => {
      const marks = unifiedDiff(old.join('\n'), next.join('\n'))
        .split('\n')
        .filter((line) => /^[-+]/.test(line));
      const count = (list: readonly string[], letter: string): number =>
        list.filter((line) => line === letter).length;
      for (const letter of ['a', 'b', 'c', 'd']) {
        const change = count(marks, `+${letter}`) - count(marks, `-${letter}`);
        assert.equal(count(next, letter) - count(old, letter), change);
      }
    }),
  );
});
