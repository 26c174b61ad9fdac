import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';

import { FieldSet } from './field-set.ts';
import { decodeFields, encodeFields } from './fields-v1.ts';

const step = fc.constantFrom('f:a', 'f:b', 'k:{"name":"a"}', 'v:"a"', 'v:1', 'i:0');
const path = fc.array(step, { minLength: 1, maxLength: 4 });
const paths = fc.array(path, { maxLength: 8 });

function textsOf(set: FieldSet): string[] {
  return [...set.paths()].map((each) => JSON.stringify(each)).sort();
}

/** The same, from a list of paths and a rule. */
function textsIf(all: readonly string[][], keep: (text: string, path: string[]) => boolean): string[] {
  const texts = new Map(all.map((each) => [JSON.stringify(each), each]));
  return [...texts]
    .filter(([text, each]) => keep(text, each))
    .map(([text]) => text)
    .sort();
}

function startsWith(whole: readonly string[], start: readonly string[]): boolean {
  return start.length <= whole.length && start.every((each, index) => each === whole[index]);
}

test('FieldSet holds the paths that were inserted', () => {
  fc.assert(
    fc.property(paths, (some) => {
      const set = FieldSet.of(...some);
      assert.deepEqual(
        textsOf(set),
        textsIf(some, () => true),
      );
      assert.equal(set.isEmpty, some.length === 0);
    }),
  );
});

test('FieldSet operations are those of sets of paths and change no operand', () => {
  fc.assert(
    fc.property(paths, paths, (some, others) => {
      const one = FieldSet.of(...some);
      const other = FieldSet.of(...others);
      const inOther = new Set(textsOf(other));
      const before = [textsOf(one), textsOf(other)];
      assert.deepEqual(
        textsOf(one.union(other)),
        textsIf([...some, ...others], () => true),
      );
      assert.deepEqual(
        textsOf(one.difference(other)),
        textsIf(some, (text) => !inOther.has(text)),
      );
      assert.deepEqual(
        textsOf(one.intersection(other)),
        textsIf(some, (text) => inOther.has(text)),
      );
      assert.deepEqual(
        textsOf(one.recursiveDifference(other)),
        textsIf(some, (_, each) => !others.some((start) => startsWith(each, start))),
      );
      assert.deepEqual([textsOf(one), textsOf(other)], before);
    }),
    { numRuns: 300 },
  );
});

test('FieldSet gives itself where an operation changes nothing', () => {
  const set = FieldSet.of(['f:a'], ['f:a', 'f:b'], ['f:c', 'f:d']);
  assert.equal(set.union(FieldSet.of(['f:a', 'f:b'])), set);
  assert.equal(set.difference(FieldSet.of(['f:b'], ['f:c'], ['f:a', 'f:b', 'f:c'])), set);
  assert.equal(set.recursiveDifference(FieldSet.of(['f:c', 'f:x'])), set);
});

test('FieldSet.paths() gives members before what lies below, each in the order of steps', () => {
  const set = FieldSet.of(
    ['f:spec', 'k:{"key":"k1"}', 'f:value'],
    ['f:spec', 'f:size'],
    ['f:b'],
    ['f:a', 'f:c'],
  );
  assert.deepEqual(
    [...set.paths()],
    [['f:b'], ['f:a', 'f:c'], ['f:spec', 'f:size'], ['f:spec', 'k:{"key":"k1"}', 'f:value']],
  );
});

test('decodeFields() reads what encodeFields() writes', () => {
  fc.assert(
    fc.property(paths, (some) => {
      const set = FieldSet.of(...some);
      const text = JSON.stringify(encodeFields(set));
      const read = decodeFields(JSON.parse(text));
      assert.deepEqual(textsOf(read), textsOf(set));
      assert.equal(JSON.stringify(encodeFields(read)), text);
    }),
  );
});

test('encodeFields() marks members that have something below them, steps in order', () => {
  const set = FieldSet.of(
    ['f:status', 'f:conditions', 'k:{"type":"Ready"}'],
    ['f:status', 'f:conditions', 'k:{"type":"Ready"}', 'f:status'],
    ['f:spec', 'f:tags', 'v:"t1"'],
    ['f:spec', 'f:tags'],
    ['f:spec', 'f:ports', 'k:{"port":443}'],
    ['f:spec', 'f:ports', 'k:{"port":80}'],
    ['f:spec', 'f:ports', 'i:10'],
    ['f:spec', 'f:ports', 'i:9'],
  );
  assert.equal(
    JSON.stringify(encodeFields(set)),
    JSON.stringify({
      'f:spec': {
        'f:ports': { 'k:{"port":80}': {}, 'k:{"port":443}': {}, 'i:9': {}, 'i:10': {} },
        'f:tags': { '.': {}, 'v:"t1"': {} },
      },
      'f:status': { 'f:conditions': { 'k:{"type":"Ready"}': { '.': {}, 'f:status': {} } } },
    }),
  );
});

test('decodeFields() brings steps into canonical form and drops kinds of steps that no one knows', () => {
  const set = decodeFields({
    'k:{ "b": 1, "a": "<x>" }': {},
    'v: 1.0': {},
    'i:+07': {},
    'x:future': { 'f:a': {} },
    'f:__proto__': { '.': {} },
    'f:a': { '.': {}, 'x:future': {} },
  });
  assert.deepEqual(
    [...set.paths()],
    [['f:__proto__'], ['f:a'], ['k:{"a":"\\u003cx\\u003e","b":1}'], ['v:1'], ['i:7']],
  );
});

test('decodeFields() refuses steps that are malformed', () => {
  for (const key of ['', 'f', 'name', 'k:', 'k:[]', 'k:{', 'v:', 'v:x', 'i:', 'i:x', 'i:1.5', '__proto__']) {
    const fields: unknown = JSON.parse(`{${JSON.stringify(key)}:{}}`);
    assert.throws(() => decodeFields(fields as never), { code: 'malformed-fields' }, key);
  }
  assert.throws(() => decodeFields([]), { code: 'malformed-fields' });
  assert.throws(() => decodeFields({ 'f:a': 1 }), { code: 'malformed-fields' });
});
