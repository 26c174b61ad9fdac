import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';

import type { Json, JsonObject, Schema } from '../../schema/index.ts';
import { applyMergePatch } from './merge-patch.ts';
import { PatchError } from './patch-error.ts';
import { applyStrategicMergePatch } from './strategic-merge-patch.ts';

const text: Schema = { type: 'string' };
const texts: Schema = { type: 'array', items: text };
const textMap: Schema = { type: 'object', additionalProperties: text };

/** A bit of a Pod and a bit of a Node. */
const schema: Schema = {
  type: 'object',
  properties: {
    metadata: {
      type: 'object',
      properties: {
        labels: textMap,
        finalizers: { ...texts, 'x-kubernetes-patch-strategy': 'merge' },
      },
    },
    spec: {
      type: 'object',
      properties: {
        containers: mergedBy('name', {
          type: 'object',
          properties: {
            name: text,
            image: text,
            args: texts,
            env: mergedBy('name', { type: 'object', properties: { name: text, value: text } }),
          },
        }),
        volumes: {
          ...mergedBy('name', {
            type: 'object',
            properties: { name: text, emptyDir: textMap, hostPath: textMap },
          }),
          'x-kubernetes-patch-strategy': 'merge,retainKeys',
        },
        taints: { type: 'array', items: { type: 'object', properties: { key: text, effect: text } } },
        strategy: {
          type: 'object',
          'x-kubernetes-patch-strategy': 'retainKeys',
          properties: { type: text, rollingUpdate: textMap },
        },
        replaced: { ...textMap, 'x-kubernetes-patch-strategy': 'replace' },
      },
    },
  },
};

function mergedBy(key: string, items: Schema): Schema {
  return {
    type: 'array',
    items,
    'x-kubernetes-patch-strategy': 'merge',
    'x-kubernetes-patch-merge-key': key,
  };
}

interface Case {
  readonly document: JsonObject;
  readonly patch: Json;
  readonly gives: JsonObject | { readonly code: string; readonly message: string };
}

