import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';

import { copyObject, equalJson, type Json, type JsonObject } from '../../schema/index.ts';
import { applyJsonPatch } from './json-patch.ts';
import { PatchError } from './patch-error.ts';

interface Case {
  readonly document: JsonObject;
  readonly patch: Json;
  /** The result, or the error's code. */
  readonly gives: JsonObject | string;
}

const parse = (text: string): JsonObject => JSON.parse(text) as JsonObject;

/** Where libraries, the RFC and Kubernetes' evanphx/json-patch.v4 part ways. */
const cases: Record<string, Case> = {
  'add sets a new key': {
    document: {},
    patch: [{ op: 'add', path: '/a', value: 1 }],
    gives: { a: 1 },
  },
  'add replaces a key': {
    document: { a: 1 },
    patch: [{ op: 'add', path: '/a', value: [2] }],
    gives: { a: [2] },
  },
  'add to - appends': {
    document: { a: [1] },
    patch: [{ op: 'add', path: '/a/-', value: 2 }],
    gives: { a: [1, 2] },
  },
  'add to an index inserts': {
    document: { a: [1, 3] },
    patch: [{ op: 'add', path: '/a/1', value: 2 }],
    gives: { a: [1, 2, 3] },
  },
  'add to the index after the last appends': {
    document: { a: [1] },
    patch: [{ op: 'add', path: '/a/1', value: 2 }],
    gives: { a: [1, 2] },
  },
  'add beyond the list fails': {
    document: { a: [1] },
    patch: [{ op: 'add', path: '/a/2', value: 2 }],
    gives: 'does-not-apply',
  },
  'add to index -1 appends': {
    document: { a: [1] },
    patch: [{ op: 'add', path: '/a/-1', value: 2 }],
    gives: { a: [1, 2] },
  },
  'add under a missing parent fails': {
    document: {},
    patch: [{ op: 'add', path: '/a/b', value: 1 }],
    gives: 'does-not-apply',
  },
  'add under a scalar fails': {
    document: { a: 'text' },
    patch: [{ op: 'add', path: '/a/0', value: 1 }],
    gives: 'does-not-apply',
  },
  'add without a value adds null': {
    document: {},
    patch: [{ op: 'add', path: '/a' }],
    gives: { a: null },
  },
  'add to the root fails': {
    document: { a: 1 },
    patch: [{ op: 'add', path: '', value: {} }],
    gives: 'does-not-apply',
  },
  'replace of the root replaces all': {
    document: { a: 1 },
    patch: [{ op: 'replace', path: '', value: { b: 2 } }],
    gives: { b: 2 },
  },
  'replace of the root by a list fails': {
    document: { a: 1 },
    patch: [{ op: 'replace', path: '', value: [] }],
    gives: 'does-not-apply',
  },
  'replace of a missing key adds it': {
    document: {},
    patch: [{ op: 'replace', path: '/a', value: 1 }],
    gives: { a: 1 },
  },
  'replace of a missing index fails': {
    document: { a: [1] },
    patch: [{ op: 'replace', path: '/a/1', value: 1 }],
    gives: 'does-not-apply',
  },
  'replace of - fails': {
    document: { a: [1] },
    patch: [{ op: 'replace', path: '/a/-', value: 1 }],
    gives: 'does-not-apply',
  },
  'replace of a negative index counts from the end': {
    document: { a: [1, 2] },
    patch: [{ op: 'replace', path: '/a/-1', value: 3 }],
    gives: { a: [1, 3] },
  },
  'remove of a missing key fails': {
    document: {},
    patch: [{ op: 'remove', path: '/a' }],
    gives: 'does-not-apply',
  },
  'remove of a key that only the prototype has fails': {
    document: {},
    patch: [{ op: 'remove', path: '/constructor' }],
    gives: 'does-not-apply',
  },
  'remove of a missing index fails': {
    document: { a: [] },
    patch: [{ op: 'remove', path: '/a/0' }],
    gives: 'does-not-apply',
  },
  'remove takes a null': {
    document: { a: null },
    patch: [{ op: 'remove', path: '/a' }],
    gives: {},
  },
  'test of a missing key against null succeeds': {
    document: {},
    patch: [{ op: 'test', path: '/a', value: null }],
    gives: {},
  },
  'test without a value is a test for null': {
    document: { a: 1 },
    patch: [{ op: 'test', path: '/a' }],
    gives: 'does-not-apply',
  },
  'test of a missing index fails even against null': {
    document: { a: [] },
    patch: [{ op: 'test', path: '/a/0', value: null }],
    gives: 'does-not-apply',
  },
  'test ignores the order of keys': {
    document: { a: { b: 1, c: [2] } },
    patch: [{ op: 'test', path: '/a', value: { c: [2], b: 1 } }],
    gives: { a: { b: 1, c: [2] } },
  },
  'test tells a number from its text': {
    document: { a: 1 },
    patch: [{ op: 'test', path: '/a', value: '1' }],
    gives: 'does-not-apply',
  },
  'test of the root compares all': {
    document: { a: 1 },
    patch: [{ op: 'test', path: '', value: { a: 1 } }],
    gives: { a: 1 },
  },
  'a failing test undoes what came before': {
    document: { a: 1 },
    patch: [
      { op: 'replace', path: '/a', value: 2 },
      { op: 'test', path: '/a', value: 1 },
    ],
    gives: 'does-not-apply',
  },
  '~1 and ~0 stand for / and ~, once': {
    document: { 'a/b': 1, '~1': 2 },
    patch: [
      { op: 'remove', path: '/a~1b' },
      { op: 'replace', path: '/~01', value: 3 },
    ],
    gives: { '~1': 3 },
  },
  'the empty key is a key': {
    document: { '': { '': 1 } },
    patch: [{ op: 'replace', path: '//', value: 2 }],
    gives: { '': { '': 2 } },
  },
  'an index with a leading zero is an index (unlike RFC 6901)': {
    document: { a: [1, 2] },
    patch: [{ op: 'remove', path: '/a/01' }],
    gives: { a: [1] },
  },
  'an index with a fraction is none': {
    document: { a: [1, 2] },
    patch: [{ op: 'remove', path: '/a/1.0' }],
    gives: 'does-not-apply',
  },
  'move takes a value elsewhere': {
    document: { a: { b: 1 }, c: {} },
    patch: [{ op: 'move', from: '/a/b', path: '/c/d' }],
    gives: { a: {}, c: { d: 1 } },
  },
  'move of a missing key fails': {
    document: {},
    patch: [{ op: 'move', from: '/a', path: '/b' }],
    gives: 'does-not-apply',
  },
  'move into itself fails': {
    document: { a: { b: 1 } },
    patch: [{ op: 'move', from: '/a', path: '/a/b' }],
    gives: 'does-not-apply',
  },
  'copy copies deeply': {
    document: { a: { b: 1 } },
    patch: [
      { op: 'copy', from: '/a', path: '/c' },
      { op: 'replace', path: '/c/b', value: 2 },
    ],
    gives: { a: { b: 1 }, c: { b: 2 } },
  },
  'copy of a missing key copies null': {
    document: {},
    patch: [{ op: 'copy', from: '/a', path: '/b' }],
    gives: { b: null },
  },
  'an operation that no one knows fails': {
    document: {},
    patch: [{ op: 'frob', path: '/a' }],
    gives: 'does-not-apply',
  },
  'an operation without op fails': { document: {}, patch: [{ path: '/a' }], gives: 'does-not-apply' },
  'an operation without path fails': {
    document: {},
    patch: [{ op: 'add', value: 1 }],
    gives: 'does-not-apply',
  },
  '__proto__ is a key like any other': {
    document: {},
    patch: parse('{"p":[{"op":"add","path":"/__proto__","value":{"x":1}}]}')['p']!,
    gives: parse('{"__proto__":{"x":1}}'),
  },
  'nothing is reached through the prototype': {
    document: {},
    patch: [{ op: 'add', path: '/constructor/prototype/x', value: 1 }],
    gives: 'does-not-apply',
  },
  'a patch that is no list is malformed': { document: {}, patch: { op: 'add' }, gives: 'malformed' },
  'an operation that is no object is malformed': { document: {}, patch: [1], gives: 'malformed' },
  'a path that is no text is malformed': {
    document: {},
    patch: [{ op: 'remove', path: 1 }],
    gives: 'malformed',
  },
  'more than 10000 operations are too many': {
    document: {},
    patch: Array.from({ length: 10_001 }, () => ({ op: 'test', path: '/a', value: null })),
    gives: 'too-large',
  },
};

