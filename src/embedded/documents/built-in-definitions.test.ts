import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import { builtInDefinitions, builtInName, builtInSchema, definedSchema } from './built-in-definitions.ts';
import { definitionsText, generateDefinitions } from './generator/index.ts';

test('built-in-definitions.json is what `npm run generate` writes', () => {
  const committed = readFileSync(new URL('built-in-definitions.json', import.meta.url), 'utf8');
  assert.ok(committed === definitionsText(generateDefinitions()), 'out of date: run `npm run generate`');
});

test('builtInSchema() resolves references into shared objects', () => {
  const pod = builtInSchema('', 'v1', 'Pod');
  const deployment = builtInSchema('apps', 'v1', 'Deployment');
  const template = deployment.properties!['spec']!.properties!['template']!;
  assert.equal(template.properties!['spec'], pod.properties!['spec']);
  assert.equal(template.properties!['metadata'], pod.properties!['metadata']);
  assert.equal(builtInSchema('', 'v1', 'Pod'), pod);
});

test('builtInSchema() closes the circle of a schema that contains itself', () => {
  const crd = builtInSchema('apiextensions.k8s.io', 'v1', 'CustomResourceDefinition');
  const version = crd.properties!['spec']!.properties!['versions']!.items!;
  const props = version.properties!['schema']!.properties!['openAPIV3Schema']!;
  assert.equal(props.properties!['not'], props);
  assert.equal(props.properties!['properties']!.additionalProperties, props);
});

test('builtInSchema() keeps what is said of a member beside its reference', () => {
  const spec = builtInSchema('apps', 'v1', 'Deployment').properties!['spec']!;
  assert.equal(spec.properties!['strategy']!['x-kubernetes-patch-strategy'], 'retainKeys');
  assert.ok(spec.properties!['strategy']!.properties!['rollingUpdate']);
  assert.equal(
    definedSchema('io.k8s.api.apps.v1.DeploymentStrategy')['x-kubernetes-patch-strategy'],
    undefined,
  );
});

test('builtInSchema() refuses a kind that is not built in', () => {
  assert.throws(() => builtInSchema('apps', 'v1', 'Nope'), /no built-in definition of Nope in apps\/v1/);
  assert.equal(builtInName('', 'v1', '__proto__'), undefined);
});

test('builtInSchema() tells list types, keys, patch rules and formats', () => {
  const container = definedSchema('io.k8s.api.core.v1.Container').properties!;
  assert.deepEqual(container['ports']!['x-kubernetes-list-map-keys'], ['containerPort', 'protocol']);
  assert.equal(container['ports']!['x-kubernetes-patch-merge-key'], 'containerPort');
  assert.equal(container['command']!['x-kubernetes-list-type'], 'atomic');
  const security = definedSchema('io.k8s.api.core.v1.PodSecurityContext').properties!;
  assert.deepEqual(security['supplementalGroups']!.items, { type: 'integer', format: 'int64' });
  const lease = builtInSchema('coordination.k8s.io', 'v1', 'Lease').properties!['spec']!.properties!;
  assert.equal(lease['renewTime']!.format, 'micro-time');
  assert.deepEqual(builtInSchema('', 'v1', 'Secret').properties!['data']!.additionalProperties, {
    type: 'string',
    format: 'byte',
  });
  const budget = builtInSchema('policy', 'v1', 'PodDisruptionBudget').properties!['spec']!.properties!;
  assert.equal(budget['maxUnavailable']!['x-kubernetes-int-or-string'], true);
});

test('every reference names a definition and every list tells its type', () => {
  const check = (where: string, value: unknown): void => {
    if (typeof value !== 'object' || value === null) return;
    const { $ref, type } = value as { $ref?: unknown; type?: unknown };
    if (typeof $ref === 'string') assert.ok(builtInDefinitions[$ref], `${where}: ${$ref}`);
    if (type === 'array') assert.ok('x-kubernetes-list-type' in value, where);
    for (const [key, member] of Object.entries(value)) check(`${where}.${key}`, member);
  };
  check('', builtInDefinitions);
});
