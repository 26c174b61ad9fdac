import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { logAppendix } from './log-appendix.ts';

const LINES = Array.from({ length: 200 }, (_, index) => `${index} line\n`);

test('logAppendix() of a log that grows is what it grew by', () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (printed, more) => {
      assert.equal(logAppendix(printed, printed + more), more);
    }),
  );
});

test('logAppendix() of a log that has lost its beginning is what came after what was printed', () => {
  const printed = LINES.slice(0, 150).join('');
  const text = `[earlier lines are not kept]\n${LINES.slice(70).join('')}`;
  assert.equal(logAppendix(printed, text), LINES.slice(150).join(''));
});

test('logAppendix() of a log that began anew is all of it', () => {
  assert.equal(logAppendix('an old line\n', 'a new line\n'), 'a new line\n');
  assert.equal(logAppendix('an old line\n', ''), '');
});
