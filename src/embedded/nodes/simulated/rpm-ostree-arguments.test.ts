import assert from 'node:assert/strict';
import { test } from 'node:test';
import { changedArguments } from './rpm-ostree-arguments.ts';

const LINE = 'root=LABEL=root rw a=1 a=2 quiet';

/** host-contract §4.4. */
const CASES: Readonly<Record<string, readonly [args: readonly string[], line: string]>> = {
  'appends again what is there': [['--append=quiet'], `${LINE} quiet`],
  'appends what is missing': [['--append-if-missing=a=1', '--append-if-missing=a=3'], `${LINE} a=3`],
  'removes one that is there': [['--delete-if-present=a=1'], 'root=LABEL=root rw a=2 quiet'],
  'passes over one that is not': [['--delete-if-present=b=1'], LINE],
  'replaces a value by its old one': [['--replace=a=1=9'], 'root=LABEL=root rw a=9 a=2 quiet'],
  'compares with what was there before': [['--append-if-missing=x', '--delete-if-present=x'], `${LINE} x`],
};

for (const [title, [args, line]] of Object.entries(CASES)) {
  test(`changedArguments() ${title}`, () => {
    assert.equal(changedArguments(LINE, args), line);
  });
}

test('changedArguments() refuses what is not there, or is there twice', () => {
  assert.throws(() => changedArguments(LINE, ['--delete=b']), { message: "No key 'b' found" });
  assert.throws(() => changedArguments(LINE, ['--delete=b=1']), { message: "No karg 'b=1' found" });
  assert.throws(() => changedArguments(LINE, ['--delete=a']), {
    message: "Multiple values for key 'a' found",
  });
});
