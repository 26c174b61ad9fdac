import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';

import { copyObject, formatTime, type Json, type JsonObject } from '../../schema/index.ts';
import { gadget, gadgetSchema } from './gadget.arbitrary.ts';
import { managedFieldsOf, restoreManagedTimes, setManagedFields } from './managed-fields.ts';
import { updateManagedFields, type ManagedUpdate } from './managed-fields-update.ts';

const SECOND = 1000;
const defaults = { schema: gadgetSchema, custom: true, apiVersion: 'v1', subresource: '', resetFields: [] };

interface Write extends Partial<ManagedUpdate> {
  readonly next: JsonObject;
}

/** What comes of an object through writes by different managers, each a second after the other. */
function written(...writes: Write[]): JsonObject {
  let live: JsonObject | undefined;
  for (const [second, write] of writes.entries()) {
    const next = copyObject(write.next);
    const update = { ...defaults, live, manager: 'm', now: second * SECOND, ...write, next };
    updateManagedFields(update);
    live = next;
  }
  return live ?? {};
}

interface Entry {
  readonly manager: string;
  readonly time: string;
  readonly subresource?: string;
  readonly fieldsV1: JsonObject;
}

function entriesOf(object: JsonObject): Entry[] {
  return (managedFieldsOf(object) ?? []) as unknown as Entry[];
}

/** `manager/subresource@second fields`. */
function summaryOf(object: JsonObject): string[] {
  return entriesOf(object).map(({ manager, subresource, time, fieldsV1 }) => {
    const below = subresource === undefined ? '' : `/${subresource}`;
    return `${manager}${below}@${Date.parse(time) / SECOND} ${JSON.stringify(fieldsV1)}`;
  });
}

const labelled = (labels: JsonObject): JsonObject => ({ metadata: { name: 'g', labels } });

test('updateManagedFields() gives a create all that it sets, and nothing that the server sets', () => {
  const next: JsonObject = {
    apiVersion: 'v1',
    kind: 'Gadget',
    metadata: {
      name: 'g',
      namespace: 'n',
      uid: 'u',
      generation: 1,
      resourceVersion: '7',
      labels: { a: '1' },
    },
    spec: { size: 1, tags: ['t'], entries: [{ key: 'k', more: ['x'] }] },
  };
  updateManagedFields({ ...defaults, live: undefined, next, manager: 'curl', now: 1_764_000_000_123 });
  assert.deepEqual(managedFieldsOf(next), [
    {
      manager: 'curl',
      operation: 'Update',
      apiVersion: 'v1',
      time: '2025-11-24T16:00:00Z',
      fieldsType: 'FieldsV1',
      fieldsV1: {
        'f:metadata': { 'f:labels': { '.': {}, 'f:a': {} } },
        'f:spec': {
          '.': {},
          'f:entries': { '.': {}, 'k:{"key":"k"}': { '.': {}, 'f:key': {}, 'f:more': {} } },
          'f:size': {},
          'f:tags': { '.': {}, 'v:"t"': {} },
        },
      },
    },
  ]);
});

test('updateManagedFields() moves what an update changes and drops what it removes', () => {
  const object = written(
    { next: labelled({ a: '1', b: '1', c: '1' }), manager: 'one' },
    { next: labelled({ a: '2', b: '1', d: '1' }), manager: 'two' },
  );
  assert.deepEqual(summaryOf(object), [
    'one@0 {"f:metadata":{"f:labels":{".":{},"f:b":{}}}}',
    'two@1 {"f:metadata":{"f:labels":{"f:a":{},"f:d":{}}}}',
  ]);
});

test('updateManagedFields() keeps one entry for one manager, with the time of its last change', () => {
  const object = written(
    { next: labelled({ a: '1' }), manager: 'one' },
    { next: labelled({ a: '1', b: '1' }), manager: 'two' },
    { next: labelled({ a: '2', b: '1', c: '1' }), manager: 'one' },
  );
  assert.deepEqual(summaryOf(object), [
    'two@1 {"f:metadata":{"f:labels":{"f:b":{}}}}',
    'one@2 {"f:metadata":{"f:labels":{".":{},"f:a":{},"f:c":{}}}}',
  ]);
});

test('updateManagedFields() drops the entry of a manager that owns nothing any more', () => {
  const object = written(
    { next: { spec: { size: 1 } }, manager: 'one' },
    { next: labelled({ a: '1' }), manager: 'two' },
  );
  assert.deepEqual(summaryOf(object), ['two@1 {"f:metadata":{"f:labels":{".":{},"f:a":{}}}}']);
});

test('updateManagedFields() changes nothing if the write does not', () => {
  const before = written({ next: labelled({ a: '1' }), manager: 'one' });
  for (const next of [labelled({ a: '1' }), before]) {
    const again = copyObject(next);
    updateManagedFields({ ...defaults, live: before, next: again, manager: 'two', now: 9 * SECOND });
    assert.deepEqual(managedFieldsOf(again), managedFieldsOf(before));
  }
});

test('updateManagedFields() ends the tracking where the client sends an empty list or entry', () => {
  for (const sent of [[], [{}]] as Json[]) {
    const next: JsonObject = { metadata: { labels: { a: '2' }, managedFields: sent } };
    const object = written({ next: labelled({ a: '1' }) }, { next });
    assert.equal(managedFieldsOf(object), undefined);
    const later = copyObject(object);
    updateManagedFields({ ...defaults, live: object, next: later, manager: 'm', now: 0 });
    assert.equal(managedFieldsOf(later), undefined);
  }
});

