import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { readLabelSelector } from './label-requirements.ts';
import { StatusError } from '../status/index.ts';

const MATCHES: readonly (readonly [selector: string, labels: Record<string, string>, matches: boolean])[] = [
  ['a=b', { a: 'b' }, true],
  ['a==b', { a: 'c' }, false],
  ['a!=b', { a: 'c' }, true],
  ['a!=b', {}, true],
  ['a in (b, c)', { a: 'c' }, true],
  ['a in (b,c)', {}, false],
  ['a notin (b,c)', {}, true],
  ['a notin (b,c)', { a: 'b' }, false],
  ['a in (b,)', { a: '' }, true],
  ['a in (,b)', { a: '' }, true],
  ['a', { a: '' }, true],
  ['a', {}, false],
  ['!a', {}, true],
  ['! a', { a: 'b' }, false],
  ['a=', { a: '' }, true],
  ['a=,b', { a: '', b: 'x' }, true],
  ['a>4', { a: '5' }, true],
  ['a>4', { a: '4' }, false],
  ['a<4', { a: 'x' }, false],
  ['a < 1', { a: '-2' }, true],
  ['example.com/a = b , !c', { 'example.com/a': 'b' }, true],
  ['in in (in,notin)', { in: 'notin' }, true],
  ['toString', {}, false],
];

for (const [selector, labels, matches] of MATCHES) {
  test(`readLabelSelector(): ${selector} ${matches ? 'matches' : 'does not match'} ${JSON.stringify(labels)}`, () => {
    assert.equal(readLabelSelector(selector).matches(labels), matches);
  });
}

const REFUSED: Readonly<Record<string, string>> = {
  'a b': "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt",
  'a in': "unable to parse requirement: found '' expected: '('",
  'a in ()':
    "unable to parse requirement: values: Invalid value: []: for 'in', 'notin' operators, values set can't be empty",
  'a in (b': "unable to parse requirement: found '', expected: ',' or ')'",
  'a in (b c)': "unable to parse requirement: found 'c', expected: ',' or ')'",
  'a in (=)': "unable to parse requirement: found '=', expected: ',', or identifier",
  'a=b=c': "found '=', expected: ',' or 'end of string'",
  'a,,b': "found ',', expected: identifier after ','",
  'a,': "found '', expected: identifier after ','",
  '=x': "found '=', expected: !, identifier, or 'end of string'",
  '!': "unable to parse requirement: found '', expected: identifier",
  'a=(': "unable to parse requirement: found '(', expected: identifier",
  'a>x':
    "unable to parse requirement: values[0]: Invalid value: \"x\": for 'Gt', 'Lt' operators, the value must be an integer",
  'a=-b':
    "unable to parse requirement: values[0][a]: Invalid value: \"-b\": a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')",
  '-a': "unable to parse requirement: <nil>: Invalid value: \"-a\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
};

for (const [selector, message] of Object.entries(REFUSED)) {
  test(`readLabelSelector() refuses ${selector}`, () => {
    assert.throws(() => readLabelSelector(selector), { message, code: 400 });
  });
}

test('readLabelSelector() reads any text, or refuses it', () => {
  fc.assert(
    fc.property(
      fc.string({
        unit: fc.constantFrom(
          'a',
          'b',
          ' in',
          '(',
          ')',
          ',',
          '=',
          '!',
          '<',
          '>',
          ' notin ',
          '-',
          '.',
          '/',
          'é',
        ),
      }),
      (text) => {
        try {
          readLabelSelector(text).matches({ a: 'b' });
        } catch (error) {
          assert.ok(error instanceof StatusError && error.code === 400);
        }
      },
    ),
  );
});
