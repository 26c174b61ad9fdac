import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';

import type { Json, JsonObject } from '../../schema/index.ts';
import { typedProblem } from './check-typed.ts';
import { fieldTypeOf } from './field-type.ts';
import { gadget, gadgetSchema } from './gadget.arbitrary.ts';

const type = fieldTypeOf(gadgetSchema);

test('typedProblem() tells what keeps an object from being merged, in the words of structured-merge-diff', () => {
  const problems: [JsonObject, string][] = [
    [{ nope: 1 }, '.nope: field not declared in schema'],
    [{ spec: { size: '1' } }, '.spec.size: expected numeric (int or float), got string'],
    [{ spec: { size: {} } }, '.spec.size: expected numeric (int or float), got map[string]interface {}'],
    [
      { metadata: { annotations: { x: true } } },
      '.metadata.annotations.x: expected string, got &value.valueUnstructured{Value:true}',
    ],
    [
      { metadata: { name: [{ a: 'b' }] } },
      '.metadata.name: expected string, got &value.valueUnstructured{Value:[]interface {}{map[string]interface {}{"a":"b"}}}',
    ],
    [{ status: { ready: 'yes' } }, '.status.ready: expected boolean, got &{yes}'],
    [{ spec: [] }, '.spec: expected map, got &{[]}'],
    [{ spec: { tags: { a: 1 } } }, '.spec.tags: expected list, got &{map[a:1]}'],
    [{ spec: { tags: ['a', 'a'] } }, '.spec.tags: duplicate entries for key [="a"]'],
    [
      { spec: { tags: [null] } },
      ".spec.tags: element 0: associative list without keys has an element that's an explicit null",
    ],
    [
      { spec: { entries: [{ value: 'x' }] } },
      '.spec.entries: element 0: associative list with keys has an element that omits key field "key" (and doesn\'t have default value)',
    ],
    [
      { spec: { entries: [{ key: 'a', value: 1 }] } },
      '.spec.entries[key="a"].value: expected string, got &value.valueUnstructured{Value:1}',
    ],
    [{ spec: { taints: [{ key: 'a' }, { nope: 1 }] } }, '.spec.taints[1].nope: field not declared in schema'],
    [
      { spec: { size: true }, status: { replicas: true } },
      'errors:\n  .spec.size: expected numeric (int or float), got bool\n  .status.replicas: expected numeric (int or float), got bool',
    ],
  ];
  for (const [object, problem] of problems) assert.equal(typedProblem(type, object), problem);
});

test('typedProblem() finds none with an object that fits, nulls included', () => {
  assert.equal(typedProblem(type, { spec: null, status: { ready: null } }), undefined);
  fc.assert(fc.property(gadget, (object) => assert.equal(typedProblem(type, object), undefined)));
});

test('typedProblem() never fails, whatever the object', () => {
  const key = fc.constantFrom('metadata', 'spec', 'tags', 'entries', 'ports', 'free', 'key', '__proto__');
  const any = fc.letrec((tie) => ({
    value: fc.oneof({ maxDepth: 4 }, fc.jsonValue(), fc.array(tie('value'), { maxLength: 3 }), tie('object')),
    object: fc.dictionary(key, tie('value')),
  })).object;
  fc.assert(
    fc.property(any, (object) => {
      typedProblem(type, JSON.parse(JSON.stringify(object)) as JsonObject);
    }),
  );
  const many: Json = Array.from({ length: 5000 }, () => 'a');
  assert.ok((typedProblem(type, { spec: { tags: many } })?.length ?? 0) < 1_000_000);
});