test('updateManagedFields() takes the entries that a client sends, and the stored ones where those are none', () => {
  const live = written({ next: labelled({ a: '1' }), manager: 'kubectl-client-side-apply' });
  const migrated = copyObject(live);
  const entry = { ...(entriesOf(live)[0] as unknown as JsonObject), manager: 'kubectl', operation: 'Apply' };
  setManagedFields(migrated, [entry]);
  updateManagedFields({ ...defaults, live, next: migrated, manager: 'other', now: SECOND });
  assert.deepEqual(managedFieldsOf(migrated), [entry]);

  const unreadable: Json[] = ['x', [1], [{ operation: 'Frob' }], [{ ...entry, fieldsV1: { frob: {} } }]];
  for (const sent of unreadable) {
    const next = copyObject(live);
    setManagedFields(next, sent);
    updateManagedFields({ ...defaults, live, next, manager: 'other', now: SECOND });
    assert.deepEqual(managedFieldsOf(next), managedFieldsOf(live));
  }
});

test('updateManagedFields() does not take entries through a subresource', () => {
  const live = written({ next: labelled({ a: '1' }), manager: 'one' });
  const next: JsonObject = {
    metadata: { name: 'g', labels: { a: '1' }, managedFields: [{}] },
    status: { replicas: 1 },
  };
  updateManagedFields({ ...defaults, live, next, manager: 'two', subresource: 'status', now: SECOND });
  assert.deepEqual(summaryOf(next), [
    'one@0 {"f:metadata":{"f:labels":{".":{},"f:a":{}}}}',
    'two/status@1 {"f:status":{".":{},"f:replicas":{}}}',
  ]);
});

test('updateManagedFields() leaves out what the endpoint does not write', () => {
  const spec = { size: 1 };
  const object = written(
    { next: { spec, status: { replicas: 1 } }, manager: 'one', resetFields: [['status']] },
    {
      next: { spec: { size: 2 }, status: { replicas: 2 } },
      manager: 'two',
      resetFields: [['metadata'], ['spec']],
    },
  );
  assert.deepEqual(summaryOf(object), [
    'one@0 {"f:spec":{".":{},"f:size":{}}}',
    'two@1 {"f:status":{"f:replicas":{}}}',
  ]);
});

test('updateManagedFields() gives no one the structs that a built-in object always has', () => {
  const next: JsonObject = { metadata: { name: 'g' }, spec: { size: 1, tags: null }, status: {} };
  updateManagedFields({ ...defaults, custom: false, live: undefined, next, manager: 'm', now: 0 });
  assert.deepEqual(summaryOf(next), ['m@0 {"f:spec":{"f:size":{}}}']);
});

test('updateManagedFields() puts the oldest of more than ten updaters together', () => {
  const writes: Write[] = [];
  const labels: JsonObject = {};
  for (let manager = 10; manager < 23; manager++) {
    labels[`l${manager}`] = '1';
    writes.push({ next: labelled({ ...labels }), manager: `m${manager}` });
  }
  const summaries = summaryOf(written(...writes));
  assert.equal(summaries.length, 10);
  assert.equal(
    summaries[0],
    'ancient-changes@3 {"f:metadata":{"f:labels":{".":{},"f:l10":{},"f:l11":{},"f:l12":{},"f:l13":{}}}}',
  );
  assert.ok(summaries[1]?.startsWith('m14@4'));
});

test('updateManagedFields() brings entries up to date where a list or object became atomic', () => {
  const live: JsonObject = { spec: { selector: { a: '1' }, size: 1 } };
  const entry = {
    manager: 'one',
    operation: 'Update',
    apiVersion: 'v1',
    time: formatTime(0),
    fieldsType: 'FieldsV1',
  };
  setManagedFields(live, [
    { ...entry, fieldsV1: { 'f:spec': { 'f:selector': { '.': {}, 'f:a': {} }, 'f:size': {} } } },
  ]);
  const next: JsonObject = { spec: { selector: { a: '1' }, size: 2 } };
  updateManagedFields({ ...defaults, live, next, manager: 'two', now: SECOND });
  assert.deepEqual(summaryOf(next), ['one@0 {"f:spec":{"f:selector":{}}}', 'two@1 {"f:spec":{"f:size":{}}}']);
});

test('updateManagedFields(): every field has one owner at most, and what no one owns did not change', () => {
  fc.assert(
    fc.property(gadget, gadget, gadget, (first, second, third) => {
      const object = written(
        { next: first, manager: 'one' },
        { next: second, manager: 'two' },
        { next: third, manager: 'one' },
      );
      const seen = new Set<string>();
      for (const { fieldsV1 } of entriesOf(object)) {
        for (const path of leafPaths(fieldsV1)) {
          assert.ok(!seen.has(path), path);
          seen.add(path);
        }
      }
    }),
  );
});

function leafPaths(fields: JsonObject, prefix = ''): string[] {
  return Object.entries(fields).flatMap(([key, below]) => {
    const path = `${prefix} ${key}`;
    return Object.keys(below as JsonObject).length === 0 ? [path] : leafPaths(below as JsonObject, path);
  });
}

test('restoreManagedTimes() undoes times only where nothing else distinguishes two objects', () => {
  const live = written({ next: labelled({ a: '1' }) });
  const later = (object: JsonObject): JsonObject => {
    const next = copyObject(object);
    for (const entry of managedFieldsOf(next) as JsonObject[]) entry['time'] = formatTime(5000);
    return next;
  };
  const same = later(live);
  restoreManagedTimes(live, same);
  assert.deepEqual(same, live);
  const changed = later({ ...live, spec: {} });
  const before = copyObject(changed);
  restoreManagedTimes(live, changed);
  assert.deepEqual(changed, before);
});
