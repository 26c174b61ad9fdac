import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parse } from 'yaml';
import { toGoYaml } from './go-yaml.ts';
import type { JsonValue } from '../ignition/index.ts';

const X30 = 'x'.repeat(30);
const X80 = 'x'.repeat(80);
const X81 = 'x'.repeat(81);

async function table(
  t: { test: (name: string, run: () => void) => Promise<void> },
  cases: Record<string, [JsonValue, string]>,
): Promise<void> {
  for (const [sentence, [value, yaml]] of Object.entries(cases)) {
    await t.test(sentence, () => assert.equal(toGoYaml(value), yaml));
  }
}

test('toGoYaml() lays out collections as yaml.v2', (t) =>
  table(t, {
    'an empty map': [{}, '{}\n'],
    'an empty list': [[], '[]\n'],
    null: [null, 'null\n'],
    booleans: [{ a: true, b: false, c: null }, 'a: true\nb: false\nc: null\n'],
    'empty collections as values': [{ a: [], b: {} }, 'a: []\nb: {}\n'],
    'a list is not indented below its key': [{ a: ['x', 'y'], b: 1 }, 'a:\n- x\n- "y"\nb: 1\n'],
    'a map in a map': [{ a: { b: { c: 1 } } }, 'a:\n  b:\n    c: 1\n'],
    'maps in a list': [{ a: [{ b: 1, c: 2 }, { b: 3 }] }, 'a:\n- b: 1\n  c: 2\n- b: 3\n'],
    'lists in a list': [[['a', ['b']], []], '- - a\n  - - b\n- []\n'],
    'a list in a map in a list': [[{ a: [1, { b: [2] }] }], '- a:\n  - 1\n  - b:\n    - 2\n'],
    'an empty map in a list': [{ a: [{}, 'b'] }, 'a:\n- {}\n- b\n'],
  }));

test('toGoYaml() sorts keys as yaml.v2', (t) =>
  table(t, {
    'capitals first': [{ b: 1, B: 2, a: 3 }, 'B: 2\na: 3\nb: 1\n'],
    'the keys of a MachineConfig': [
      { osImageURL: 0, kernelType: 0, kernelArguments: 0, fips: 0, extensions: 0, config: 0, baseOS: 0 },
      'baseOS: 0\nconfig: 0\nextensions: 0\nfips: 0\nkernelArguments: 0\nkernelType: 0\nosImageURL: 0\n',
    ],
    'numbers by value': [{ a10: 0, a9: 0, a1: 0 }, 'a1: 0\na9: 0\na10: 0\n'],
    'fewer leading zeros first': [{ a01: 0, a1: 0, a001: 0 }, 'a1: 0\na01: 0\na001: 0\n'],
    'a zero inside a number is a digit': [{ a10: 0, a1: 0, a100: 0 }, 'a1: 0\na10: 0\na100: 0\n'],
    'everything else before letters': [
      { ab: 0, 'a-b': 0, a_b: 0, a1: 0, a: 0 },
      'a: 0\na-b: 0\na_b: 0\na1: 0\nab: 0\n',
    ],
    'the shorter of two that start alike': [{ aab: 0, aa: 0 }, 'aa: 0\naab: 0\n'],
  }));

