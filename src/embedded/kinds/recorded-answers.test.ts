import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { isJsonObject, objectAt, objectsAt, sameJson, textAt } from '../../schema/index.ts';
import type { FieldError, JsonObject } from '../../schema/index.ts';
import { builtInSchema } from '../documents/index.ts';
import {
  AdmissionError,
  builtInKinds,
  customKinds,
  validateMetadata,
  validateMetadataUpdate,
} from './index.ts';
import type { Kind, WriteContext } from './index.ts';

interface Recording {
  readonly id: string;
  readonly request?: { readonly method: string; readonly path: string; readonly body?: JsonObject | string };
  readonly status: number;
  readonly body: JsonObject;
}

const KINDS = builtInKinds(builtInSchema);
const NOW = Date.parse('2026-11-20T16:38:12Z');

/** The API group version and the plural in the path of a collection or an object. */
function kindOf(path: string): Kind | undefined {
  const [, group = '', version, rest = ''] =
    /^\/(?:api|apis\/([^/]+))\/([^/]+)\/(.*)$/.exec(path.replace(/\?.*/, '')) ?? [];
  const plural = rest.replace(/^namespaces\/[^/]+\/(?=.)/, '').split('/')[0];
  const found = KINDS.find(
    (kind) => kind.group === group && kind.version === version && kind.plural === plural,
  );
  if (found !== undefined || group !== 'lab.example.com') return found;
  return customs().find((kind) => kind.plural === plural);
}

function recordings(t: TestContext): Recording[] {
  const file = new URL('../../../../shared/fixtures/kubernetes/api.jsonl', import.meta.url);
  if (!existsSync(file)) {
    if (process.env['CI'] !== undefined) throw new Error('CI must have the shared fixtures');
    t.skip('the shared fixtures are absent');
    return [];
  }
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Recording);
}

let made: Kind[] | undefined;

function customs(): Kind[] {
  const lines = readFileSync(
    new URL('../../../../shared/fixtures/kubernetes/api.jsonl', import.meta.url),
    'utf8',
  ).split('\n');
  made ??= lines
    .filter(
      (line) =>
        line.startsWith('{"id":"crd-create"') ||
        line.includes('"crd-create"') ||
        line.includes('"crd-plain"'),
    )
    .map((line) => JSON.parse(line) as Recording)
    .filter(({ id }) => id === 'crd-create' || id === 'crd-plain')
    .flatMap(({ body }) => customKinds(body));
  return made;
}

function context(namespace: string): WriteContext {
  return {
    now: NOW,
    randomName: (length) => 'x'.repeat(length),
    get: (_, kind, inNamespace, name) =>
      kind === 'ServiceAccount' && inNamespace === namespace && name === 'default' ? {} : undefined,
    warn: () => {},
  };
}

/** What the rest of a server sets before a kind is asked. */
function received(kind: Kind, recording: Recording): JsonObject {
  const { request } = recording;
  assert.ok(isJsonObject(request?.body));
  const object = structuredClone(request.body);
  const metadata = objectAt(object, 'metadata') ?? {};
  object['metadata'] = metadata;
  const namespace = /\/namespaces\/([^/]+)\/./.exec(request.path)?.[1];
  if (kind.namespaced && namespace !== undefined) metadata['namespace'] = namespace;
  metadata['uid'] = textAt(recording.body, 'metadata', 'uid') || '00000000-0000-0000-0000-000000000000';
  if (textAt(metadata, 'name') === '') metadata['name'] = textAt(recording.body, 'metadata', 'name');
  return object;
}

function created(kind: Kind, recording: Recording): JsonObject {
  const object = received(kind, recording);
  kind.strategy.applyDefaults(object);
  kind.strategy.prepareForCreate(object, context(textAt(object, 'metadata', 'namespace')));
  return object;
}

/** Without what the rest of a server sets, and with random names as ours. */
function comparable(object: JsonObject): unknown {
  const text = JSON.stringify(object, (key: string, value: unknown) =>
    [
      'managedFields',
      'resourceVersion',
      'creationTimestamp',
      'uid',
      'apiVersion',
      'kind',
      'selfLink',
    ].includes(key) &&
    (typeof value === 'string' || Array.isArray(value))
      ? undefined
      : value,
  );
  return JSON.parse(text.replaceAll(/kube-api-access-[a-z0-9]{5}/g, 'kube-api-access-xxxxx'));
}

function errorsOf(kind: Kind, object: JsonObject): FieldError[] {
  return [
    ...validateMetadata(objectAt(object, 'metadata') ?? {}, {
      namespaced: kind.namespaced,
      nameProblem: (name) => kind.strategy.nameProblem(name),
      custom: kind.custom,
    }),
    ...kind.strategy.validate(object),
  ];
}

