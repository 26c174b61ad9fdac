import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import fc from 'fast-check';
import type { Json, JsonObject, Schema } from '../../schema/index.ts';
import { TestCluster, gadgets, type TestAnswer } from '../test-cluster.ts';

let cluster: TestCluster;

before(async () => {
  cluster = await TestCluster.open({ revisions: 500 });
  cluster.serve(gadgets());
  await cluster.create({
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { name: 'default', namespace: 'default' },
  });
});

after(() => cluster.close());

/** Whatever a client sends, the server answers, knows what it answers, and is the same afterwards. */
function assertSound(answer: TestAnswer, what: unknown): void {
  assert.ok(answer.status >= 200 && answer.status < 600);
  assert.doesNotMatch(answer.text, /met a defect/, JSON.stringify(what));
  assert.equal(Object.keys(Object.prototype).length, 0);
}

/** What may be anywhere. */
const ANYTHING: readonly Json[] = [
  null,
  true,
  0,
  -1,
  1.5,
  1e300,
  '',
  'a',
  '-',
  'A B',
  '\u0000',
  '2026-02-30T00:00:00Z',
  '2026-01-01T00:00:00Z',
  '50%',
  '1Gi',
  'YQ==',
  [],
  {},
  [null],
  { a: null },
  [{ name: 'a' }, { name: 'a' }],
];

/** Values that mostly have the type of a schema, and sometimes not. */
function valueOf(schema: Schema, depth: number): fc.Arbitrary<Json> {
  const anything = fc.constantFrom(...ANYTHING);
  const fitting = fittingValue(schema, depth);
  return fitting === undefined
    ? anything
    : fc.oneof({ arbitrary: fitting, weight: 12 }, { arbitrary: anything, weight: 1 });
}

function fittingValue(schema: Schema, depth: number): fc.Arbitrary<Json> | undefined {
  const { type, properties, additionalProperties, items } = schema;
  if (type === 'string')
    return fc.constantFrom('', 'a', 'b-c', '1', 'A', '2026-01-01T00:00:00Z', '100m', 'IfNotPresent', 'TCP');
  if (type === 'integer' || type === 'number') return fc.constantFrom(0, 1, 5, -1, 2 ** 31, 80);
  if (type === 'boolean') return fc.boolean();
  if (depth === 0) return undefined;
  if (type === 'array') return fc.array(valueOf(items ?? {}, depth - 1), { maxLength: 2 });
  if (type !== 'object') return undefined;
  if (properties === undefined) {
    const values = typeof additionalProperties === 'object' ? additionalProperties : {};
    const key = fc.constantFrom('a', 'example.com/b', '-', '__proto__', 'constructor');
    return fc.dictionary(key, valueOf(values, depth - 1), { maxKeys: 2, noNullPrototype: true });
  }
  const members = Object.entries(properties).map(([key, member]): [string, fc.Arbitrary<Json>] => [
    key,
    valueOf(member, depth - 1),
  ]);
  return fc
    .subarray(members, { maxLength: Math.min(6, members.length) })
    .chain((chosen) => fc.record(Object.fromEntries(chosen), { noNullPrototype: true }));
}

