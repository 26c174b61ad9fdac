import type { JsonObject } from '../../schema/index.ts';

/** Members of a core/v1 Event, and what events.k8s.io/v1 calls them. */
const NAMES: readonly (readonly [core: string, view: string])[] = [
  ['involvedObject', 'regarding'],
  ['message', 'note'],
  ['reportingComponent', 'reportingController'],
  ['source', 'deprecatedSource'],
  ['firstTimestamp', 'deprecatedFirstTimestamp'],
  ['lastTimestamp', 'deprecatedLastTimestamp'],
  ['count', 'deprecatedCount'],
];

const TO_CORE: ReadonlyMap<string, string> = new Map(NAMES.map(([core, view]) => [view, core]));
const TO_VIEW: ReadonlyMap<string, string> = new Map(NAMES);

/** An event in the form of core/v1; one that is in it already stays as it is. */
export function toCoreEvent(event: JsonObject): JsonObject {
  return renamed(event, TO_CORE, 'v1');
}

/** A core/v1 event in the form of events.k8s.io/v1. */
export function fromCoreEvent(event: JsonObject): JsonObject {
  const view = renamed(event, TO_VIEW, 'events.k8s.io/v1');
  for (const member of ['reportingController', 'reportingInstance']) {
    if (view[member] === '') delete view[member];
  }
  return view;
}

function renamed(event: JsonObject, names: ReadonlyMap<string, string>, apiVersion: string): JsonObject {
  return Object.fromEntries(
    Object.entries(event).map(([key, value]) => [
      names.get(key) ?? key,
      key === 'apiVersion' ? apiVersion : value,
    ]),
  );
}