test('what a real server made of an object that it created, the kinds make of it', (t) => {
  let count = 0;
  for (const recording of recordings(t)) {
    const { request, status, id } = recording;
    if (request?.method !== 'POST' || status !== 201 || !isJsonObject(request.body)) continue;
    const kind = kindOf(request.path);
    if (kind === undefined || kind.custom || /\/(?:eviction|token|binding)$/.test(request.path)) continue;
    // The handler of requests drops what is set by the server or unknown.
    if (id.startsWith('fv-') || id === 'create-with-uid') continue;
    const object = created(kind, recording);
    assert.deepEqual(comparable(object), comparable(recording.body), id);
    assert.deepEqual(errorsOf(kind, object), [], id);
    count += 1;
  }
  if (count > 0) assert.ok(count > 20, `${count} creations were compared`);
});

test('what a real server refuses to create, the kinds refuse with the same causes', (t) => {
  // Refused by a part of the server that is not about one kind, or with an elided body.
  const others =
    /^(?:create-noname|create-wrong|dry-|fv-|generate|create-nons|create-413|sar|tokenreview|sa-token|ev-)/;
  const seen: string[] = [];
  for (const recording of recordings(t)) {
    const { request, status, id, body } = recording;
    if (request?.method !== 'POST' || status !== 422 || others.test(id) || !isJsonObject(request.body))
      continue;
    const kind = kindOf(request.path);
    if (kind === undefined || kind.custom) continue;
    const causes = objectsAt(body, 'details', 'causes').map(({ reason, message, field }) => ({
      reason,
      field,
      message,
    }));
    assert.deepEqual(errorsOf(kind, created(kind, recording)), causes, id);
    seen.push(id);
  }
  if (recordings(t).length > 0) assert.ok(seen.length >= 8, seen.join());
});

test('a pod of a service account that is not there is refused by admission', (t) => {
  const recording = recordings(t).find(({ id }) => id === 'pod-nosa');
  if (recording === undefined) return;
  const kind = kindOf('/api/v1/namespaces/x/pods');
  assert.ok(kind);
  assert.throws(
    () => created(kind, recording),
    (error: unknown) =>
      error instanceof AdmissionError &&
      textAt(recording.body, 'message') === `pods "nosa" is forbidden: ${error.message}`,
  );
});

/** Merge patches that a real server refused, with what it said, applied to the object before. */
const REFUSED_PATCHES = {
  'cm-immutable-patch': 'cm-immutable',
  'secret-type-immutable': 'secret-stringData',
  'rbac-roleref-immutable': 'rbac-rb',
  'p-uid': 'p-setup',
  'pod-spec-immutable': 'pod-status-e2',
} as const;

test('what a real server refuses to change, the kinds refuse with the same causes', (t) => {
  const all = new Map(recordings(t).map((recording) => [recording.id, recording]));
  for (const [id, before] of Object.entries(REFUSED_PATCHES)) {
    const refused = all.get(id);
    const old = all.get(before)?.body;
    if (refused === undefined || old === undefined) continue;
    const kind = kindOf(refused.request?.path ?? '');
    assert.ok(kind, id);
    const next = mergePatch(old, refused.request?.body as JsonObject);
    kind.strategy.applyDefaults(next);
    kind.strategy.prepareForUpdate(next, old, context('lab-api'));
    const metadata = validateMetadataUpdate(
      objectAt(next, 'metadata') ?? {},
      objectAt(old, 'metadata') ?? {},
    );
    const causes = objectsAt(refused.body, 'details', 'causes').map(({ reason, message, field }) => ({
      reason,
      field,
      message,
    }));
    // A real server checks metadata twice.
    assert.deepEqual([...metadata, ...metadata, ...kind.strategy.validateUpdate(next, old)], causes, id);
  }
});

test('the tables have the columns and cells of a real server', (t) => {
  for (const recording of recordings(t)) {
    const { id, body, request } = recording;
    if (!id.startsWith('table-') || !isJsonObject(body) || textAt(body, 'kind') !== 'Table') continue;
    const kind = kindOf(request?.path ?? '');
    assert.ok(kind, id);
    assert.deepEqual(kind.table.columns, body['columnDefinitions'], id);
  }
});

test('the cells of objects that were recorded with their table', (t) => {
  const all = new Map(recordings(t).map((recording) => [recording.id, recording]));
  const cells = (table: string, object: string): void => {
    const row = objectsAt(all.get(table)?.body, 'rows').at(0);
    const shown = all.get(object)?.body;
    const kind = kindOf(all.get(table)?.request?.path ?? '');
    if (row === undefined || shown === undefined || kind === undefined) return;
    const made = kind.table.cells(shown, NOW);
    const age = kind.table.columns.findIndex(({ name }) => name === 'Age');
    const without = (list: readonly unknown[]): unknown[] => list.filter((_, index) => index !== age);
    assert.deepEqual(without(made), without(row['cells'] as unknown[]), table);
  };
  cells('table-get', 'mf-subresource');
  cells('table-none', 'mf-subresource');
});