const cases: Record<string, Case> = {
  'objects merge and null deletes': {
    document: { metadata: { labels: { a: '1', b: '2' } } },
    patch: { metadata: { labels: { a: null, c: '3', none: null } } },
    gives: { metadata: { labels: { b: '2', c: '3' } } },
  },
  'lists merge by key, newcomers first': {
    document: { spec: { containers: [{ name: 'a', image: 'x', args: ['1'] }, { name: 'b' }] } },
    patch: { spec: { containers: [{ name: 'n' }, { name: 'a', image: 'y' }] } },
    gives: { spec: { containers: [{ name: 'n' }, { name: 'a', image: 'y', args: ['1'] }, { name: 'b' }] } },
  },
  'lists inside of merged items merge too': {
    document: { spec: { containers: [{ name: 'a', env: [{ name: 'x', value: '1' }] }] } },
    patch: { spec: { containers: [{ name: 'a', env: [{ name: 'x', value: '2' }, { name: 'y' }] }] } },
    gives: { spec: { containers: [{ name: 'a', env: [{ name: 'x', value: '2' }, { name: 'y' }] }] } },
  },
  'lists without a strategy are replaced': {
    document: { spec: { taints: [{ key: 'a' }, { key: 'b' }], containers: [{ name: 'a', args: ['1'] }] } },
    patch: { spec: { taints: [{ key: 'c' }], containers: [{ name: 'a', args: ['2'] }] } },
    gives: { spec: { taints: [{ key: 'c' }], containers: [{ name: 'a', args: ['2'] }] } },
  },
  '$patch: delete removes an item': {
    document: { spec: { containers: [{ name: 'a' }, { name: 'b' }] } },
    patch: { spec: { containers: [{ name: 'a', $patch: 'delete' }] } },
    gives: { spec: { containers: [{ name: 'b' }] } },
  },
  '$patch: delete of an item that is not there does nothing': {
    document: { spec: { containers: [{ name: 'b' }] } },
    patch: { spec: { containers: [{ name: 'a', $patch: 'delete' }] } },
    gives: { spec: { containers: [{ name: 'b' }] } },
  },
  '$patch: delete empties an object': {
    document: { metadata: { labels: { a: '1' } } },
    patch: { metadata: { labels: { $patch: 'delete' } } },
    gives: { metadata: { labels: {} } },
  },
  '$patch: replace replaces an object': {
    document: { metadata: { labels: { a: '1' } } },
    patch: { metadata: { labels: { $patch: 'replace', b: '2' } } },
    gives: { metadata: { labels: { b: '2' } } },
  },
  '$patch: replace replaces a list': {
    document: { spec: { containers: [{ name: 'a' }, { name: 'b' }] } },
    patch: { spec: { containers: [{ $patch: 'replace' }, { name: 'c' }] } },
    gives: { spec: { containers: [{ name: 'c' }] } },
  },
  '$patch: merge of a list is refused': {
    document: { spec: { containers: [{ name: 'a' }] } },
    patch: { spec: { containers: [{ $patch: 'merge', name: 'c' }] } },
    gives: { code: 'not-mergeable', message: 'merging lists cannot yet be specified in the patch' },
  },
  'an unknown $patch is refused': {
    document: { metadata: { labels: {} } },
    patch: { metadata: { labels: { $patch: 'frob' } } },
    gives: { code: 'not-mergeable', message: 'unknown patch type: frob in map: map[$patch:frob]' },
  },
  'lists of scalars merge as sets, the patch first': {
    document: { metadata: { finalizers: ['a', 'b'] } },
    patch: { metadata: { finalizers: ['c', 'b'] } },
    gives: { metadata: { finalizers: ['c', 'a', 'b'] } },
  },
  '$deleteFromPrimitiveList takes scalars out': {
    document: { metadata: { finalizers: ['a', 'b'] } },
    patch: { metadata: { '$deleteFromPrimitiveList/finalizers': ['a', 'z'] } },
    gives: { metadata: { finalizers: ['b'] } },
  },
  '$deleteFromPrimitiveList of a list that is not there does nothing': {
    document: { metadata: {} },
    patch: { metadata: { '$deleteFromPrimitiveList/finalizers': ['a'] } },
    gives: { metadata: {} },
  },
  '$deleteFromPrimitiveList without a name is malformed': {
    document: { metadata: {} },
    patch: { metadata: { $deleteFromPrimitiveList: ['a'] } },
    gives: { code: 'malformed', message: 'invalid patch format of primitive list' },
  },
  '$setElementOrder orders scalars; others keep their place': {
    document: { metadata: { finalizers: ['s', 'a', 'b'] } },
    patch: { metadata: { '$setElementOrder/finalizers': ['b', 'c', 'a'], finalizers: ['c'] } },
    gives: { metadata: { finalizers: ['s', 'b', 'c', 'a'] } },
  },
  '$setElementOrder orders items by key': {
    document: { spec: { containers: [{ name: 'a' }, { name: 's' }, { name: 'b' }] } },
    patch: {
      spec: {
        '$setElementOrder/containers': [{ name: 'b' }, { name: 'n' }, { name: 'a' }],
        containers: [{ name: 'n', image: 'x' }],
      },
    },
    gives: {
      spec: { containers: [{ name: 's' }, { name: 'b' }, { name: 'n', image: 'x' }, { name: 'a' }] },
    },
  },
  '$setElementOrder alone only orders': {
    document: { spec: { containers: [{ name: 'a' }, { name: 'b' }] } },
    patch: { spec: { '$setElementOrder/containers': [{ name: 'b' }, { name: 'a' }] } },
    gives: { spec: { containers: [{ name: 'b' }, { name: 'a' }] } },
  },
  '$setElementOrder that misses an item of the patch is refused': {
    document: { metadata: { finalizers: ['a'] } },
    patch: { metadata: { '$setElementOrder/finalizers': ['a'], finalizers: ['c'] } },
    gives: {
      code: 'not-mergeable',
      message: "The order in patch list:\n[c]\n doesn't match $setElementOrder list:\n[a]\n",
    },
  },
  '$setElementOrder below what is new is dropped': {
    document: {},
    patch: { metadata: { labels: {}, '$setElementOrder/finalizers': 'a' } },
    gives: { metadata: { labels: {} } },
  },
  '$retainKeys drops what it does not name': {
    document: { spec: { strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: '1' } } } },
    patch: { spec: { strategy: { $retainKeys: ['type'], type: 'Recreate' } } },
    gives: { spec: { strategy: { type: 'Recreate' } } },
  },
  '$retainKeys within an item': {
    document: { spec: { volumes: [{ name: 'v', emptyDir: {} }] } },
    patch: { spec: { volumes: [{ name: 'v', $retainKeys: ['name', 'hostPath'], hostPath: { path: '/' } }] } },
    gives: { spec: { volumes: [{ name: 'v', hostPath: { path: '/' } }] } },
  },
  '$retainKeys that misses a key of the patch is malformed': {
    document: { spec: { strategy: {} } },
    patch: { spec: { strategy: { $retainKeys: ['type'], rollingUpdate: {} } } },
    gives: { code: 'malformed', message: 'invalid patch format of retainKeys' },
  },
  'a map with the strategy replace is replaced': {
    document: { spec: { replaced: { a: '1' } } },
    patch: { spec: { replaced: { b: '2' } } },
    gives: { spec: { replaced: { b: '2' } } },
  },
  'an item without the merge key is refused': {
    document: { spec: { containers: [{ name: 'a' }] } },
    patch: { spec: { containers: [{ image: 'x' }] } },
    gives: {
      code: 'not-mergeable',
      message: 'map: map[image:x] does not contain declared merge key: name',
    },
  },
  'items of different types are refused': {
    document: { metadata: { finalizers: ['a'] } },
    patch: { metadata: { finalizers: [1] } },
    gives: { code: 'not-mergeable', message: 'list element types are not identical: [[a] [1]]' },
  },
  'lists of lists are refused': {
    document: { metadata: { finalizers: [['a']] } },
    patch: { metadata: { finalizers: [['b']] } },
    gives: { code: 'not-mergeable', message: 'lists of lists are not supported' },
  },
  'what is new takes no directives over': {
    document: {},
    patch: {
      spec: {
        containers: [
          { name: 'a', $patch: 'delete' },
          { name: 'b', args: null },
        ],
        strategy: { $retainKeys: ['type'], type: 'x' },
      },
    },
    gives: { spec: { containers: [{ name: 'b' }], strategy: { type: 'x' } } },
  },
  'a patch that is no object is malformed': {
    document: {},
    patch: [],
    gives: {
      code: 'malformed',
      message: 'json: cannot unmarshal array into Go value of type map[string]interface {}',
    },
  },
};

