import {
  dns1123SubdomainProblems,
  invalidValue,
  numberAt,
  objectAt,
  qualifiedNameProblems,
  requiredValue,
  sameJson,
  textAt,
  valueAt,
} from '../../schema/index.ts';
import type { FieldError, JsonObject } from '../../schema/index.ts';
import type { BuiltInKind } from './built-in-kind.ts';
import { fromCoreEvent, toCoreEvent } from './event-view.ts';
import { ageOf } from './human-duration.ts';
import { ensureObject, setDefault } from './members.ts';
import { metadataOf } from './metadata.ts';
import { pathSegmentProblems } from './names.ts';
import { invalidFor, unlessSame } from './problems.ts';
import { NAME, nameCell } from './table.ts';
import type { Cell, TableRules } from './table.ts';

const MAX_WORD = 128;
const MAX_MESSAGE = 1024;
const TIMES = ['eventTime', 'firstTimestamp', 'lastTimestamp'];

const TABLE: TableRules = {
  columns: [
    {
      name: 'Last Seen',
      description: 'The time at which the most recent occurrence of this event was recorded.',
    },
    {
      name: 'Type',
      description: 'Type of this event (Normal, Warning), new types could be added in the future',
    },
    {
      name: 'Reason',
      description:
        "This should be a short, machine understandable string that gives the reason for the transition into the object's current status.",
    },
    { name: 'Object', description: 'The object that this event is about.' },
    {
      name: 'Subobject',
      wide: true,
      description:
        'If referring to a piece of an object instead of an entire object, this string should contain a valid JSON/Go field access statement, such as desiredState.manifest.containers[2]. For example, if the object reference is to a container within a pod, this would take on a value like: "spec.containers{name}" (where "name" refers to the name of the container that triggered the event) or if no container name is specified "spec.containers[2]" (container with index 2 in this pod). This syntax is chosen only to have some well-defined way of referencing a part of an object.',
    },
    {
      name: 'Source',
      wide: true,
      description: 'The component reporting this event. Should be a short machine understandable string.',
    },
    { name: 'Message', description: 'A human-readable description of the status of this operation.' },
    {
      name: 'First Seen',
      wide: true,
      description: 'The time at which the event was first recorded. (Time of server receipt is in TypeMeta.)',
    },
    { name: 'Count', wide: true, description: 'The number of times this event has occurred.' },
    { ...NAME, wide: true },
  ],
  cells: (object, now) => cells(toCoreEvent(object), now),
};

/** What an event in either form can be selected by, under the names of both views: they select the same stored objects. */
const FIELDS: NonNullable<BuiltInKind['fields']> = {
  ...referenceFields('involvedObject'),
  ...referenceFields('regarding'),
  reason: (object) => textAt(object, 'reason'),
  type: (object) => textAt(object, 'type'),
  reportingComponent,
  reportingController: reportingComponent,
  source: (object) => textAt(toCoreEvent(object), 'source', 'component') || reportingComponent(object),
};

/** core/v1 Event: what is stored. Nearly anything goes. */
export const event: BuiltInKind = {
  group: '',
  version: 'v1',
  kind: 'Event',
  plural: 'events',
  shortNames: ['ev'],
  namespaced: true,
  strategy: {
    names: pathSegmentProblems,
    createsOnUpdate: true,
    defaults: coreDefaults,
    validate: legacyErrors,
  },
  table: TABLE,
  fields: FIELDS,
  selectable: Object.keys(FIELDS).filter(
    (name) => !name.startsWith('regarding') && name !== 'reportingController',
  ),
};

/** events.k8s.io/v1 Event: the same objects under other names, and with rules. */
export const eventView: BuiltInKind = {
  ...event,
  group: 'events.k8s.io',
  storage: 'events',
  strategy: {
    names: dns1123SubdomainProblems,
    createsOnUpdate: true,
    defaults: (object) => setDefault(object, 'eventTime', null),
    validate: (object) => legacyErrors(toCoreEvent(object)),
    validateUpdate: (object, old) => updateErrors(toCoreEvent(object), toCoreEvent(old)),
    validateNew: (object) => strictErrors(toCoreEvent(object)),
  },
  selectable: Object.keys(FIELDS).filter(
    (name) => !name.startsWith('involvedObject') && name !== 'reportingComponent' && name !== 'source',
  ),
  view: {
    toStored(object) {
      const core = toCoreEvent(object);
      coreDefaults(core);
      return core;
    },
    fromStored: fromCoreEvent,
  },
};

function referenceFields(name: string): Record<string, (object: JsonObject) => string> {
  const members = ['kind', 'namespace', 'name', 'uid', 'apiVersion', 'resourceVersion', 'fieldPath'];
  return Object.fromEntries(
    members.map((member) => [
      `${name}.${member}`,
      (object: JsonObject) => textAt(object, 'involvedObject', member) || textAt(object, 'regarding', member),
    ]),
  );
}

function reportingComponent(object: JsonObject): string {
  return textAt(object, 'reportingComponent') || textAt(object, 'reportingController');
}

