import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { StatusError } from '../status/index.ts';
import { readFieldSelector, type FieldRequirements } from './field-requirements.ts';

function read(text: string | null): FieldRequirements {
  return readFieldSelector(text, ['spec.nodeName', 'status.phase'], (field) => `no ${field}`);
}

function matches(selector: string, fields: Record<string, string>, name = 'p', namespace = 'd'): boolean {
  return read(selector).matches(namespace, name, fields);
}

describe('readFieldSelector()', () => {
  const cases: readonly (readonly [selector: string, fields: Record<string, string>, matches: boolean])[] = [
    ['spec.nodeName=n', { 'spec.nodeName': 'n' }, true],
    ['spec.nodeName==n', { 'spec.nodeName': 'm' }, false],
    ['spec.nodeName!=n', { 'spec.nodeName': 'm' }, true],
    ['spec.nodeName=', {}, true],
    ['spec.nodeName!=', { 'spec.nodeName': '' }, false],
    ['spec.nodeName=n,status.phase!=Failed', { 'spec.nodeName': 'n', 'status.phase': 'Failed' }, false],
    ['metadata.name=p,metadata.namespace=d', {}, true],
    ['metadata.name!=p', {}, false],
    [',spec.nodeName=n,', { 'spec.nodeName': 'n' }, true],
    [String.raw`spec.nodeName=a\,b\=c\\`, { 'spec.nodeName': String.raw`a,b=c\ `.trim() }, true],
  ];
  for (const [selector, fields, expected] of cases) {
    test(`${selector} ${expected ? 'matches' : 'does not match'} ${JSON.stringify(fields)}`, () => {
      assert.equal(matches(selector, fields), expected);
    });
  }

  test('nothing selects everything', () => {
    for (const text of [null, '', ',']) {
      assert.equal(read(text).isEmpty, true);
      assert.equal(read(text).matches('', '', {}), true);
    }
  });

  test('tells which object is the only one', () => {
    assert.deepEqual([read('metadata.name=a').name, read('metadata.name!=a').name], ['a', undefined]);
    assert.equal(read('metadata.namespace==b').namespace, 'b');
  });

  const refused: Readonly<Record<string, string>> = {
    foo: "invalid selector: 'foo'; can't understand 'foo'",
    'spec.size=3': 'no spec.size',
    '=x': 'no ',
    'constructor=x': 'no constructor',
    'metadata.name=a=b': 'invalid field selector: unescaped character in value: =',
    [String.raw`metadata.name=a\b`]: String.raw`invalid field selector: invalid escape sequence: "\\b"`,
    [String.raw`metadata.name=a\ `.trim()]: String.raw`invalid field selector: invalid escape sequence: "\\"`,
  };
  for (const [selector, message] of Object.entries(refused)) {
    test(`refuses ${selector}`, () => {
      assert.throws(() => read(selector), { code: 400, message });
    });
  }

  test('reads any value that is escaped', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 100 }), (value) => {
        const escaped = value.replaceAll(/[\\,=]/g, String.raw`\$&`);
        assert.equal(matches(`spec.nodeName=${escaped}`, { 'spec.nodeName': value }), true);
      }),
    );
  });

  test('reads any text, or refuses it', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('a', '=', '!', ',', '\\', 'metadata.name') }), (text) => {
        try {
          read(text).matches('', '', {});
        } catch (error) {
          assert.ok(error instanceof StatusError && error.code === 400);
        }
      }),
    );
  });
});
