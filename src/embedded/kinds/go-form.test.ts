import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JsonObject } from '../../schema/index.ts';
import { builtInSchema } from '../documents/index.ts';
import { toGoForm } from './go-form.ts';

test('toGoForm() removes what Go omits, and keeps what says something', () => {
  const pod: JsonObject = {
    metadata: { name: 'p', labels: {}, finalizers: [], annotations: { a: '' }, generateName: '' },
    spec: {
      nodeName: '',
      hostNetwork: false,
      nodeSelector: {},
      tolerations: null,
      runtimeClassName: '',
      terminationGracePeriodSeconds: 0,
      containers: [
        { name: 'c', image: '', command: [], args: [''], tty: false, env: [{ name: 'A', value: '' }] },
      ],
      volumes: [{ name: 'v', emptyDir: {} }],
    },
    unknown: {},
  };
  toGoForm(pod, builtInSchema('', 'v1', 'Pod'));
  assert.deepEqual(pod, {
    metadata: { name: 'p', annotations: { a: '' } },
    spec: {
      runtimeClassName: '',
      terminationGracePeriodSeconds: 0,
      containers: [{ name: 'c', args: [''], env: [{ name: 'A' }] }],
      volumes: [{ name: 'v', emptyDir: {} }],
    },
    unknown: {},
  });
});

test('toGoForm() keeps the replicas of a spec, and not of a status', () => {
  const deployment: JsonObject = { spec: { replicas: 0, minReadySeconds: 0 }, status: { replicas: 0 } };
  toGoForm(deployment, builtInSchema('apps', 'v1', 'Deployment'));
  assert.deepEqual(deployment, { spec: { replicas: 0 }, status: {} });
});

test('toGoForm() leaves what is free alone', () => {
  const definition: JsonObject = {
    spec: {
      versions: [
        {
          name: 'v1',
          subresources: { status: {} },
          schema: {
            openAPIV3Schema: {
              type: 'object',
              properties: {
                a: { type: 'string', default: '' },
                b: { type: 'object', default: {}, enum: [''] },
              },
            },
          },
        },
      ],
    },
  };
  const before = structuredClone(definition);
  toGoForm(definition, builtInSchema('apiextensions.k8s.io', 'v1', 'CustomResourceDefinition'));
  assert.deepEqual(definition, before);
});

test('toGoForm() survives what is nested without end', () => {
  let schema: JsonObject = { type: 'object' };
  for (let depth = 0; depth < 5000; depth++) schema = { not: schema };
  const definition = { spec: { versions: [{ name: 'v1', schema: { openAPIV3Schema: schema } }] } };
  toGoForm(definition, builtInSchema('apiextensions.k8s.io', 'v1', 'CustomResourceDefinition'));
});
