import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type JsonObject, dns1123LabelProblems } from '../../schema/index.ts';
import { validateMetadata, validateMetadataUpdate } from './metadata.ts';
import { lines } from './test-kinds.ts';

const RULES = { namespaced: true, nameProblem: (name: string) => dns1123LabelProblems(name)[0] };
const GOOD: JsonObject = { name: 'a', namespace: 'ns' };

function errors(metadata: JsonObject, rules: Partial<typeof RULES & { custom: boolean }> = {}): string[] {
  return lines(validateMetadata(metadata, { ...RULES, ...rules }));
}

test('validateMetadata() asks for a name and a namespace where there is one', () => {
  assert.deepEqual(errors(GOOD), []);
  assert.deepEqual(errors({ namespace: 'ns' }), [
    'metadata.name: Required value: name or generateName is required',
  ]);
  assert.deepEqual(errors({ name: 'a' }), ['metadata.namespace: Required value']);
  assert.deepEqual(errors(GOOD, { namespaced: false }), [
    'metadata.namespace: Forbidden: not allowed on this type',
  ]);
  assert.match(
    errors({ ...GOOD, namespace: 'A' })[0] ?? '',
    /^metadata\.namespace: Invalid value: "A": a lowercase RFC 1123 label/,
  );
});

test('validateMetadata() allows a prefix of a name that ends in a hyphen', () => {
  assert.deepEqual(errors({ ...GOOD, generateName: 'a-' }), []);
  assert.deepEqual(errors({ ...GOOD, generateName: 'g'.repeat(80) }), []);
  assert.match(
    errors({ ...GOOD, generateName: 'A-' })[0] ?? '',
    /^metadata\.generateName: Invalid value: "A-"/,
  );
});

test('validateMetadata() wants the domain of a finalizer, but not for custom resources', () => {
  const finalizers = ['a', 'kubernetes', 'example.com/b', 'x y'];
  assert.deepEqual(
    errors({ ...GOOD, finalizers }).map((line) => line.slice(0, 60)),
    [
      'metadata.finalizers: Invalid value: "x y": name part must con',
      'metadata.finalizers[0]: Invalid value: "a": name is neither a s',
      'metadata.finalizers[3]: Invalid value: "x y": name is neither a',
    ].map((line) => line.slice(0, 60)),
  );
  assert.deepEqual(errors({ ...GOOD, finalizers: ['a'] }, { custom: true }), []);
  assert.deepEqual(errors({ ...GOOD, finalizers: ['orphan', 'foregroundDeletion'] }), [
    'metadata.finalizers: Invalid value: ["orphan","foregroundDeletion"]: finalizer orphan and foregroundDeletion cannot be both set',
  ]);
});

test('validateMetadata() reads annotation keys in lower case, and counts their bytes', () => {
  assert.deepEqual(errors({ ...GOOD, annotations: { 'Example.COM/A': 'é' } }), []);
  assert.deepEqual(errors({ ...GOOD, annotations: { a: 'é'.repeat(131_072) } }), [
    'metadata.annotations: Too long: may not be more than 262144 bytes',
  ]);
});

test('validateMetadata() refuses events as owners', () => {
  const ownerReferences = [{ apiVersion: 'v1', kind: 'Event', name: 'e', uid: '1' }];
  assert.match(
    errors({ ...GOOD, ownerReferences })[0] ?? '',
    /\/v1, Kind=Event is disallowed from being an owner$/,
  );
});

test('validateMetadataUpdate() keeps what identifies an object, and adds no finalizer to one that goes', () => {
  const old = {
    ...GOOD,
    uid: '1',
    finalizers: ['a.b/c'],
    deletionTimestamp: '2026-01-01T00:00:00Z',
    generation: 2,
  };
  assert.deepEqual(lines(validateMetadataUpdate(old, old)), []);
  assert.deepEqual(lines(validateMetadataUpdate({ ...old, finalizers: [] }, old)), []);
  assert.deepEqual(
    lines(
      validateMetadataUpdate(
        { ...old, finalizers: ['z.b/c', 'a.b/c', 'd.e/f'], uid: '2', generation: 1 },
        old,
      ),
    ),
    [
      'metadata.finalizers: Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers []string{"d.e/f", "z.b/c"}',
      'metadata.generation: Invalid value: 1: must not be decremented',
      'metadata.uid: Invalid value: "2": field is immutable',
    ],
  );
});

test('no metadata is too odd to be looked at', () => {
  fc.assert(
    fc.property(
      fc.dictionary(fc.string(), fc.jsonValue()),
      fc.dictionary(fc.string(), fc.jsonValue()),
      (odd, other) => {
        const metadata = {
          labels: odd,
          annotations: odd,
          ownerReferences: [odd],
          finalizers: Object.values(odd),
          ...other,
        } as JsonObject;
        validateMetadata(metadata, RULES);
        validateMetadataUpdate(metadata, odd as JsonObject);
      },
    ),
  );
});
