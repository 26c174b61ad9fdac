import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Registry } from 'prom-client';
import {
  API_VERSION,
  CORDON_ANNOTATION,
  DRAIN_STARTED_ANNOTATION,
  REASON_ANNOTATION,
  STATE_ANNOTATION,
  type MachineConfigNode,
  type MachineConfigPool,
} from '../api/index.ts';
import { ObjectCache, type Informer, type KubeObject } from '../kube/index.ts';
import { addRollout } from './rollout-metrics.ts';
import type { PoolNode } from './resources.ts';
import { pool } from './test-view.ts';

function held<T extends KubeObject>(...objects: readonly T[]): Informer<T> {
  const cache = new ObjectCache<T>();
  cache.replace(objects);
  return { cache } as unknown as Informer<T>;
}

function node(
  name: string,
  role: string,
  more: { readonly metadata?: KubeObject['metadata']; readonly spec?: NonNullable<PoolNode['spec']> } = {},
): PoolNode {
  const { metadata, ...rest } = more;
  return {
    ...rest,
    metadata: { ...metadata, name, labels: { [`node-role.kubernetes.io/${role}`]: '', ...metadata?.labels } },
  };
}

test('what nodes and pools say is told by pool and node', async () => {
  const registry = new Registry();
  const drained: MachineConfigNode = {
    apiVersion: API_VERSION,
    kind: 'MachineConfigNode',
    metadata: { name: 'n1' },
    spec: { node: { name: 'n1' }, pool: { name: 'worker' }, configVersion: { desired: 'a' } },
    status: {
      conditions: [
        {
          type: 'Drained',
          status: 'Unknown',
          reason: 'DrainTimedOut',
          message: 'Pod a/b is held.',
          lastTransitionTime: '2026-11-21T12:00:00Z',
        },
      ],
      configVersion: { desired: 'a' },
    },
  };
  const worker: MachineConfigPool = {
    ...pool('worker'),
    status: { machineCount: 2, updatedMachineCount: 1 },
  };
  addRollout(registry, {
    pools: held(worker, pool('gpu'), pool('fast')),
    machineConfigNodes: held(drained),
    nodes: held(
      node('n1', 'worker', {
        metadata: {
          annotations: {
            [STATE_ANNOTATION]: 'Working',
            [REASON_ANNOTATION]: 'x'.repeat(200),
            [CORDON_ANNOTATION]: 'Own',
            [DRAIN_STARTED_ANNOTATION]: '2026-01-01T00:00:00Z',
          },
        },
        spec: { unschedulable: true },
      }),
      node('n2', 'worker', { spec: { unschedulable: true } }),
      node('n3', 'gpu', { metadata: { labels: { 'node-role.kubernetes.io/fast': '' } } }),
    ),
  });
  const lines = (await registry.metrics()).split('\n');
  for (const expected of [
    'mco_machine_count{pool="worker"} 2',
    'mco_updated_machine_count{pool="worker"} 1',
    'varve_nodes_draining{pool="worker"} 1',
    'varve_nodes_draining{pool="gpu"} 0',
    'varve_nodes_cordoned{pool="worker"} 1',
    'varve_nodes_cordoned_by_person{pool="worker"} 1',
    'mcc_drain_err{node="n1"} 1',
    'mcc_pool_alert{node="n3"} 1',
    `mco_state{node="n1",pool="worker",state="Working",reason="${'x'.repeat(80)}"} 1`,
  ])
    assert.ok(lines.includes(expected), `${expected} is not among\n${lines.join('\n')}`);
  assert.ok(!lines.some((line) => line.startsWith('mcc_pool_alert{node="n1"')));
});
