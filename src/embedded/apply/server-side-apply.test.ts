import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';

import { copyObject, equalJson, type Json, type JsonObject, type Schema } from '../../schema/index.ts';
import { fieldTypeOf } from './field-type.ts';
import { fieldsOf } from './fields-of.ts';
import { decodeFields } from './fields-v1.ts';
import { gadgetSchema, gadgetSpec } from './gadget.arbitrary.ts';
import { managedFieldsOf, setManagedFields, withoutManagedFields } from './managed-fields.ts';
import { updateManagedFields } from './managed-fields-update.ts';
import { serverSideApply, type ApplyOutcome, type ServerSideApply } from './server-side-apply.ts';

const text: Schema = { type: 'string' };
const textMap: Schema = { type: 'object', additionalProperties: text };

const configMapSchema: Schema = {
  type: 'object',
  properties: {
    apiVersion: text,
    kind: text,
    data: textMap,
    metadata: { type: 'object', properties: { name: text, uid: text, annotations: textMap } },
  },
};

const defaults = {
  schema: configMapSchema,
  custom: false,
  apiVersion: 'v1',
  subresource: '',
  force: false,
  now: 0,
  resetFields: [],
};

function configMap(data: JsonObject): JsonObject {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'c' }, data };
}

function apply(
  live: JsonObject | undefined,
  manager: string,
  applied: JsonObject,
  more: Partial<ServerSideApply> = {},
): ApplyOutcome {
  return serverSideApply({ ...defaults, live, manager, applied, ...more });
}

function applied(...given: Parameters<typeof apply>): JsonObject {
  const outcome = apply(...given);
  assert.equal(outcome.kind, 'applied', JSON.stringify(outcome));
  return outcome.kind === 'applied' ? outcome.object : {};
}

function edited(
  live: JsonObject,
  manager: string,
  next: JsonObject,
  more: Partial<ServerSideApply> = {},
): JsonObject {
  const object = copyObject(next);
  updateManagedFields({ ...defaults, ...more, live, next: object, manager });
  return object;
}

/** `manager operation fields`. */
function summaryOf(object: JsonObject): string[] {
  return ((managedFieldsOf(object) ?? []) as JsonObject[]).map(
    (entry) =>
      `${entry['manager'] as string} ${entry['operation'] as string} ${JSON.stringify(entry['fieldsV1'])}`,
  );
}

test('serverSideApply() creates, shares, conflicts, forces and drops as recorded (ssa-*)', () => {
  let object = applied(undefined, 'm1', configMap({ a: '1' }));
  assert.deepEqual(summaryOf(object), ['m1 Apply {"f:data":{"f:a":{}}}']);
  assert.deepEqual(applied(object, 'm1', configMap({ a: '1' }), { now: 9000 }), object);

  object = applied(object, 'm2', configMap({ b: '2' }));
  assert.deepEqual(object['data'], { a: '1', b: '2' });

  assert.deepEqual(apply(object, 'm2', configMap({ a: '9', b: '2' })), {
    kind: 'conflicts',
    message: 'Apply failed with 1 conflict: conflict with "m1": .data.a',
    causes: [{ message: 'conflict with "m1"', field: '.data.a' }],
  });

  object = applied(object, 'm2', configMap({ a: '1', b: '2' }));
  assert.deepEqual(summaryOf(object), [
    'm1 Apply {"f:data":{"f:a":{}}}',
    'm2 Apply {"f:data":{"f:a":{},"f:b":{}}}',
  ]);

  object = applied(object, 'm2', configMap({ a: '9', b: '2' }), { force: true });
  assert.deepEqual(summaryOf(object), ['m2 Apply {"f:data":{"f:a":{},"f:b":{}}}']);

  object = applied(object, 'm2', configMap({ b: '2' }));
  assert.deepEqual(object['data'], { b: '2' });

  object = edited(object, 'kubectl-edit', configMap({ b: '77' }));
  assert.deepEqual(summaryOf(object), ['kubectl-edit Update {"f:data":{"f:b":{}}}']);
  assert.deepEqual(apply(object, 'm2', configMap({ b: '2' })), {
    kind: 'conflicts',
    message: 'Apply failed with 1 conflict: conflict with "kubectl-edit" using v1: .data.b',
    causes: [{ message: 'conflict with "kubectl-edit" using v1', field: '.data.b' }],
  });
});

const gadgetDefaults = { schema: gadgetSchema, custom: true, apiVersion: 'lab.example.com/v1' };

