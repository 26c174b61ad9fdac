import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { unifiedDiff } from './text-diff.ts';

const text = fc
  .array(fc.constantFrom('a', 'b', 'c', ''), { maxLength: 30 })
  .chain((lines) => fc.boolean().map((ended) => lines.join('\n') + (ended ? '\n' : '')));

test('unifiedDiff() is what patch makes the one text into the other with', (t) => {
  if (spawnSync('patch', ['--version']).error !== undefined) {
    t.skip('patch is missing');
    return;
  }
  const folder = mkdtempSync(join(tmpdir(), 'varve-diff-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'file');
  fc.assert(
    fc.property(text, text, (before, after) => {
      const lines = unifiedDiff(before, after, 1000) ?? assert.fail('they are short');
      if (lines.length === 0) {
        assert.equal(before, after);
        return;
      }
      writeFileSync(file, before);
      const input = `--- file\n+++ file\n${lines.join('\n')}\n`;
      const { status, stdout } = spawnSync('patch', ['--fuzz=0', '--silent', file], { input });
      assert.equal(status, 0, `${stdout.toString()}\n${input}`);
      assert.equal(readFileSync(file, 'utf8'), after, input);
    }),
    // Where all is taken away, patch removes the file.
    { numRuns: 60, examples: [['a\n', 'b\n']] },
  );
});

test('unifiedDiff() shows as much as it may, and nothing of what is too long', () => {
  assert.deepEqual(unifiedDiff('a\nb\n', 'a\nc\n', 100), ['@@ -1,2 +1,2 @@', ' a', '-b', '+c']);
  assert.deepEqual(unifiedDiff('a\nb\n', 'a\nc\n', 2), ['@@ -1,2 +1,2 @@', ' a', '… 2 lines more']);
  assert.equal(unifiedDiff('a\n'.repeat(5000), 'b', 100), undefined);
  const other = Array.from({ length: 900 }, (_, line) => `${line}\n`).join('');
  assert.equal(unifiedDiff('a\n'.repeat(900), other, 100), undefined);
});
