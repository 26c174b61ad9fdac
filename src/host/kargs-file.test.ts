import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { HostError } from './host-error.ts';
import { imageArgumentsOf, withImageArguments } from './image-arguments.ts';
import { parseKargsFile } from './kargs-file.ts';

test('parseKargsFile() reads the format of bootc', () => {
  const table: Readonly<Record<string, readonly string[]>> = {
    'kargs = ["console=ttyS0,115200n8", "mitigations=auto,nosmt"]\n': [
      'console=ttyS0,115200n8',
      'mitigations=auto,nosmt',
    ],
    '# why\nkargs = [\n  "a=1", # first\n  \'b\',\n]\nmatch-architectures = ["x86_64", "aarch64"]\n': [
      'a=1',
      'b',
    ],
    'kargs = ["a b", "c"]': ['a', 'b', 'c'],
    [String.raw`kargs = ["dyndbg=\"file a.c +p\"", "x=é\t"]`]: ['dyndbg="file a.c +p"', 'x=é'],
    '"kargs"=[]': [],
    'kargs = ["a"]\nmatch-architectures = ["aarch64"]': [],
    'kargs = ["a"]\nmatch-architectures = ["amd64"]': [],
    'kargs = ["a"]\nmatch-architectures = []': [],
  };
  for (const [text, expected] of Object.entries(table)) {
    assert.deepEqual(parseKargsFile(text, 'x64'), expected, text);
  }
});

test('parseKargsFile() refuses what bootc refuses, naming the file', () => {
  const bad = [
    '',
    'karg = ["a"]',
    'kargs = "a"',
    'kargs = [1]',
    'kargs = ["a"',
    'kargs = ["a" "b"]',
    'kargs = ["a"]\ndelete = ["b"]',
    'kargs = ["a"]\nkargs = ["b"]',
    '[section]\nkargs = ["a"]',
    'kargs = [",]',
    String.raw`kargs = ["\q"]`,
    String.raw`kargs = ["\ud800"]`,
    'match-architectures = ["x86_64"]',
  ];
  for (const text of bad) {
    assert.throws(
      () => parseKargsFile(text, 'x64', '90-x.toml'),
      (error) => error instanceof HostError && error.code === 'unreadable' && error.field === '90-x.toml',
      text,
    );
  }
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom('kargs', '=', '[', ']', '"', ',', ' ', '\\', '#', '\n', 'a') }),
      (text) => {
        try {
          parseKargsFile(text, 'x64');
        } catch (error) {
          assert.ok(error instanceof HostError);
        }
      },
    ),
  );
});

test('imageArgumentsOf() reads the files of a folder in the order of their names', () => {
  const files = new Map([
    ['90-varve.toml', 'kargs = ["last"]'],
    ['10-base.toml', 'kargs = ["first"]'],
    ['README', 'none'],
  ]);
  assert.deepEqual(imageArgumentsOf(files, 'x64'), ['first', 'last']);
});

test('withImageArguments() wants what the next image brings and no longer what only the booted one brought', () => {
  assert.deepEqual(withImageArguments(undefined, ['a=1', 'b'], ['b', 'a=2']), {
    append: ['b', 'a=2'],
    remove: ['a=1'],
  });
  assert.deepEqual(withImageArguments({ append: ['own'], remove: ['old'] }, ['a'], []), {
    append: ['own'],
    remove: ['a', 'old'],
  });
  assert.deepEqual(
    withImageArguments(undefined, ['a'], undefined),
    { append: [], remove: [] },
    'a dropped folder',
  );
  assert.deepEqual(withImageArguments(undefined, undefined, ['a']), { append: ['a'], remove: [] });
  assert.deepEqual(withImageArguments(undefined, ['rw', 'rd.x=1'], []), { append: [], remove: [] });
});