test('serverSideApply() tells several conflicts manager by manager (cr-apply-conflict)', () => {
  const spec = { size: 5, entries: [{ key: 'k1', value: 'v1' }], tags: ['t1'] };
  let live = applied(undefined, 'a', { spec }, gadgetDefaults);
  live = applied(
    live,
    'b',
    { spec: { size: 5, entries: [{ key: 'k2', value: 'v2' }], tags: ['t2'] } },
    gadgetDefaults,
  );
  assert.deepEqual(live['spec'], {
    size: 5,
    entries: [
      { key: 'k1', value: 'v1' },
      { key: 'k2', value: 'v2' },
    ],
    tags: ['t1', 't2'],
  });
  live = edited(
    live,
    'c',
    { ...live, status: { replicas: 1 } },
    { ...gadgetDefaults, subresource: 'status' },
  );
  const conflicting = { spec: { size: 6, entries: [{ key: 'k1', value: 'zz' }] }, status: { replicas: 2 } };
  assert.deepEqual(apply(live, 'b', conflicting, gadgetDefaults), {
    kind: 'conflicts',
    message: [
      'Apply failed with 3 conflicts: conflicts with "a":',
      '- .spec.size',
      '- .spec.entries[key="k1"].value',
      'conflicts with "c" with subresource "status" using lab.example.com/v1:',
      '- .status.replicas',
    ].join('\n'),
    causes: [
      { message: 'conflict with "a"', field: '.spec.size' },
      { message: 'conflict with "a"', field: '.spec.entries[key="k1"].value' },
      {
        message: 'conflict with "c" with subresource "status" using lab.example.com/v1',
        field: '.status.replicas',
      },
    ],
  });
});

test('serverSideApply() refuses what does not fit the schema, naming the object (ssa-yaml, fv-strict-apply)', () => {
  const object: JsonObject = { ...configMap({}), nope: 1 };
  assert.throws(() => apply(undefined, 'm', object), {
    code: 'not-typed',
    message:
      'failed to create typed patch object (/c; /v1, Kind=ConfigMap): .nope: field not declared in schema',
  });
  const namespaced: JsonObject = {
    apiVersion: 'apps/v1',
    kind: 'Thing',
    metadata: { name: 'c', namespace: 'n', annotations: { x: true } },
  };
  assert.throws(() => apply(undefined, 'm', namespaced), {
    message:
      'failed to create typed patch object (n/c; apps/v1, Kind=Thing): .metadata.namespace: field not declared in schema',
  });
});

test('serverSideApply() to an object that no one manages finds an owner for what is there', () => {
  const live: JsonObject = { ...configMap({ a: '1', b: '2' }), metadata: { name: 'c', uid: 'u' } };
  const conflict = apply(live, 'm', configMap({ a: '2' }));
  assert.equal(
    conflict.kind === 'conflicts' && conflict.message,
    'Apply failed with 1 conflict: conflict with "before-first-apply" using v1: .data.a',
  );
  assert.deepEqual(summaryOf(applied(live, 'm', configMap({ a: '1' }))), [
    'm Apply {"f:data":{"f:a":{}}}',
    'before-first-apply Update {"f:data":{".":{},"f:a":{},"f:b":{}}}',
  ]);
});

test('serverSideApply() leaves what others own or no one ever applied', () => {
  let live = applied(undefined, 'one', { spec: { tags: ['a', 'b'], free: { x: 1, y: 2 } } }, gadgetDefaults);
  live = applied(live, 'two', { spec: { tags: ['b'], free: { y: 2 } } }, gadgetDefaults);
  live = edited(live, 'three', { spec: { tags: ['a', 'b', 'c'], free: { x: 1, y: 2 } } }, gadgetDefaults);
  live = applied(live, 'one', { spec: {} }, gadgetDefaults);
  assert.deepEqual(live['spec'], { tags: ['b', 'c'], free: { y: 2 } });
});

test('serverSideApply() removes containers with what was in them', () => {
  let live = applied(
    undefined,
    'one',
    { spec: { size: 1, entries: [{ key: 'a', value: '1' }] } },
    gadgetDefaults,
  );
  live = applied(live, 'one', { metadata: { labels: { a: 'b' } } }, gadgetDefaults);
  assert.deepEqual(withoutManagedFields(live), { metadata: { labels: { a: 'b' } } });
});