test('toGoYaml() quotes text that would read back as something else', (t) => {
  const quoted = [
    '~ null Null NULL true True TRUE false y Y n N yes NO on Off .inf -.Inf +.INF .nan .NaN .NAN',
    '0 -1 +1 0777 0o17 0x1F -0xff 0b101 -0b11 0b+1 1_000 1__0_ 08 09.5 1.5 1. .5 -.5 1e3 1E+3 .5e-7 .5_0 1_0.5',
    '18446744073709551615 99999999999999999999 0xFFFFFFFFFFFFFFFF -0x8000000000000000',
    '1:30 190:20:30 -1:05.5 1_0:59:59',
    '2001-12-14 2001-1-2 2000-02-29 2001-12-14T21:59:43Z 2001-12-14t21:59:43.10-05:00 2001-12-14T21:59:43,5Z',
  ].flatMap((line) => line.split(' '));
  const plain = [
    'nULL tRUE yEs oN = << Yes. .infinity .Nan .. . .e5 ._5 .5__0',
    '0x 0xg 0o8 0b2 0b _1 1a 1e + --1 1.2.3 1e999 .5e999 -0b+1',
    '0xFFFFFFFFFFFFFFFFF -0xFFFFFFFFFFFFFFFF +0xFFFFFFFFFFFFFFFF',
    '1:60 1:5:60 :30 3.5.0 4.16.3',
    '2001-13-01 2001-02-29 1900-02-29 2001-12-00 2001-12-14T21:59:43 2001-12-14T21:59Z 12001-12-14 2001-12-14T1:2:3+25:00',
  ].flatMap((line) => line.split(' '));
  assert.deepEqual(
    ['', '2001-12-14  1:2:3.5', ...quoted].map((text) => toGoYaml(text)),
    ['', '2001-12-14  1:2:3.5', ...quoted].map((text) => `"${text}"\n`),
  );
  const withSpaces = ['yes yes', '1 000', '2001-12-14 24:00:00', '2001-12-14 21:59:43Z'];
  assert.deepEqual(
    [...plain, ...withSpaces].map((text) => toGoYaml(text)),
    [...plain, ...withSpaces].map((text) => `${text}\n`),
  );
  assert.equal(toGoYaml('2001-12-14 '), "'2001-12-14 '\n");
  assert.equal(toGoYaml('1:30:'), "'1:30:'\n");
  return t.test('as keys too', () =>
    assert.equal(toGoYaml({ y: 1, 5: 2, '': 3 }), '"": 3\n"5": 2\n"y": 1\n'),
  );
});

test('toGoYaml() chooses the style by the characters', (t) =>
  table(t, {
    'a path': ['/etc/systemd/system/a.service', '/etc/systemd/system/a.service\n'],
    'a data URL': [
      'data:text/plain;charset=utf-8;base64,SGVsbG8=',
      'data:text/plain;charset=utf-8;base64,SGVsbG8=\n',
    ],
    'indicators at the start': [
      ['#a', ',a', '[a', ']', '{a', '}', '&a', '*a', '!a', '|a', '>a', "'a", '"a', '%a', '@a', '`a'],
      `- '#a'\n- ',a'\n- '[a'\n- ']'\n- '{a'\n- '}'\n- '&a'\n- '*a'\n- '!a'\n- '|a'\n- '>a'\n- '''a'\n- '"a'\n- '%a'\n- '@a'\n- '\`a'\n`,
    ],
    'indicators that only count before a space': [
      ['-a', '- a', '-', '?a', '? a', '?', ':a', ': a', ':'],
      `- -a\n- '- a'\n- '-'\n- ?a\n- '? a'\n- '?'\n- :a\n- ': a'\n- ':'\n`,
    ],
    'document markers': [
      ['---', '---a', '...', '....', '--', '..'],
      `- '---'\n- '---a'\n- '...'\n- '....'\n- --\n- ..\n`,
    ],
    colons: [['a: b', 'a:b', 'a:', 'a :b'], `- 'a: b'\n- a:b\n- 'a:'\n- a :b\n`],
    'number signs': [['a #b', 'a# b', 'a#'], `- 'a #b'\n- a# b\n- a#\n`],
    'spaces at the ends': [[' a', 'a ', ' '], `- ' a'\n- 'a '\n- ' '\n`],
    'quotes and backslashes inside': [[`it's`, 'a"b', 'a\\b'], `- it's\n- a"b\n- a\\b\n`],
    'an apostrophe inside single quotes': ["'it's: ", "'''it''s: '\n"],
    'a tab makes double quotes': ['a\tb', '"a\\tb"\n'],
    'control characters': ['\0\x07\b\v\f\r\x1b\x01\x7f\x80', '"\\0\\a\\b\\v\\f\\r\\e\\x01\\x7F\\x80"\n'],
    'quotes and backslashes in double quotes': ['\t"\\', '"\\t\\"\\\\"\n'],
    'NEL is escaped': ['a\u0085b', '"a\\Nb"\n'],
    'other letters are printable': ['é ß € 漢 \ue000', 'é ß € 漢 \ue000\n'],
    'a no-break space is printable, but escaped in no style': ['a\u00a0b\t', '"a\u00a0b\\t"\n'],
    'emoji are not printable': ['a😀b', '"a\\U0001F600b"\n'],
    'U+FFFE and U+FFFF': ['\ufffe\uffff', '"\\uFFFE\\uFFFF"\n'],
    'a byte order mark inside': ['a\ufeffb c', '"a\\uFEFFb c"\n'],
    'a byte order mark at the start escapes all': ['\ufeffb c', '"\\uFEFF\\x62\\x20\\x63"\n'],
    'a lone surrogate': ['a\ud800', 'a\ufffd\n'],
    'a line separator': ['a\u2028b', "'a\u2028  b'\n"],
    'a line separator beside a space': ['a \u2028b\u2029', '"a \\Lb\\P"\n'],
  }));

