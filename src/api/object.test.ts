import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseAllDocuments } from 'yaml';
import { ApiError, decodeMachineConfig, decodeObject, decodeObjects } from './index.ts';

const V1 = 'machineconfiguration.openshift.io/v1';

function refusal(value: unknown): ApiError {
  try {
    decodeObjects(value);
  } catch (error) {
    if (error instanceof ApiError) return error;
    throw error;
  }
  return assert.fail('accepted');
}

function machineConfig(spec: unknown, metadata: unknown = { name: 'x' }): unknown {
  return { apiVersion: V1, kind: 'MachineConfig', metadata, spec };
}

function pool(spec: unknown): unknown {
  return { apiVersion: V1, kind: 'MachineConfigPool', metadata: { name: 'infra' }, spec };
}

function osConfig(change: Record<string, unknown>, name = 'infra'): unknown {
  const spec = {
    machineConfigPool: { name: 'infra' },
    imageBuilder: { imageBuilderType: 'Job' },
    renderedImagePushSecret: { name: 'push' },
    renderedImagePushSpec: 'registry.example.com:5000/lab/os:latest',
    ...change,
  };
  return { apiVersion: V1, kind: 'MachineOSConfig', metadata: { name }, spec };
}

test('decodeObjects() reads the sample objects that a real API server accepted', (t) => {
  const file = new URL('../../../shared/fixtures/crds/samples/good.yaml', import.meta.url);
  if (!existsSync(file) && process.env['CI'] === undefined) return t.skip('no ../shared/fixtures');
  const documents = parseAllDocuments(readFileSync(file, 'utf8'));
  assert.ok(Array.isArray(documents));
  const objects = documents.flatMap((document) => decodeObjects(document.toJS()));
  assert.deepEqual(
    objects.map(({ kind }) => kind),
    ['MachineConfig', 'MachineConfigPool', 'MachineOSConfig'],
  );
});

test('decodeMachineConfig() keeps every member of the spec and other metadata', () => {
  const spec = {
    osImageURL: 'q',
    baseOSExtensionsContainerImage: 'e',
    config: { ignition: { version: '3.4.0' }, anything: [1, null] },
    kernelArguments: ['a', 'b=c'],
    extensions: ['usbguard'],
    fips: true,
    kernelType: 'realtime',
  };
  const metadata = {
    name: '99-x.y',
    labels: { 'a.b/c': '' },
    annotations: { 'A.b/c': 'x y' },
    uid: 'u',
    generation: 3,
  };
  assert.deepEqual(decodeMachineConfig(machineConfig(spec, metadata)), {
    apiVersion: V1,
    kind: 'MachineConfig',
    metadata,
    spec,
  });
});

test('decodeMachineConfig() takes null for absent', () => {
  const spec = { kernelArguments: null, extensions: null, config: null, fips: null, kernelType: null };
  const metadata = { name: 'x', labels: null, creationTimestamp: null };
  assert.deepEqual(decodeMachineConfig(machineConfig(spec, metadata)).spec, {});
  assert.deepEqual(decodeMachineConfig(machineConfig(undefined)).spec, {});
});

test('decodeMachineConfig() refuses an object of another kind', () => {
  assert.throws(() => decodeMachineConfig(pool({})), {
    name: 'ApiError',
    code: 'invalid-object',
    retryable: false,
    message: 'cannot read MachineConfigPool "infra": kind: expected "MachineConfig"',
  });
});

