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
  const text = `[70 lines are left out here: the log is too long]\n${LINES.slice(70).join('')}`;
  assert.equal(logAppendix(printed, text), LINES.slice(150).join(''));
});

test('logAppendix() of a log that has lost all that was printed last is what follows its head', () => {
  const head = LINES.slice(0, 20).join('');
  const rest = `[100 lines are left out here: the log is too long]\n${LINES.slice(120).join('')}`;
  assert.equal(logAppendix(LINES.slice(0, 100).join(''), head + rest), rest);
});

test('logAppendix() of a log that began anew is all of it', () => {
  assert.equal(logAppendix('an old line\n', 'a new line\n'), 'a new line\n');
  assert.equal(logAppendix('an old line\n', ''), '');
});
