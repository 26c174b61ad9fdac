import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ObjectCache, type KubeObject } from '../kube/index.ts';
import { controlPlaneMembers } from './control-plane.ts';
import type { Pod, PoolNode } from './resources.ts';

function held<T extends KubeObject>(objects: readonly T[]): { readonly cache: ObjectCache<T> } {
  const cache = new ObjectCache<T>();
  cache.replace(objects);
  return { cache };
}

function node(name: string, labels: Readonly<Record<string, string>>, ready = 'True'): PoolNode {
  return { metadata: { name, labels }, status: { conditions: [{ type: 'Ready', status: ready }] } };
}

function pod(name: string, nodeName: string, ready = 'True'): Pod {
  return {
    metadata: { name, namespace: 'kube-system' },
    spec: { nodeName },
    status: { conditions: [{ type: 'Ready', status: ready }] },
  };
}

const CONTROL_PLANE = { 'node-role.kubernetes.io/control-plane': '' };

test('members of the control plane are known by their label or their pods, and work as those say', () => {
  const members = controlPlaneMembers({
    nodes: held([
      node('m1', CONTROL_PLANE),
      node('m2', CONTROL_PLANE),
      node('m3', { 'node-role.kubernetes.io/master': '' }, 'Unknown'),
      node('etcd', {}),
      node('w1', {}),
    ]),
    controlPlanePods: held([
      pod('etcd-m1', 'm1'),
      pod('kube-apiserver-m2', 'm2', 'False'),
      pod('etcd-x', 'etcd'),
      pod('etcd-away', 'gone'),
    ]),
  });
  assert.deepEqual(members, [
    { node: 'm1', isHealthy: true },
    { node: 'm2', isHealthy: false, problem: 'pod kube-system/kube-apiserver-m2 is not ready' },
    { node: 'm3', isHealthy: false, problem: 'its condition Ready is Unknown' },
    { node: 'etcd', isHealthy: true },
  ]);
});

test('a cluster whose control plane is elsewhere has no members', () => {
  assert.deepEqual(
    controlPlaneMembers({ nodes: held([node('w1', {})]), controlPlanePods: held<Pod>([]) }),
    [],
  );
});