test('decodeObjects() names kind, object, field, type and expectation', async (t) => {
  const long = 'a'.repeat(64);
  const cases: Record<string, [unknown, string]> = {
    'no object': [[1], 'the object: the document: expected an object, received a list'],
    'a string': ['x', 'the object: the document: expected an object, received a string'],
    'no apiVersion': [{ kind: 'MachineConfig' }, 'MachineConfig: apiVersion: required, but missing'],
    'no kind': [{ apiVersion: V1 }, 'the object: kind: required, but missing'],
    'no metadata': [
      { apiVersion: V1, kind: 'MachineConfig' },
      'MachineConfig: metadata: required, but missing',
    ],
    'no name': [machineConfig({}, {}), 'MachineConfig: metadata.name: required, but missing'],
    'an empty name': [machineConfig({}, { name: '' }), 'MachineConfig: metadata.name: must not be empty'],
    'a name with capitals': [
      machineConfig({}, { name: 'Foo' }),
      `MachineConfig "Foo": metadata.name: "Foo" must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character`,
    ],
    'a generated name': [
      machineConfig({}, { generateName: 'a-' }),
      'MachineConfig: metadata.generateName: not supported; write metadata.name',
    ],
    'an unknown field': [machineConfig({ foo: 1 }), 'MachineConfig "x": unknown field "spec.foo"'],
    'an unknown field of metadata': [
      machineConfig({}, { name: 'x', label: {} }),
      'MachineConfig "x": unknown field "metadata.label"',
    ],
    'a status that MachineConfigs have not': [
      { ...(machineConfig({}) as object), status: {} },
      'MachineConfig "x": unknown field "status"',
    ],
    'several problems at once': [
      machineConfig({ fips: 'yes', foo: 1, 'b c': 2 }),
      'MachineConfig "x": spec.fips: expected true or false, received a string; unknown field "spec.foo"; unknown field "spec[\\"b c\\"]"',
    ],
    'a spec that is a list': [
      machineConfig([]),
      'MachineConfig "x": spec: expected an object, received a list',
    ],
    'kernel arguments in one string': [
      machineConfig({ kernelArguments: 'nosmt' }),
      'MachineConfig "x": spec.kernelArguments: expected a list, received a string',
    ],
    'a kernel argument that YAML made a number': [
      machineConfig({ kernelArguments: ['a', 5] }),
      'MachineConfig "x": spec.kernelArguments[1]: expected a string, received a number',
    ],
    'null in a list': [
      machineConfig({ extensions: [null] }),
      'MachineConfig "x": spec.extensions[0]: expected a string, received null',
    ],
    'a config in a string': [
      machineConfig({ config: '{}' }),
      'MachineConfig "x": spec.config: expected an object, received a string',
    ],
    'a label that YAML made a boolean': [
      machineConfig({}, { name: 'x', labels: { on: true } }),
      'MachineConfig "x": metadata.labels.on: expected a string, received a boolean; put it in quotes',
    ],
    'a long label value': [
      machineConfig({}, { name: 'x', labels: { 'a/b': long } }),
      'MachineConfig "x": metadata.labels["a/b"]: must be no more than 63 characters, has 64',
    ],
    'a bad label key': [
      machineConfig({}, { name: 'x', labels: { 'a_b/c': '' } }),
      `MachineConfig "x": metadata.labels["a_b/c"]: the prefix "a_b" must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character`,
    ],
    'a long annotation key': [
      machineConfig({}, { name: 'x', annotations: { [long]: '' } }),
      `MachineConfig "x": metadata.annotations.${long}: the name part must be no more than 63 characters, has 64`,
    ],
    'too many annotations': [
      machineConfig({}, { name: 'x', annotations: { a: 'x'.repeat(262144) } }),
      'MachineConfig "x": metadata.annotations: must have at most 262144 bytes in all, has 262145',
    ],
    'a pool without a spec': [pool(undefined), 'MachineConfigPool "infra": spec: required, but missing'],
    'an unknown operator': [
      pool({ machineConfigSelector: { matchExpressions: [{ key: 'a', operator: 'in', values: ['b'] }] } }),
      'MachineConfigPool "infra": spec.machineConfigSelector.matchExpressions[0].operator: expected one of "In", "NotIn", "Exists", "DoesNotExist", received "in"',
    ],
    'In without values': [
      pool({ machineConfigSelector: { matchExpressions: [{ key: 'a', operator: 'In' }] } }),
      'MachineConfigPool "infra": spec.machineConfigSelector.matchExpressions[0].values: must not be empty for the operator In',
    ],
    'Exists with values': [
      pool({ nodeSelector: { matchExpressions: [{ key: 'a', operator: 'Exists', values: ['b'] }] } }),
      'MachineConfigPool "infra": spec.nodeSelector.matchExpressions[0].values: must be empty for the operator Exists',
    ],
    'labels at the top of a selector': [
      pool({ machineConfigSelector: { role: 'worker' } }),
      'MachineConfigPool "infra": unknown field "spec.machineConfigSelector.role"',
    ],
    'a fraction of a node': [
      pool({ maxUnavailable: 1.5 }),
      'MachineConfigPool "infra": spec.maxUnavailable: expected a whole number of nodes or a percentage such as "10%", received a number',
    ],
    'a number in quotes': [
      pool({ maxUnavailable: '2' }),
      'MachineConfigPool "infra": spec.maxUnavailable: expected a whole number of nodes or a percentage such as "10%", received "2"',
    ],
    'a pinned image set whose name has too long a part': [
      pool({ pinnedImageSets: [{ name: `a.${long}` }] }),
      `MachineConfigPool "infra": spec.pinnedImageSets[0].name: the part "${long}" must be no more than 63 characters, has 64`,
    ],
    'a pinned image set twice': [
      pool({ pinnedImageSets: [{ name: 'a' }, { name: 'a' }] }),
      'MachineConfigPool "infra": spec.pinnedImageSets[1].name: duplicate value "a"',
    ],
    'a stream without a name': [
      pool({ osImageStream: {} }),
      'MachineConfigPool "infra": spec.osImageStream.name: required, but missing',
    ],
    'a MachineOSConfig of another name than its pool': [
      osConfig({}, 'other'),
      'MachineOSConfig "other": metadata.name: must match spec.machineConfigPool.name ("infra"): a pool has one MachineOSConfig, of the same name',
    ],
    'another image builder': [
      osConfig({ imageBuilder: { imageBuilderType: 'PodImageBuilder' } }),
      'MachineOSConfig "infra": spec.imageBuilder.imageBuilderType: expected one of "Job", received "PodImageBuilder"',
    ],
    'a push spec without a tag': [
      osConfig({ renderedImagePushSpec: 'registry.example.com/lab/os' }),
      'MachineOSConfig "infra": spec.renderedImagePushSpec: "registry.example.com/lab/os" must have the form host[:port][/namespace]/name:tag or service.namespace.svc:port/repository/name:tag; the host needs a dot and the tag is required',
    ],
    'a push spec with a digest': [
      osConfig({ renderedImagePushSpec: `registry.example.com/os@sha256:${'a'.repeat(64)}` }),
      `MachineOSConfig "infra": spec.renderedImagePushSpec: "registry.example.com/os@sha256:${'a'.repeat(64)}" must have the form host[:port][/namespace]/name:tag or service.namespace.svc:port/repository/name:tag; a digest is not accepted`,
    ],
    'no push secret': [
      osConfig({ renderedImagePushSecret: undefined }),
      'MachineOSConfig "infra": spec.renderedImagePushSecret: required, but missing',
    ],
    'a Containerfile that is too long': [
      osConfig({ containerFile: [{ content: '😀'.repeat(4097) }] }),
      'MachineOSConfig "infra": spec.containerFile[0].content: must be no more than 4096 characters, has 4097',
    ],
    'two Containerfiles for the same architecture': [
      osConfig({ containerFile: [{ content: 'a' }, { content: 'b', containerfileArch: 'NoArch' }] }),
      'MachineOSConfig "infra": spec.containerFile[1].containerfileArch: duplicate value "NoArch"',
    ],
    'another version': [
      {
        apiVersion: 'machineconfiguration.openshift.io/v1alpha1',
        kind: 'MachineOSConfig',
        metadata: { name: 'a' },
      },
      'MachineOSConfig "a": apiVersion: "machineconfiguration.openshift.io/v1alpha1" is not a served version; write machineconfiguration.openshift.io/v1',
    ],
    'the same kind of another group': [
      { apiVersion: 'example.com/v1', kind: 'MachineConfig', metadata: { name: 'a' } },
      'MachineConfig "a": apiVersion: "example.com/v1" is not the API group of this kind; write machineconfiguration.openshift.io/v1',
    ],
    'a bad object in a List': [
      { apiVersion: 'v1', kind: 'List', items: [machineConfig({}), machineConfig({ a: 1 }, { name: 'y' })] },
      'MachineConfig "y": unknown field "spec.a"',
    ],
    'a List without a list': [
      { apiVersion: 'v1', kind: 'List', items: {} },
      'List: items: expected a list, received an object',
    ],
    'a List in a List': [
      { apiVersion: 'v1', kind: 'List', items: [{ apiVersion: 'v1', kind: 'List', items: [] }] },
      'List: kind: a List is not accepted here',
    ],
  };
  for (const [sentence, [value, message]] of Object.entries(cases)) {
    await t.test(sentence, () => assert.equal(refusal(value).message, `cannot read ${message}`));
  }
});