function coreDefaults(object: JsonObject): void {
  ensureObject(object, 'involvedObject');
  ensureObject(object, 'source');
  for (const time of TIMES) setDefault(object, time, null);
  setDefault(object, 'reportingComponent', '');
  setDefault(object, 'reportingInstance', '');
}

/** What even core/v1 asks for (legacyValidateEvent). */
function legacyErrors(object: JsonObject): FieldError[] {
  const namespace = textAt(metadataOf(object), 'namespace');
  const about = textAt(object, 'involvedObject', 'namespace');
  const mismatch = invalidValue('involvedObject.namespace', about, 'does not match event.namespace');
  const errors: FieldError[] = [];
  if (textAt(object, 'eventTime') === '') {
    // Events about objects without a namespace live in `default`.
    if (about === '' ? namespace !== 'default' : namespace !== about) errors.push(mismatch);
    return errors;
  }
  if (about === '' && namespace !== 'default' && namespace !== 'kube-system') errors.push(mismatch);
  const controller = textAt(object, 'reportingComponent');
  if (controller === '') errors.push(requiredValue('reportingController'));
  errors.push(...invalidFor('reportingController', controller, qualifiedNameProblems(controller)));
  for (const member of ['reportingInstance', 'action', 'reason']) {
    const text = textAt(object, member);
    if (text === '') errors.push(requiredValue(member));
    if (text.length > MAX_WORD) errors.push(tooManyCharacters(member, MAX_WORD));
  }
  if (textAt(object, 'message').length > MAX_MESSAGE) errors.push(tooManyCharacters('message', MAX_MESSAGE));
  return errors;
}

/** What events.k8s.io/v1 asks of a new event beside. */
function strictErrors(object: JsonObject): FieldError[] {
  const errors = seriesErrors(object);
  const type = textAt(object, 'type');
  if (textAt(object, 'eventTime') === '') errors.push(requiredValue('eventTime'));
  if (type !== 'Normal' && type !== 'Warning')
    errors.push(invalidValue('type', '', `has invalid value: ${type}`));
  const set = {
    firstTimestamp: textAt(object, 'firstTimestamp') !== '',
    lastTimestamp: textAt(object, 'lastTimestamp') !== '',
    count: (numberAt(object, 'count') ?? 0) !== 0,
    source: textAt(object, 'source', 'component') !== '' || textAt(object, 'source', 'host') !== '',
  };
  for (const [member, isSet] of Object.entries(set)) {
    if (isSet) errors.push(invalidValue(member, '', 'needs to be unset'));
  }
  return errors;
}

function updateErrors(object: JsonObject, old: JsonObject): FieldError[] {
  const series = sameJson(valueAt(object, 'series'), valueAt(old, 'series')) ? [] : seriesErrors(object);
  const fixed = [
    'involvedObject',
    'reason',
    'message',
    'source',
    'firstTimestamp',
    'lastTimestamp',
    'count',
    'reason',
    'type',
    'eventTime',
    'action',
    'related',
  ];
  return [
    ...series,
    ...fixed.flatMap((member) => unlessSame(member, valueAt(object, member), valueAt(old, member))),
    ...unlessSame(
      'reportingController',
      textAt(object, 'reportingComponent'),
      textAt(old, 'reportingComponent'),
    ),
    ...unlessSame('reportingInstance', textAt(object, 'reportingInstance'), textAt(old, 'reportingInstance')),
  ];
}

function seriesErrors(object: JsonObject): FieldError[] {
  const series = objectAt(object, 'series');
  if (series === undefined) return [];
  const errors: FieldError[] = [];
  if ((numberAt(series, 'count') ?? 0) < 2) {
    errors.push(invalidValue('series.count', '', 'should be at least 2'));
  }
  if (textAt(series, 'lastObservedTime') === '') errors.push(requiredValue('series.lastObservedTime'));
  return errors;
}

function tooManyCharacters(field: string, most: number): FieldError {
  return invalidValue(field, '', `can have at most ${most} characters`);
}

function cells(object: JsonObject, now: number): Cell[] {
  const series = objectAt(object, 'series');
  const first = ageOf(textAt(object, 'firstTimestamp') || textAt(object, 'eventTime'), now);
  const lastTime = textAt(object, 'lastTimestamp');
  const last = lastTime === '' ? first : ageOf(lastTime, now);
  const kind = textAt(object, 'involvedObject', 'kind').toLowerCase();
  const about = textAt(object, 'involvedObject', 'name');
  return [
    series === undefined ? last : ageOf(textAt(series, 'lastObservedTime'), now),
    textAt(object, 'type'),
    textAt(object, 'reason'),
    about === '' ? kind : `${kind}/${about}`,
    textAt(object, 'involvedObject', 'fieldPath'),
    sourceCell(object),
    textAt(object, 'message').trim(),
    first,
    // Events of the new API that happened once have no count.
    (series === undefined ? numberAt(object, 'count') : numberAt(series, 'count')) || 1,
    nameCell(object),
  ];
}

function sourceCell(object: JsonObject): string {
  const component = textAt(object, 'source', 'component') || textAt(object, 'reportingComponent');
  const instance = textAt(object, 'source', 'host') || textAt(object, 'reportingInstance');
  return instance === '' ? component : `${component}, ${instance}`;
}
