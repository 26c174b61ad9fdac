import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';

import { equalJson, type Json, type JsonObject } from '../../schema/index.ts';
import { fieldTypeOf } from './field-type.ts';
import { fieldsOf } from './fields-of.ts';
import { gadget, gadgetSchema } from './gadget.arbitrary.ts';
import { merge } from './merge.ts';
import { removeFields } from './remove.ts';
import { FieldSet } from './field-set.ts';

const type = fieldTypeOf(gadgetSchema);

const cases: Record<string, { readonly live: Json; readonly applied: Json; readonly gives: Json }> = {
  'sets: items of both follow the applied order, the others keep to what they follow': {
    live: { tags: ['a', 'b', 'c', 'd'] },
    applied: { tags: ['c', 'x', 'a'] },
    gives: { tags: ['b', 'c', 'd', 'x', 'a'] },
  },
  'sets: what is new comes after what was there': {
    live: { tags: ['a', 'b'] },
    applied: { tags: ['c', 'd'] },
    gives: { tags: ['a', 'b', 'c', 'd'] },
  },
  'keyed items merge': {
    live: { entries: [{ key: 'a', value: '1', more: ['x'] }, { key: 'b' }] },
    applied: {
      entries: [
        { key: 'b', value: '2' },
        { key: 'a', value: '3' },
      ],
    },
    gives: {
      entries: [
        { key: 'b', value: '2' },
        { key: 'a', value: '3', more: ['x'] },
      ],
    },
  },
  'keyed items are found by default keys': {
    live: { ports: [{ port: 80, protocol: 'TCP', name: 'a' }] },
    applied: {
      ports: [
        { port: 80, name: 'b' },
        { port: 80, protocol: 'UDP' },
      ],
    },
    gives: {
      ports: [
        { port: 80, protocol: 'TCP', name: 'b' },
        { port: 80, protocol: 'UDP' },
      ],
    },
  },
  'an applied item replaces several of the same keys': {
    live: { entries: [{ key: 'a', value: '1' }, { key: 'a', value: '2' }, { key: 'b' }] },
    applied: { entries: [{ key: 'a', more: [] }] },
    gives: { entries: [{ key: 'a', more: [] }, { key: 'b' }] },
  },
  'atomic lists and objects are replaced': {
    live: { taints: [{ key: 'a' }], selector: { a: '1' } },
    applied: { taints: [{ key: 'b' }], selector: { b: '2' } },
    gives: { taints: [{ key: 'b' }], selector: { b: '2' } },
  },
  'free values merge as objects, else are replaced': {
    live: { free: { x: { y: 1 }, z: [1], w: 1 } },
    applied: { free: { x: { v: 2 }, z: [2], w: { u: 1 } } },
    gives: { free: { x: { y: 1, v: 2 }, z: [2], w: { u: 1 } } },
  },
  'null leaves an object as it is, but is kept where nothing is': {
    live: { free: { x: 1 }, tags: [] },
    applied: { free: null, tags: null },
    gives: { free: { x: 1 }, tags: null },
  },
};

for (const [sentence, { live, applied, gives }] of Object.entries(cases)) {
  test(`merge(): ${sentence}`, () => {
    assert.deepEqual(merge(type, { spec: live }, { spec: applied }), { spec: gives });
  });
}

test('merge() keeps what nothing is applied to, and takes what is applied to nothing', () => {
  fc.assert(
    fc.property(gadget, (object) => {
      assert.ok(equalJson(merge(type, object, {}), object));
      assert.ok(equalJson(merge(type, {}, object), object));
      assert.ok(equalJson(merge(type, object, object), object));
    }),
  );
});

test('merge() gives an object that has everything that was applied, and again the same', () => {
  fc.assert(
    fc.property(gadget, gadget, (live, applied) => {
      const before = JSON.stringify([live, applied]);
      const merged = merge(type, live, applied);
      assert.equal(JSON.stringify([live, applied]), before);
      assert.ok(equalJson(merge(type, merged, applied), merged));
      const there = fieldsOf(type, merged);
      for (const path of fieldsOf(type, applied).paths()) assert.ok(reaches(there, path), path.join(' '));
    }),
    { numRuns: 300 },
  );
});

test('removeFields() removes paths, their containers only if they are named too', () => {
  const object: JsonObject = { spec: { size: 1, tags: ['a', 'b'], entries: [{ key: 'a', value: 'x' }] } };
  const without = (...paths: string[][]): JsonObject => removeFields(type, object, FieldSet.of(...paths));
  assert.deepEqual(without(['f:spec', 'f:size'], ['f:spec', 'f:tags', 'v:"a"']), {
    spec: { tags: ['b'], entries: [{ key: 'a', value: 'x' }] },
  });
  assert.deepEqual(without(['f:spec', 'f:entries', 'k:{"key":"a"}'], ['f:spec', 'f:tags']), {
    spec: { size: 1, entries: null },
  });
  assert.deepEqual(without(['f:spec', 'f:entries', 'k:{"key":"a"}', 'f:value']), {
    spec: { size: 1, tags: ['a', 'b'], entries: [{ key: 'a' }] },
  });
  assert.deepEqual(without(['f:spec']), {});
  assert.equal(without(), object);
});

/** Whether a path is there, or, since empty objects and nulls merge into what is there, something below it. */
function reaches(set: FieldSet, path: readonly string[]): boolean {
  const last = path.at(-1) ?? '';
  let above: FieldSet | undefined = set;
  for (const step of path.slice(0, -1)) above = above?.below(step);
  return above !== undefined && (above.has(last) || above.below(last) !== undefined);
}