test('custom kinds are named, drop the status and count their generation as recorded', (t) => {
  const all = recordings(t);
  if (all.length === 0) return;
  const [gadget] = customs();
  assert.ok(gadget);
  assert.deepEqual(
    [gadget.plural, gadget.shortNames, gadget.categories, gadget.listKind, gadget.namespaced, gadget.storage],
    ['gadgets', ['gd'], ['all'], 'GadgetList', true, 'lab.example.com/gadgets'],
  );
  assert.deepEqual(
    gadget.subresources.map(({ name, verbs }) => [name, ...verbs]),
    [
      ['status', 'get', 'patch', 'update'],
      ['scale', 'get', 'patch', 'update'],
    ],
  );
  assert.deepEqual(gadget.selectableFields, ['spec.color']);
  assert.deepEqual(gadget.scale, {
    specReplicas: ['spec', 'replicas'],
    statusReplicas: ['status', 'replicas'],
    selector: undefined,
  });
  const old: JsonObject = {
    metadata: { name: 'g', generation: 4, labels: { a: 'b' } },
    spec: { size: 1, color: 'red' },
    status: { replicas: 1 },
  };
  const generation = (change: JsonObject): unknown => {
    const next = mergePatch(old, change);
    gadget.strategy.prepareForUpdate(next, old, context(''));
    assert.ok(sameJson(next['status'], old['status']));
    return objectAt(next, 'metadata')?.['generation'];
  };
  assert.equal(generation({ spec: { size: 2 } }), 5);
  assert.equal(generation({ metadata: { labels: { c: 'd' } } }), 4);
  assert.equal(generation({ status: { replicas: 9 } }), 4);
  assert.equal(generation({ metadata: { generation: 77 } }), 4);
  const status = mergePatch(old, {
    spec: { size: 3 },
    status: { replicas: 'x' },
    metadata: { labels: { e: 'f' } },
  });
  gadget.strategy.prepareForStatusUpdate(status, old, context(''));
  assert.deepEqual(status, { ...old, status: { replicas: 'x' } });
  assert.deepEqual(gadget.strategy.validateStatusUpdate(status, old), [
    {
      reason: 'FieldValueInvalid',
      field: '.status.replicas',
      message: 'Invalid value: 0: .status.replicas accessor error: x is of the type string, expected int64',
    },
  ]);
  assert.deepEqual(gadget.fieldsOf(old), { 'spec.color': 'red' });
});

test('discovery of every built-in kind is as recorded', (t) => {
  const recorded = recordings(t).filter(({ id }) => id === 'disc-agg-api' || id === 'disc-agg-apis');
  for (const { body } of recorded) {
    for (const group of objectsAt(body, 'items')) {
      for (const version of objectsAt(group, 'versions')) {
        for (const resource of objectsAt(version, 'resources')) {
          const kind = KINDS.find(
            (candidate) =>
              candidate.group === textAt(group, 'metadata', 'name') &&
              candidate.version === textAt(version, 'version') &&
              candidate.plural === textAt(resource, 'resource'),
          );
          if (kind === undefined) continue;
          assert.deepEqual(
            {
              kind: kind.kind,
              scope: kind.namespaced ? 'Namespaced' : 'Cluster',
              singular: kind.singular,
              verbs: kind.verbs,
              shortNames: kind.shortNames,
              categories: kind.categories,
              subresources: kind.subresources.map(({ name, responseKind, verbs }) => [
                name,
                responseKind.kind,
                verbs,
              ]),
            },
            {
              kind: textAt(resource, 'responseKind', 'kind'),
              scope: resource['scope'],
              singular: resource['singularResource'],
              verbs: resource['verbs'],
              shortNames: resource['shortNames'] ?? [],
              categories: resource['categories'] ?? [],
              subresources: objectsAt(resource, 'subresources').map((part) => [
                part['subresource'],
                textAt(part, 'responseKind', 'kind'),
                part['verbs'],
              ]),
            },
            kind.plural,
          );
        }
      }
    }
  }
});

function mergePatch(target: JsonObject, patch: JsonObject): JsonObject {
  const copy = structuredClone(target);
  for (const [key, value] of Object.entries(patch)) {
    const own = copy[key];
    if (value === null) delete copy[key];
    else if (isJsonObject(value)) copy[key] = mergePatch(isJsonObject(own) ? own : {}, value);
    else copy[key] = structuredClone(value);
  }
  return copy;
}