describe('The API survives', () => {
  test('objects of every kind with anything in them', async () => {
    const kinds = cluster.environment.kinds.all.filter(({ verbs }) => verbs.includes('create'));
    const writes = kinds.map((one) =>
      fc.record({
        kind: fc.constant(one),
        object: valueOf(one.schema, 6),
        patch: valueOf(one.schema, 5),
        type: fc.constantFrom('merge-patch+json', 'strategic-merge-patch+json', 'apply-patch+yaml'),
        query: fc.constantFrom('', '?dryRun=All', '?fieldValidation=Strict', '?fieldValidation=Ignore'),
      }),
    );
    const write = fc.oneof(...writes);
    await fc.assert(
      fc.asyncProperty(
        write,
        async ({ kind: { group, version, kind: name, plural, namespaced }, object, patch, type, query }) => {
          const path = `${group === '' ? '/api' : `/apis/${group}`}/${version}/${namespaced ? 'namespaces/default/' : ''}${plural}`;
          const given = typeof object === 'object' && object !== null && !Array.isArray(object) ? object : {};
          const body: JsonObject = {
            ...given,
            apiVersion: group === '' ? version : `${group}/${version}`,
            kind: name,
            metadata: {
              ...(given['metadata'] as JsonObject),
              name: 'x',
              namespace: namespaced ? 'default' : '',
            },
          };
          assertSound(await cluster.call('POST', `${path}${query}`, { body }), body);
          const content = `application/${type}`;
          const target = `${path}/x?dryRun=All${type === 'apply-patch+yaml' ? '&fieldManager=m' : ''}`;
          assertSound(await cluster.call('PATCH', target, { type: content, body: patch }), patch);
          assertSound(await cluster.call('PUT', `${path}/x`, { body }), body);
          for (const accept of ['application/json;as=Table;v=v1;g=meta.k8s.io', 'application/yaml'])
            assertSound(await cluster.call('GET', path, { accept }), body);
          assertSound(await cluster.call('DELETE', `${path}/x`, { body: { gracePeriodSeconds: 0 } }), path);
        },
      ),
      { numRuns: 400 },
    );
  });

  test('any path, query and header', async () => {
    const segment = fc.constantFrom(
      'api',
      'apis',
      'v1',
      'apps',
      'namespaces',
      'default',
      'pods',
      'configmaps',
      'deployments',
      'watch',
      'a',
      'status',
      'scale',
      'eviction',
      'token',
      'serviceaccounts',
      'openapi',
      'v2',
      'v3',
      '',
      '..',
      '%2e',
      '%00',
      '%',
      'é',
      '__proto__',
      'healthz',
      'tokenreviews',
      'authentication.k8s.io',
      'lab.example.com',
      'gadgets',
    );
    const parameter = fc.tuple(
      fc.constantFrom(
        'watch',
        'limit',
        'continue',
        'resourceVersion',
        'resourceVersionMatch',
        'labelSelector',
        'fieldSelector',
        'timeoutSeconds',
        'timeout',
        'dryRun',
        'fieldManager',
        'pretty',
        'includeObject',
        'sendInitialEvents',
        'allowWatchBookmarks',
        'propagationPolicy',
        'gracePeriodSeconds',
        '__proto__',
      ),
      fc.constantFrom(
        '',
        '0',
        '1',
        '-1',
        'true',
        'x',
        '99999999999999999999',
        'a=b',
        'a in (b',
        'All',
        'Exact',
        'eyJ2IjoibWV0YS5rOHMuaW8vdjEifQ',
        '%',
        '😀',
      ),
    );
    const request = fc.record({
      method: fc.constantFrom('GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS', 'X'),
      path: fc.array(segment, { maxLength: 8 }).map((segments) => `/${segments.join('/')}`),
      query: fc.array(parameter, { maxLength: 3 }).map((pairs) => new URLSearchParams(pairs).toString()),
      type: fc.constantFrom(
        '',
        'application/json',
        'application/yaml',
        'application/merge-patch+json',
        'application/json-patch+json',
        'application/apply-patch+yaml',
        'x',
      ),
      accept: fc.constantFrom(
        '',
        '*/*',
        'application/json;as=Table;v=v1;g=meta.k8s.io',
        'application/yaml',
        ';;;',
        'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList',
      ),
      body: fc.constantFrom(
        '',
        '{}',
        '[]',
        'null',
        '{',
        '"x"',
        '{"metadata":{"name":"a"}}',
        '{"spec":{}}',
        'a: &a [*a]',
        '{"kind":5,"apiVersion":[]}',
        '{"metadata":5}',
        '{"metadata":{"name":5}}',
      ),
      as: fc.constantFrom('admin', 'alice', 'system:node:n1', 'nobody', ''),
    });
    await fc.assert(
      fc.asyncProperty(request, async ({ method, path, query, ...rest }) => {
        let answer: TestAnswer;
        try {
          answer = await cluster.call(method, `${path}?${query}`, rest);
        } catch (error) {
          assert.match(String(error), / is a watch$/);
          return;
        }
        assertSound(answer, { method, path, query, ...rest });
      }),
      { numRuns: 1500 },
    );
  });
});