for (const [sentence, { document, patch, gives }] of Object.entries(cases)) {
  test(`applyStrategicMergePatch(): ${sentence}`, () => {
    const before = JSON.stringify([document, patch]);
    if ('code' in gives) {
      assert.throws(() => applyStrategicMergePatch(document, patch, schema), gives);
    } else {
      assert.deepEqual(applyStrategicMergePatch(document, patch, schema), gives);
    }
    assert.equal(JSON.stringify([document, patch]), before);
  });
}

test('applyStrategicMergePatch() is a merge patch where no list has a strategy', () => {
  const value = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 3 },
      fc.string(),
      fc.integer(),
      fc.constant(null),
      fc.array(fc.integer(), { maxLength: 3 }),
      tie('object'),
    ),
    object: fc.dictionary(fc.constantFrom('a', 'b', 'c', '__proto__'), tie('value')),
  })).object;
  fc.assert(
    fc.property(value, value, (one, other) => {
      const document = JSON.parse(JSON.stringify(one)) as JsonObject;
      const patch = JSON.parse(JSON.stringify(other)) as JsonObject;
      assert.deepEqual(
        applyStrategicMergePatch(document, patch, { type: 'object' }),
        applyMergePatch(document, patch),
      );
    }),
  );
});

test('applyStrategicMergePatch() gives an object or a PatchError whatever the patch', () => {
  const key = fc.constantFrom(
    'metadata',
    'finalizers',
    'spec',
    'containers',
    'strategy',
    'name',
    'labels',
    '$patch',
    '$retainKeys',
    '$setElementOrder/containers',
    '$deleteFromPrimitiveList/finalizers',
    '$setElementOrder/finalizers',
    '__proto__',
  );
  const any = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 5 },
      fc.constantFrom('a', 'b', 'delete', 'replace', 'merge', null, 1),
      fc.array(tie('value'), { maxLength: 3 }),
      tie('object'),
    ),
    object: fc.dictionary(key, tie('value')),
  })).object;
  fc.assert(
    fc.property(any, any, (one, other) => {
      const document = JSON.parse(JSON.stringify(one)) as JsonObject;
      const patch = JSON.parse(JSON.stringify(other)) as JsonObject;
      try {
        applyStrategicMergePatch(document, patch, schema);
      } catch (error) {
        assert.ok(error instanceof PatchError, String(error));
      }
    }),
    { numRuns: 500 },
  );
});