test('decodeObjects() gives the field as a path', () => {
  const error = refusal(machineConfig({ kernelArguments: [1] }));
  assert.deepEqual(error.field, ['spec', 'kernelArguments', 0]);
  assert.equal(error.code, 'invalid-object');
  assert.equal(error.objectName, 'x');
  assert.deepEqual(error.within, []);
  const inList = refusal({
    apiVersion: 'v1',
    kind: 'List',
    items: [machineConfig({}), machineConfig({ fips: 1 })],
  });
  assert.deepEqual([...inList.within, ...inList.field], ['items', 1, 'spec', 'fips']);
  assert.equal(refusal({ apiVersion: 'a/v1', kind: 'MachineConfig' }).code, 'unsupported-version');
});

test('decodeObjects() never repeats a value of the wrong type', () => {
  const error = refusal(machineConfig({ fips: 'hunter2', config: 'hunter2', extensions: { a: 'hunter2' } }));
  assert.doesNotMatch(error.message, /hunter2/);
});

test('decodeObjects() reports at most twenty problems', () => {
  const spec = Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`f${index}`, 1]));
  assert.equal(refusal(machineConfig(spec)).problems.length, 20);
});

test('decodeObject() hands back other kinds by name', () => {
  const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'push' }, data: { a: 'b' } };
  assert.deepEqual(decodeObject(secret), {
    kind: 'other',
    object: { apiVersion: 'v1', kind: 'Secret', name: 'push' },
  });
});

