import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Json } from '../../schema/index.ts';
import { JsonPathError, findAll, parseJsonPath } from './json-path.ts';

const OBJECT: Json = {
  metadata: { annotations: { 'example.com/by': 'me', plain: 'x' }, name: 'n' },
  list: [{ a: 1 }, { a: 2 }, { b: 3 }],
  status: {
    conditions: [
      { type: 'Ready', status: 'False' },
      { type: 'Updated', status: 'True' },
    ],
  },
};

test('findAll() finds what Kubernetes finds', () => {
  const table: [string, Json[]][] = [
    ['.metadata.name', ['n']],
    ['.metadata.annotations.example\\.com/by', ['me']],
    [".metadata.annotations['example.com/by']", ['me']],
    ['.metadata["name"]', ['n']],
    ['.list[0].a', [1]],
    ['.list[-1].b', [3]],
    ['.list[5]', []],
    ['.list[1:].a', [2]],
    ['.list[*].a', [1, 2]],
    ['.list.*.a', [1, 2]],
    ['.list[?(@.a==2)].a', [2]],
    ['.list[?(@.a>1)].a', [2]],
    ['.list[?(@.b)].b', [3]],
    ['.status.conditions[?(@.type=="Updated")].status', ['True']],
    [".status.conditions[?(@.type=='Ready')].status", ['False']],
    ['.status.conditions[?(@.type!="Ready")].type', ['Updated']],
    ['.nope.deeper[0]', []],
    ['.metadata.name.x', []],
    ['.', [OBJECT]],
  ];
  for (const [path, found] of table) assert.deepEqual(findAll(parseJsonPath(path), OBJECT), found, path);
});

test('parseJsonPath() refuses what it cannot read', () => {
  for (const path of [
    'x',
    '.a[',
    '.a[x]',
    '..a',
    '.a[?(@.b==zz)]',
    '.a]',
    '.a[?(@.x==1)',
    `.${'a'.repeat(4000)}`,
  ]) {
    assert.throws(() => parseJsonPath(path), JsonPathError, path);
  }
});

test('members of every object are its own', () => {
  for (const path of ['.__proto__', '.constructor', '.list.length', '.metadata.toString']) {
    assert.deepEqual(findAll(parseJsonPath(path), OBJECT), [], path);
  }
});

test('no path and no value makes anything but a result or a JsonPathError', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc
          .array(fc.constantFrom('.', '[', ']', '?(', '@', ')', '==', '"', "'", 'a', '0', '*', ':', '\\'))
          .map((parts) => parts.join('')),
      ),
      fc.jsonValue(),
      (path, value) => {
        try {
          findAll(parseJsonPath(path), value as Json);
        } catch (error) {
          if (!(error instanceof JsonPathError)) throw error;
        }
      },
    ),
  );
});

test('a quoted member finds exactly that member', () => {
  fc.assert(
    fc.property(
      fc.string().filter((key) => !/["\\]/.test(key)),
      fc.integer(),
      (key, value) => {
        const object = Object.fromEntries([[key, value]]);
        assert.deepEqual(findAll(parseJsonPath(`["${key}"]`), object), [value]);
      },
    ),
  );
});
