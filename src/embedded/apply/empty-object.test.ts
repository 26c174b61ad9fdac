import assert from 'node:assert/strict';
import test from 'node:test';

import type { JsonObject } from '../../schema/index.ts';
import { builtInSchema } from '../documents/index.ts';
import { managedFieldsOf } from './managed-fields.ts';
import { updateManagedFields } from './managed-fields-update.ts';

function fieldsOfCreated(group: string, version: string, kind: string, next: JsonObject): unknown {
  const schema = builtInSchema(group, version, kind);
  updateManagedFields({
    schema,
    custom: false,
    live: undefined,
    next,
    manager: 'm',
    apiVersion: version,
    subresource: '',
    now: 0,
    resetFields: [['status']],
  });
  return (managedFieldsOf(next) as JsonObject[] | undefined)?.[0]?.['fieldsV1'];
}

test('a created Deployment owns what is in its structs, but not them', () => {
  const deployment: JsonObject = {
    metadata: { name: 'd', labels: { app: 'd' } },
    spec: {
      replicas: 1,
      selector: { matchLabels: { app: 'd' } },
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: '25%', maxUnavailable: '25%' } },
      template: {
        metadata: { labels: { app: 'd' } },
        spec: { containers: [{ name: 'c', image: 'i', resources: {} }], securityContext: {}, dnsPolicy: 'x' },
      },
    },
    status: {},
  };
  assert.deepEqual(fieldsOfCreated('apps', 'v1', 'Deployment', deployment), {
    'f:metadata': { 'f:labels': { '.': {}, 'f:app': {} } },
    'f:spec': {
      'f:replicas': {},
      'f:selector': {},
      'f:strategy': {
        'f:rollingUpdate': { '.': {}, 'f:maxSurge': {}, 'f:maxUnavailable': {} },
        'f:type': {},
      },
      'f:template': {
        'f:metadata': { 'f:labels': { '.': {}, 'f:app': {} } },
        'f:spec': {
          'f:containers': {
            'k:{"name":"c"}': { '.': {}, 'f:image': {}, 'f:name': {}, 'f:resources': {} },
          },
          'f:dnsPolicy': {},
          'f:securityContext': {},
        },
      },
    },
  });
});

test('a created Service owns the list of its ports, since it may have none, with the default of their keys', () => {
  const service: JsonObject = {
    metadata: { name: 's' },
    spec: {
      ports: [{ port: 80, protocol: 'TCP', targetPort: 80 }],
      selector: { app: 'd' },
      type: 'ClusterIP',
    },
    status: { loadBalancer: {} },
  };
  assert.deepEqual(fieldsOfCreated('', 'v1', 'Service', service), {
    'f:spec': {
      'f:ports': {
        '.': {},
        'k:{"port":80,"protocol":"TCP"}': { '.': {}, 'f:port': {}, 'f:protocol': {}, 'f:targetPort': {} },
      },
      'f:selector': {},
      'f:type': {},
    },
  });
});

test('a created Event does not own the times that it lacks', () => {
  const event: JsonObject = {
    metadata: { name: 'e' },
    involvedObject: { kind: 'Node', name: 'n' },
    eventTime: null,
    firstTimestamp: null,
    reason: 'Because',
    source: { component: 'c' },
  };
  assert.deepEqual(fieldsOfCreated('', 'v1', 'Event', event), {
    'f:involvedObject': {},
    'f:reason': {},
    'f:source': { 'f:component': {} },
  });
});