test('toGoYaml() writes several lines as a literal block', (t) =>
  table(t, {
    'with a final break': [{ a: 'b\nc\n' }, 'a: |\n  b\n  c\n'],
    'without a final break': [{ a: 'b\nc', d: 1 }, 'a: |-\n  b\n  c\nd: 1\n'],
    'with several final breaks': [{ a: 'b\n\n', d: 1 }, 'a: |+\n  b\n\nd: 1\n'],
    'only a break': [{ a: '\n' }, 'a: |2+\n\n'],
    'an empty line inside': [{ a: 'b\n\nc\n' }, 'a: |\n  b\n\n  c\n'],
    'a break at the start': [{ a: '\nb' }, 'a: |2-\n\n  b\n'],
    'a space at the start': [{ a: ' b\nc\n' }, 'a: |2\n   b\n  c\n'],
    'an indented second line': [{ a: 'b\n  c\n' }, 'a: |\n  b\n    c\n'],
    'in a list': [['a\nb\n', 'c'], '- |\n  a\n  b\n- c\n'],
    'in a list below a key': [{ a: ['a\nb\n', 'c'] }, 'a:\n- |\n  a\n  b\n- c\n'],
    'in nested lists': [[['a\nb\n']], '- - |\n    a\n    b\n'],
    'on its own': ['a\nb\n', '|\n  a\n  b\n'],
    'deep down': [{ a: { b: 'c\nd\n' } }, 'a:\n  b: |\n    c\n    d\n'],
    'what would need quotes': [{ a: 'b: #\n"c"\n' }, 'a: |\n  b: #\n  "c"\n'],
    'long lines are not folded': [{ a: `${X81} a b\nc` }, `a: |-\n  ${X81} a b\n  c\n`],
    'a space before a break': [{ a: 'b \nc\n' }, 'a: "b \\nc\\n"\n'],
    'a space at the end': [{ a: 'b\nc ' }, 'a: "b\\nc "\n'],
    'a tab': [{ a: 'b\n\tc\n' }, 'a: "b\\n\\tc\\n"\n'],
    'a carriage return': [{ a: 'b\r\nc\r\n' }, 'a: "b\\r\\nc\\r\\n"\n'],
    'an emoji': [{ a: 'b😀\n' }, 'a: "b\\U0001F600\\n"\n'],
    'a line separator': [{ a: 'b\u2028c\n' }, 'a: |\n  b\u2028  c\n'],
    'a whole unit': [
      { contents: '[Unit]\nDescription=A\n\n[Install]\nWantedBy=multi-user.target\n', name: 'a.service' },
      'contents: |\n  [Unit]\n  Description=A\n\n  [Install]\n  WantedBy=multi-user.target\nname: a.service\n',
    ],
  }));

test('toGoYaml() folds at the first space after column 80', (t) =>
  table(t, {
    'column 80 is not behind it': [`${X80} b`, `${X80} b\n`],
    'column 81 is': [`${X81} b`, `${X81}\n  b\n`],
    'the key and the indentation count': [{ abc: `${'x'.repeat(75)} b` }, `abc: ${'x'.repeat(75)} b\n`],
    'one more character': [{ abc: `${'x'.repeat(76)} b` }, `abc: ${'x'.repeat(76)}\n  b\n`],
    'not at two spaces': [`${X81}  b c`, `${X81}  b\n  c\n`],
    'more than once': [`${X81} ${X81} b`, `${X81}\n  ${X81}\n  b\n`],
    'in a list below a key': [{ a: [`${X81} b`] }, `a:\n- ${X81}\n  b\n`],
    'a digest after words': [
      { a: `registry.example.com/x = ${X80} b` },
      `a: registry.example.com/x = ${X80}\n  b\n`,
    ],
    'in single quotes': [`#${X80} b`, `'#${X80}\n  b'\n`],
    'in single quotes, doubled apostrophes count': [`#${'x'.repeat(77)}' b`, `'#${'x'.repeat(77)}''\n  b'\n`],
    'not at the last character of single quotes': [`#${X80} `, `'#${X80} '\n`],
    'in double quotes': [`\t${X80} b`, `"\\t${X80}\n  b"\n`],
    'in double quotes an escape counts in full': [
      `😀${'x'.repeat(69)} b`,
      `"\\U0001F600${'x'.repeat(69)} b"\n`,
    ],
    'in double quotes an escape counts in full, one more': [
      `😀${'x'.repeat(70)} b`,
      `"\\U0001F600${'x'.repeat(70)}\n  b"\n`,
    ],
    'a second space is protected': [`\t${X80}  b`, `"\\t${X80}\n  \\ b"\n`],
    'not at the last character of double quotes': [`\t${X80} `, `"\\t${X80} "\n`],
    'a key is not folded': [{ [`${X80} ${X30} b`]: 1 }, `${X80} ${X30} b: 1\n`],
  }));