test('serverSideApply() lets kubectl take over what its client-side apply set, and nothing else', () => {
  const record = 'kubectl.kubernetes.io/last-applied-configuration';
  const sent = configMap({ a: '1', b: '1' });
  const live: JsonObject = {
    ...sent,
    metadata: { name: 'c', annotations: { [record]: JSON.stringify(sent) } },
  };
  updateManagedFields({ ...defaults, live: undefined, next: live, manager: 'kubectl-client-side-apply' });

  const next = applied(live, 'kubectl', configMap({ a: '2', b: '1' }));
  assert.deepEqual(next['data'], { a: '2', b: '1' });
  const { annotations } = next['metadata'] as { annotations: JsonObject };
  assert.equal(
    annotations[record],
    '{"apiVersion":"v1","data":{"a":"2","b":"1"},"kind":"ConfigMap","metadata":{"name":"c"}}\n',
  );
  assert.equal(apply(live, 'other', configMap({ a: '2' })).kind, 'conflicts');

  const touched = edited(live, 'someone', { ...live, data: { a: '3', b: '1' } });
  const outcome = apply(touched, 'kubectl', configMap({ a: '2', b: '2' }));
  assert.equal(
    outcome.kind === 'conflicts' && outcome.message,
    'Apply failed with 1 conflict: conflict with "someone" using v1: .data.a',
  );

  const broken = copyObject(live);
  (broken['metadata'] as { annotations: JsonObject }).annotations[record] = '{';
  assert.equal(apply(broken, 'kubectl', configMap({ a: '2' })).kind, 'conflicts');
});

test('serverSideApply() fails where the stored managedFields cannot be read', () => {
  const live = configMap({});
  setManagedFields(live, [{ manager: 'x' }]);
  assert.throws(() => apply(live, 'm', configMap({})), { code: 'malformed-fields' });
});

const gadgetType = fieldTypeOf(gadgetSchema);

test('serverSideApply() twice is once', () => {
  fc.assert(
    fc.property(gadgetSpec, gadgetSpec, (before, spec) => {
      const live = applied(undefined, 'other', { spec: before }, gadgetDefaults);
      const once = applied(live, 'm', { spec }, { ...gadgetDefaults, force: true, now: 1000 });
      const twice = applied(once, 'm', { spec }, { ...gadgetDefaults, now: 2000 });
      assert.ok(equalJson(once, twice), JSON.stringify([once, twice]));
    }),
    { numRuns: 300 },
  );
});

test('serverSideApply() changes neither object, and its manager owns all that it applied', () => {
  fc.assert(
    fc.property(gadgetSpec, gadgetSpec, (before, spec) => {
      const live = applied(undefined, 'other', { spec: before }, gadgetDefaults);
      const texts = JSON.stringify([live, spec]);
      const object = applied(live, 'm', { spec }, { ...gadgetDefaults, force: true });
      assert.equal(JSON.stringify([live, spec]), texts);
      const owned = fieldsOf(gadgetType, { spec });
      const entry = ((managedFieldsOf(object) ?? []) as JsonObject[]).find(({ manager }) => manager === 'm');
      assert.deepEqual([...decodeFields(entry?.['fieldsV1']).paths()], [...owned.paths()]);
    }),
    { numRuns: 300 },
  );
});

test('serverSideApply() of fields that no other applies never conflicts, and dropping them all undoes it', () => {
  // An empty list of items is owned by no one, in structured-merge-diff too, and so goes with what is around it.
  const part = (keys: readonly string[]): fc.Arbitrary<JsonObject> =>
    gadgetSpec.map((spec) =>
      Object.fromEntries(
        Object.entries(spec).filter(
          ([key, value]) => keys.includes(key) && !(Array.isArray(value) && value.length === 0),
        ),
      ),
    );
  fc.assert(
    fc.property(
      part(['size', 'tags', 'free']),
      part(['taints', 'entries', 'ports', 'selector']),
      (one, other) => {
        const first = applied(undefined, 'one', { spec: one }, gadgetDefaults);
        const both = applied(first, 'two', { spec: other }, gadgetDefaults);
        const back = applied(both, 'two', {}, gadgetDefaults);
        assert.ok(equalJson(withNothingEmpty(back), withNothingEmpty(first)), JSON.stringify([back, first]));
      },
    ),
    { numRuns: 300 },
  );
});

/** Without nulls and empty containers. */
function withNothingEmpty(value: Json): Json {
  if (Array.isArray(value)) return value.map(withNothingEmpty);
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value).flatMap(([key, member]) => {
    const left = withNothingEmpty(member);
    const isEmpty = left === null || (typeof left === 'object' && Object.keys(left).length === 0);
    return isEmpty ? [] : [[key, left] as const];
  });
  return Object.fromEntries(members);
}