for (const [sentence, { document, patch, gives }] of Object.entries(cases)) {
  test(`applyJsonPatch(): ${sentence}`, () => {
    const before = JSON.stringify([document, patch]);
    if (typeof gives === 'string') {
      assert.throws(
        () => applyJsonPatch(document, patch),
        (error) => error instanceof PatchError && error.code === gives,
      );
    } else {
      assert.equal(JSON.stringify(applyJsonPatch(document, patch)), JSON.stringify(gives));
    }
    assert.equal(JSON.stringify([document, patch]), before);
  });
}

test("applyJsonPatch() says what is wrong in Kubernetes' words", () => {
  assert.throws(() => applyJsonPatch({}, { op: 'add' }), {
    message:
      'error decoding patch: json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp',
  });
  const many = Array.from({ length: 10_001 }, () => null);
  assert.throws(() => applyJsonPatch({}, many), {
    message: 'The allowed maximum operations in a JSON patch is 10000, got 10001',
  });
});

test('applyJsonPatch() stops copies that double the object again and again', () => {
  const patch: Json = [];
  for (let times = 0; times < 40; times++) patch.push({ op: 'copy', from: '/a', path: '/a/-' });
  assert.throws(() => applyJsonPatch({ a: ['some text'] }, patch), { code: 'does-not-apply' });
});

test('applyJsonPatch() refuses to build values that nest too deep', () => {
  let value: Json = {};
  for (let depth = 0; depth < 300; depth++) value = { a: value };
  const pointer = '/a'.repeat(301);
  const patch: Json = [
    { op: 'add', path: '/a', value },
    { op: 'add', path: pointer, value },
  ];
  assert.throws(() => applyJsonPatch({}, patch), { code: 'does-not-apply' });
});

test('applyJsonPatch(): removing what was added gives the object back', () => {
  fc.assert(
    fc.property(
      fc.dictionary(fc.string(), fc.jsonValue()),
      fc.string(),
      fc.jsonValue(),
      (members, key, value) => {
        const document = members as JsonObject;
        fc.pre(!Object.hasOwn(document, key));
        const path = `/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`;
        const added = applyJsonPatch(document, [
          { op: 'add', path, value: value as Json },
          { op: 'test', path, value: value as Json },
        ]);
        assert.ok(equalJson(applyJsonPatch(added, [{ op: 'remove', path }]), copyObject(document)));
      },
    ),
  );
});
