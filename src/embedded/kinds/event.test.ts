import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JsonObject } from '../../schema/index.ts';
import { create, createErrors, kindNamed } from './test-kinds.ts';

const CORE = kindNamed('Event', '');
const VIEW = kindNamed('Event', 'events.k8s.io');
const METADATA = { name: 'e', namespace: 'ns' };

test('the two views are of one stored object', () => {
  const view: JsonObject = {
    apiVersion: 'events.k8s.io/v1',
    kind: 'Event',
    metadata: METADATA,
    eventTime: '2026-01-01T00:00:00.000000Z',
    reportingController: 'example.com/c',
    reportingInstance: 'c-0',
    action: 'Do',
    reason: 'Done',
    type: 'Normal',
    regarding: { kind: 'Node', name: 'n', namespace: 'ns' },
    note: 'it is done',
  };
  const stored = VIEW.view?.toStored(view);
  assert.deepEqual(stored, {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: METADATA,
    eventTime: '2026-01-01T00:00:00.000000Z',
    firstTimestamp: null,
    lastTimestamp: null,
    source: {},
    reportingComponent: 'example.com/c',
    reportingInstance: 'c-0',
    action: 'Do',
    reason: 'Done',
    type: 'Normal',
    involvedObject: { kind: 'Node', name: 'n', namespace: 'ns' },
    message: 'it is done',
  });
  const back = VIEW.view?.fromStored(stored ?? {});
  assert.deepEqual(back, {
    ...view,
    deprecatedSource: {},
    deprecatedFirstTimestamp: null,
    deprecatedLastTimestamp: null,
  });
  assert.equal(VIEW.storage, CORE.storage);
  assert.deepEqual(CORE.fieldsOf(stored ?? {}), VIEW.fieldsOf(view));
  assert.equal(CORE.fieldsOf(view)['involvedObject.kind'], 'Node');
  assert.ok(!VIEW.selectableFields.includes('involvedObject.kind'));
  assert.ok(CORE.selectableFields.includes('involvedObject.kind'));
  assert.deepEqual(CORE.table.cells(stored ?? {}, 0), VIEW.table.cells(view, 0));
});

test('core events need only agree on their namespace', () => {
  assert.deepEqual(createErrors(CORE, { metadata: METADATA, involvedObject: { namespace: 'ns' } }), []);
  assert.deepEqual(createErrors(CORE, { metadata: METADATA, involvedObject: { namespace: 'other' } }), [
    'involvedObject.namespace: Invalid value: "other": does not match event.namespace',
  ]);
  assert.deepEqual(
    createErrors(CORE, { metadata: { name: 'e', namespace: 'default' }, involvedObject: {} }),
    [],
  );
});

test('new events need more', () => {
  const event = { metadata: METADATA, regarding: { namespace: 'ns' }, type: 'Odd' };
  assert.deepEqual(createErrors(VIEW, event), [
    'eventTime: Required value',
    'type: Invalid value: "": has invalid value: Odd',
  ]);
  const timed = {
    ...event,
    type: 'Normal',
    eventTime: '2026-01-01T00:00:00.000000Z',
    reportingController: 'c',
    series: { count: 1 },
  };
  assert.deepEqual(createErrors(VIEW, timed), [
    'reportingInstance: Required value',
    'action: Required value',
    'reason: Required value',
    'series.count: Invalid value: "": should be at least 2',
    'series.lastObservedTime: Required value',
  ]);
});

test('an event shows when, of what and how often', () => {
  const event = create(CORE, {
    metadata: METADATA,
    involvedObject: { kind: 'Node', name: 'n', namespace: 'ns' },
    type: 'Normal',
    reason: 'R',
    message: ' m ',
    count: 3,
    firstTimestamp: '1970-01-01T00:00:00Z',
    lastTimestamp: '1970-01-01T00:01:00Z',
    source: { component: 'c', host: 'h' },
  });
  assert.deepEqual(CORE.table.cells(event, 90_000), [
    '30s',
    'Normal',
    'R',
    'node/n',
    '',
    'c, h',
    'm',
    '90s',
    3,
    'e',
  ]);
});