test('decodeObjects() expands lists and passes over empty documents', () => {
  assert.deepEqual(decodeObjects(null), []);
  assert.deepEqual(decodeObjects({ apiVersion: 'v1', kind: 'List', metadata: {}, items: [] }), []);
  const item = { metadata: { name: 'a' }, spec: {} };
  const list = {
    apiVersion: V1,
    kind: 'MachineConfigList',
    metadata: { resourceVersion: '' },
    items: [item],
  };
  assert.deepEqual(decodeObjects(list), [{ apiVersion: V1, kind: 'MachineConfig', ...item }]);
});

test('decodeObjects() fills in what a pool and a MachineOSConfig leave out', () => {
  const spec = { maxUnavailable: '10%', paused: true, configuration: { name: 'r', source: [{ name: 'a' }] } };
  assert.deepEqual(decodeObject({ ...(pool(spec) as object), status: { anything: 1 } }), pool(spec));
  const [decoded] = decodeObjects(osConfig({ containerFile: [{ content: '😀'.repeat(4096) }] }));
  assert.ok(decoded?.kind === 'MachineOSConfig');
  assert.deepEqual(decoded.spec.containerFile, [{ containerfileArch: 'NoArch', content: '😀'.repeat(4096) }]);
});

test('decodeObjects() accepts a push spec with nested namespaces and an in-cluster one', () => {
  for (const image of [
    'registry.example.com/a/b/c/os:1',
    'registry.infra.svc:5000/repo/os:latest',
    '127.0.0.1:5000/os:x',
  ]) {
    assert.equal(decodeObjects(osConfig({ renderedImagePushSpec: image })).length, 1, image);
  }
});

test('decodeObjects() answers any JSON value with objects or an ApiError', () => {
  const kinds = fc.constantFrom('MachineConfig', 'MachineConfigPool', 'MachineOSConfig', 'List', 'Secret');
  const object = fc.record(
    {
      apiVersion: fc.constantFrom(V1, 'v1', 'v2'),
      kind: kinds,
      metadata: fc.jsonValue(),
      spec: fc.jsonValue(),
    },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(fc.oneof(object, fc.jsonValue()), (value) => {
      try {
        decodeObjects(value);
      } catch (error) {
        assert.ok(error instanceof ApiError);
      }
    }),
  );
});
