import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import test from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { load } from 'js-yaml';
import { compileRules, validate } from './engine.ts';
import { applyDefaults, copyJson, isJsonObject, memberOf, prune, setMember } from './index.ts';
import type { FieldError, Json, JsonObject, Schema } from './index.ts';

const FIXTURES = new URL('../../../shared/fixtures/', import.meta.url);

interface Recorded {
  readonly id: string;
  readonly request?: {
    readonly method: string;
    readonly path: string;
    readonly headers: Record<string, string>;
    readonly body: Json;
  };
  readonly status: number;
  readonly warnings?: readonly string[];
  readonly body: JsonObject;
}

interface Definition {
  readonly schema: Schema;
  readonly hasStatus: boolean;
}

/** The causes that other parts of a server find: names, resourceVersions, finalizers, the scale subresource. */
const NOT_OF_THE_SCHEMA = /^(metadata\.|kind$|\.status\.replicas$)/;

test('the schema engine gives the recorded causes, warnings and objects of a real kube-apiserver', (t) => {
  const definitions = knownDefinitions(t);
  if (definitions === undefined) return;
  const objects = new Map<string, JsonObject>();
  const differences: string[] = [];
  let compared = 0;
  for (const record of [...recordsOf('api.jsonl'), ...recordsOf('crds.jsonl')]) {
    const { request } = record;
    if (request === undefined || !['POST', 'PUT', 'PATCH'].includes(request.method)) continue;
    const [, group = '', , ...rest] = request.path.split('?')[0]!.slice(1).split('/');
    const [plural = '', name = '', subresource] = rest[0] === 'namespaces' ? rest.slice(2) : rest;
    const definition = definitions.get(`${plural}.${group}`);
    if (definition === undefined) continue;
    const old = objects.get(`${plural}/${name}`);
    const difference = compare(record, definition, old, subresource);
    if (difference !== undefined) compared += 1;
    if (difference !== undefined && difference !== '') differences.push(`${record.id}:\n${difference}`);
    if (record.body['kind'] !== 'Status' && subresource !== 'scale') {
      objects.set(`${plural}/${(record.body['metadata'] as { name: string }).name}`, record.body);
    }
  }
  t.diagnostic(`${compared - differences.length} of ${compared} recorded answers agree`);
  assert.deepEqual(differences, []);
  assert.ok(compared > 60);
});

/** What differs from the record; empty for nothing, undefined where the record says nothing of schemas. */
function compare(
  record: Recorded,
  definition: Definition,
  old: JsonObject | undefined,
  subresource: string | undefined,
): string | undefined {
  const request = record.request!;
  const applied = request.headers['Content-Type']?.includes('apply') === true;
  if (applied || subresource === 'scale' || (request.method !== 'POST' && old === undefined))
    return undefined;
  const { errors, object, pruned } = outcomeOf(definition, request, old, subresource);
  if (record.body['kind'] !== 'Status') {
    const warnings = pruned.map((path) => `299 - "unknown field \\"${path}\\""`);
    return [
      errors.map(textOf).join('\n'),
      differing({ ...object, metadata: {} }, { ...record.body, metadata: {} }),
      differing(warnings, [...(record.warnings ?? [])]),
    ].join('');
  }
  if (record.status !== 422) return undefined;
  const causes = ((record.body['details'] as JsonObject)['causes'] ?? []) as unknown as FieldError[];
  const expected = causes.filter(({ field }) => !NOT_OF_THE_SCHEMA.test(field)).map(textOf);
  return expected.length === 0 ? undefined : differing(errors.map(textOf).sort(), expected.sort());
}

function differing(actual: Json, expected: Json): string {
  if (isDeepStrictEqual(actual, expected)) return '';
  return `${JSON.stringify(actual, undefined, 1)}\ninstead of ${JSON.stringify(expected, undefined, 1)}`;
}

function textOf({ reason, field, message }: FieldError): string {
  return `${reason} ${field}: ${message}`;
}

function outcomeOf(
  { schema, hasStatus }: Definition,
  request: NonNullable<Recorded['request']>,
  old: JsonObject | undefined,
  subresource: string | undefined,
): { object: JsonObject; errors: FieldError[]; pruned: string[] } {
  const patch = request.method === 'PATCH';
  const object = (patch ? merged(old ?? {}, request.body) : copyJson(request.body)) as JsonObject;
  const pruned = prune(schema, object);
  applyDefaults(schema, object);
  if (hasStatus) {
    if (subresource === 'status') {
      for (const name of Object.keys(object))
        if (name !== 'status' && name !== 'metadata') delete object[name];
      for (const [name, value] of Object.entries(old ?? {}))
        if (name !== 'status') object[name] = copyJson(value);
    } else if (old?.['status'] === undefined) delete object['status'];
    else object['status'] = copyJson(old['status']);
  }
  const errors = validate(schema, object, { part: subresource === 'status' ? 'status' : 'all', old });
  errors.push(...compileRules(schema).validate(object, old, errors));
  return { object, errors, pruned };
}

/** RFC 7386, and as Kubernetes' library does it: nulls vanish also from objects in lists. */
function merged(target: Json, patch: Json): Json {
  if (Array.isArray(patch)) return patch.map((item) => (item === null ? null : merged(null, item)));
  if (!isJsonObject(patch)) return patch;
  const result: JsonObject = isJsonObject(target) ? (copyJson(target) as JsonObject) : {};
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete result[name];
    else setMember(result, name, merged(memberOf(result, name) ?? null, value));
  }
  return result;
}

function recordsOf(name: string): Recorded[] {
  return readFileSync(new URL(`kubernetes/${name}`, FIXTURES), 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Recorded);
}

/** The definitions of the recorded gadgets and of the reference manifests, by `plural.group`. */
function knownDefinitions(t: test.TestContext): Map<string, Definition> | undefined {
  if (!existsSync(FIXTURES)) {
    assert.ok(process.env['CI'] === undefined, 'CI must have the shared fixtures');
    t.skip('the shared fixtures are absent');
    return undefined;
  }
  const found = new Map<string, Definition>();
  const add = (definition: JsonObject): void => {
    const spec = definition['spec'] as JsonObject;
    const [version] = spec['versions'] as JsonObject[];
    const schema = (version!['schema'] as JsonObject)['openAPIV3Schema'] as unknown as Schema;
    const names = spec['names'] as { plural: string };
    const hasStatus = (version!['subresources'] as JsonObject | undefined)?.['status'] !== undefined;
    found.set(`${names.plural}.${spec['group'] as string}`, {
      schema,
      hasStatus,
    });
  };
  for (const record of recordsOf('api.jsonl')) {
    if (record.id === 'crd-create') add(record.request!.body as JsonObject);
  }
  for (const folder of ['crds/', 'crds/extras/']) {
    for (const name of readdirSync(new URL(folder, FIXTURES)).filter((file) => file.endsWith('.crd.yaml'))) {
      add(load(readFileSync(new URL(folder + name, FIXTURES), 'utf8')) as JsonObject);
    }
  }
  return found;
}
