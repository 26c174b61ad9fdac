import assert from 'node:assert/strict';
import test from 'node:test';
import { isJsonObject, type Json, type JsonObject } from '../../schema/index.ts';
import { openApiV2 } from './openapi-v2.ts';
import { openApiV3 } from './openapi-v3.ts';
import { TEST_KINDS } from './test-kinds.ts';

const v3 = openApiV3(TEST_KINDS, 'v1.33.0');
const v2 = openApiV2(TEST_KINDS, 'v1.33.0');

/** The object at a path of members. */
function at(document: JsonObject, ...path: readonly string[]): JsonObject {
  return path.reduce((object, name) => {
    const member = object[name];
    assert.ok(isJsonObject(member), path.join('.'));
    return member;
  }, document);
}

function schemaOf(document: JsonObject, name: string): JsonObject {
  return document === v3 ? at(v3, 'components', 'schemas', name) : at(v2, 'definitions', name);
}

test('every reference of a document names one of its own schemas', () => {
  const check = (value: Json, prefix: string, schemas: JsonObject): void => {
    if (typeof value !== 'object' || value === null) return;
    if (isJsonObject(value) && typeof value['$ref'] === 'string') {
      assert.ok(value['$ref'].startsWith(prefix), value['$ref']);
      assert.ok(Object.hasOwn(schemas, value['$ref'].slice(prefix.length)), value['$ref']);
    }
    for (const member of Object.values(value)) check(member, prefix, schemas);
  };
  check(v3, '#/components/schemas/', at(v3, 'components', 'schemas'));
  check(v2, '#/definitions/', at(v2, 'definitions'));
});

test('operations have ids of their own', () => {
  for (const document of [v3, v2]) {
    const ids = Object.keys(at(document, 'paths')).flatMap((path) =>
      Object.values(at(document, 'paths', path)).flatMap((operation) =>
        isJsonObject(operation) ? [operation['operationId']] : [],
      ),
    );
    assert.ok(ids.length > 20);
    assert.equal(new Set(ids).size, ids.length);
  }
});

test('an operation tells the action, the kind, and the parameters that kubectl looks for', () => {
  for (const document of [v3, v2]) {
    const path = '/apis/lab.example.com/v1/namespaces/{namespace}/gadgets/{name}';
    const patch = at(document, 'paths', path, 'patch');
    assert.equal(patch['x-kubernetes-action'], 'patch');
    assert.deepEqual(patch['x-kubernetes-group-version-kind'], {
      group: 'lab.example.com',
      version: 'v1',
      kind: 'Gadget',
    });
    const parameters = patch['parameters'] as JsonObject[];
    const names = new Set(parameters.map((parameter) => parameter['name']));
    for (const name of ['dryRun', 'fieldManager', 'fieldValidation', 'force']) assert.ok(names.has(name));
  }
});

test('paths are those that are served', () => {
  const methods = (path: string): string =>
    Object.keys(at(v3, 'paths', path))
      .filter((key) => key !== 'parameters')
      .join(' ');
  const paths = Object.keys(at(v3, 'paths')).map((path) => [path, methods(path)]);
  const pods = '/api/v1/namespaces/{namespace}/pods';
  const gadgets = '/apis/lab.example.com/v1/namespaces/{namespace}/gadgets';
  const deployments = '/apis/apps/v1/namespaces/{namespace}/deployments';
  assert.deepEqual(Object.fromEntries(paths), {
    [pods]: 'get post delete',
    [`${pods}/{name}`]: 'get put patch delete',
    [`${pods}/{name}/eviction`]: 'post',
    [`${pods}/{name}/log`]: 'get',
    [`${pods}/{name}/status`]: 'get put patch',
    '/api/v1/pods': 'get',
    [deployments]: 'get post delete',
    [`${deployments}/{name}`]: 'get put patch delete',
    [`${deployments}/{name}/scale`]: 'get put patch',
    '/apis/apps/v1/deployments': 'get',
    '/apis/authentication.k8s.io/v1/tokenreviews': 'post',
    [gadgets]: 'get post delete',
    [`${gadgets}/{name}`]: 'get put patch delete',
    [`${gadgets}/{name}/scale`]: 'get put patch',
    [`${gadgets}/{name}/status`]: 'get put patch',
    '/apis/lab.example.com/v1/gadgets': 'get',
  });
});

test('a custom kind has its group reversed in its name, metadata, and its group, version and kind', () => {
  const schema = schemaOf(v3, 'com.example.lab.v1.Gadget');
  assert.deepEqual(schema['x-kubernetes-group-version-kind'], [
    { group: 'lab.example.com', version: 'v1', kind: 'Gadget' },
  ]);
  const properties = at(schema, 'properties');
  assert.deepEqual(Object.keys(properties).toSorted(), ['apiVersion', 'kind', 'metadata', 'spec']);
  assert.deepEqual(at(properties, 'metadata')['allOf'], [
    { $ref: '#/components/schemas/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta' },
  ]);
  assert.deepEqual(at(properties, 'spec', 'properties', 'port'), {
    'x-kubernetes-int-or-string': true,
    anyOf: [{ type: 'integer' }, { type: 'string' }],
  });
  assert.deepEqual(schemaOf(v3, 'com.example.lab.v1.GadgetList')['required'], ['items']);
});

test('version 2 says less of a custom kind where it could forbid what is allowed', () => {
  const schema = schemaOf(v2, 'com.example.lab.v1.Gadget');
  assert.deepEqual(at(schema, 'properties', 'spec', 'properties'), {
    size: {},
    port: { 'x-kubernetes-int-or-string': true },
    config: { 'x-kubernetes-preserve-unknown-fields': true },
  });
});

test('formats that only the server knows are written as documents have them', () => {
  const intOrString = 'io.k8s.apimachinery.pkg.util.intstr.IntOrString';
  const { description: _three, ...three } = schemaOf(v3, intOrString);
  assert.deepEqual(three, { format: 'int-or-string', oneOf: [{ type: 'integer' }, { type: 'string' }] });
  const { description: _two, ...two } = schemaOf(v2, intOrString);
  assert.deepEqual(two, { type: 'string', format: 'int-or-string' });
  const quantity = 'io.k8s.apimachinery.pkg.api.resource.Quantity';
  assert.deepEqual(schemaOf(v3, quantity)['oneOf'], [{ type: 'string' }, { type: 'number' }]);
  assert.equal(schemaOf(v2, quantity)['type'], 'string');
  assert.ok(!JSON.stringify(v3).includes('micro-time'));
});