test('toGoYaml() writes long keys and keys with breaks apart', (t) =>
  table(t, {
    'a key of 128 bytes': [{ ['k'.repeat(128)]: 1 }, `${'k'.repeat(128)}: 1\n`],
    'a key of 129 bytes': [{ ['k'.repeat(129)]: 1 }, `? ${'k'.repeat(129)}\n: 1\n`],
    'bytes, not characters': [{ ['é'.repeat(65)]: 1 }, `? ${'é'.repeat(65)}\n: 1\n`],
    'a key with a break': [{ 'a\nb': 1, c: 2 }, '? |-\n  a\n  b\n: 1\nc: 2\n'],
    'a list below such a key is indented': [{ 'a\nb': [1, 2] }, '? |-\n  a\n  b\n: - 1\n  - 2\n'],
    'a map below such a key': [{ 'a\nb': { c: 1 } }, '? |-\n  a\n  b\n: c: 1\n'],
  }));

test('toGoYaml() writes numbers as a Go program that read JSON', (t) =>
  table(t, {
    integers: [[0, -0, 420, -7], '- 0\n- 0\n- 420\n- -7\n'],
    'up to 64 bits': [
      [2 ** 53, 2 ** 63, -(2 ** 63)],
      '- 9007199254740992\n- 9223372036854775808\n- -9223372036854775808\n',
    ],
    'beyond 64 bits': [[2 ** 64, 1e21], '- 1.8446744073709552e+19\n- 1e+21\n'],
    fractions: [[0.5, -1.25, 0.0001, 123456.5], '- 0.5\n- -1.25\n- 0.0001\n- 123456.5\n'],
    'an exponent below 1e-4': [[0.00001, 1.5e-7], '- 1e-05\n- 1.5e-07\n'],
    'an exponent from 1e6': [[1234567.5], '- 1.2345675e+06\n'],
  }));

test('toGoYaml() output reads back as the same value', () => {
  // yaml.v2 leaves `<<` and `=` plain, and what other readers of YAML 1.1 take for a number or date differs from
  // Go's view in corners; those strings are in the tables above.
  const text = fc
    .oneof(
      fc.string({
        unit: fc.constantFrom(
          'a',
          'B',
          ' ',
          ':',
          '#',
          '-',
          "'",
          '"',
          '\\',
          '\n',
          '\t',
          ',',
          '[',
          'é',
          '😀',
          '\u2028',
        ),
      }),
      fc.string({ unit: 'grapheme' }),
      fc.lorem({ maxCount: 40 }),
    )
    .filter((candidate) => !/^[=<\d.+-]/.test(candidate) && candidate.isWellFormed());
  const { tree } = fc.letrec<{ tree: JsonValue }>((tie) => ({
    tree: fc.oneof(
      { maxDepth: 4 },
      text,
      fc.integer(),
      fc.boolean(),
      fc.constant(null),
      fc.array(tie('tree'), { maxLength: 4 }),
      fc.dictionary(text, tie('tree'), { maxKeys: 4, noNullPrototype: true }),
    ),
  }));
  const readable = (yaml: string): boolean => !/[\u0085\u2028\u2029\ufeff]/.test(yaml);
  fc.assert(
    fc.property(tree, (value) => {
      const yaml = toGoYaml(value);
      // The reader follows YAML 1.2 in not taking these for line breaks.
      if (readable(yaml)) assert.deepEqual(parse(yaml, { version: '1.1', merge: false }), value);
    }),
    { numRuns: 500 },
  );
});
