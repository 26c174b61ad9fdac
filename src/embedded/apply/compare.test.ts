import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';

import type { JsonObject } from '../../schema/index.ts';
import { compare } from './compare.ts';
import type { FieldSet } from './field-set.ts';
import { fieldTypeOf } from './field-type.ts';
import { fieldsOf } from './fields-of.ts';
import { gadget, gadgetSchema } from './gadget.arbitrary.ts';
import { printPath } from './path-element.ts';

const type = fieldTypeOf(gadgetSchema);

function pathsOf(set: FieldSet): string[] {
  return [...set.paths()].map(printPath).sort();
}

interface Case {
  readonly old: JsonObject;
  readonly next: JsonObject;
  readonly added?: string[];
  readonly modified?: string[];
  readonly removed?: string[];
}

const cases: Record<string, Case> = {
  'a new container is added with what is in it': {
    old: { size: 1 },
    next: { size: 1, entries: [{ key: 'a', value: 'x' }] },
    added: [
      '.spec.entries',
      '.spec.entries[key="a"]',
      '.spec.entries[key="a"].key',
      '.spec.entries[key="a"].value',
    ],
  },
  'items are compared by their keys, wherever they stand': {
    old: { entries: [{ key: 'a' }, { key: 'b', value: '1' }] },
    next: { entries: [{ key: 'b', value: '2' }, { key: 'a' }] },
    modified: ['.spec.entries[key="b"].value'],
  },
  'a key that is left out has its default': {
    old: { ports: [{ port: 80 }] },
    next: { ports: [{ port: 80, protocol: 'TCP' }] },
    added: ['.spec.ports[port=80,protocol="TCP"].protocol'],
  },
  'items of a set come and go': {
    old: { tags: ['a', 'b'] },
    next: { tags: ['b', 'c'] },
    added: ['.spec.tags[="c"]'],
    removed: ['.spec.tags[="a"]'],
  },
  'atomic lists and objects change as a whole': {
    old: { taints: [{ key: 'a' }], selector: { a: '1' } },
    next: { taints: [{ key: 'a' }, { key: 'b' }], selector: { a: '1', b: '2' } },
    modified: ['.spec.selector', '.spec.taints'],
  },
  'null, empty and absent differ': {
    old: { free: null, tags: [] },
    next: { free: {}, entries: [] },
    added: ['.spec.entries'],
    modified: ['.spec.free'],
    removed: ['.spec.tags'],
  },
  'what is free is compared member by member, its lists as a whole': {
    old: { free: { x: { y: 1 }, z: [1] } },
    next: { free: { x: { y: 2, w: {} }, z: [1, 2] } },
    added: ['.spec.free.x.w'],
    modified: ['.spec.free.x.y', '.spec.free.z'],
  },
  'a free value that becomes an object is modified, and its members are added': {
    old: { free: { x: 1 } },
    next: { free: { x: { y: 1 } } },
    added: ['.spec.free.x.y'],
    modified: ['.spec.free.x'],
  },
  'items with the same keys are compared as a whole': {
    old: {
      entries: [
        { key: 'a', value: '1' },
        { key: 'a', value: '2' },
      ],
    },
    next: {
      entries: [
        { key: 'a', value: '1' },
        { key: 'a', value: '3' },
      ],
    },
    modified: ['.spec.entries[key="a"]'],
  },
  'of items with the same keys one stays': {
    old: {
      entries: [
        { key: 'a', value: '1' },
        { key: 'a', value: '2' },
      ],
    },
    next: { entries: [{ key: 'a', value: '1' }] },
    added: ['.spec.entries[key="a"]', '.spec.entries[key="a"].key', '.spec.entries[key="a"].value'],
    removed: ['.spec.entries[key="a"]'],
  },
};

for (const [sentence, { old, next, added = [], modified = [], removed = [] }] of Object.entries(cases)) {
  test(`compare(): ${sentence}`, () => {
    const there = compare(type, { spec: old }, { spec: next });
    assert.deepEqual(
      { added: pathsOf(there.added), modified: pathsOf(there.modified), removed: pathsOf(there.removed) },
      { added, modified, removed },
    );
  });
}

test('compare() of an object with itself finds nothing', () => {
  fc.assert(
    fc.property(gadget, (object) => {
      const { added, modified, removed } = compare(type, object, structuredClone(object));
      assert.ok(added.isEmpty && modified.isEmpty && removed.isEmpty);
    }),
  );
});

test('compare() the other way round swaps what is added and removed', () => {
  fc.assert(
    fc.property(gadget, gadget, (one, other) => {
      const there = compare(type, one, other);
      const back = compare(type, other, one);
      assert.deepEqual(pathsOf(there.added), pathsOf(back.removed));
      assert.deepEqual(pathsOf(there.removed), pathsOf(back.added));
      assert.deepEqual(pathsOf(there.modified), pathsOf(back.modified));
    }),
  );
});

test('compare() with nothing adds at least what an apply of the object owns', () => {
  fc.assert(
    fc.property(gadget, (object) => {
      assert.deepEqual(pathsOf(fieldsOf(type, object).difference(compare(type, {}, object).added)), []);
    }),
  );
});
