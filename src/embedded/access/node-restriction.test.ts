import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JsonObject } from '../../schema/index.ts';
import { API_GROUP } from '../../api/index.ts';
import type { AdmittedWrite } from './admitted-write.ts';
import { refuseNodeWrite } from './node-restriction.ts';
import { SampleCluster } from './sample-cluster.ts';
import { user } from './user.ts';

const kubelet = user('system:node:a', { groups: ['system:nodes', 'system:authenticated'] });
const agentName = 'system:serviceaccount:openshift-machine-config-operator:varve-agent';
const agent = user(agentName, { extra: new Map([['authentication.kubernetes.io/node-name', ['a']]]) });
const pod = (name: string, nodeName: string): JsonObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'ns', uid: `uid-${name}` },
  spec: { nodeName },
});
const cluster = new SampleCluster(pod('mine', 'a'), pod('other', 'b'), {
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name: 'a', uid: 'uid-a' },
});

function problem(
  facts: Partial<AdmittedWrite> & Pick<AdmittedWrite, 'operation' | 'resource' | 'name'>,
): string {
  const write = { user: kubelet, group: '', subresource: '', namespace: '', ...facts };
  return refuseNodeWrite(write, cluster.read)?.message ?? 'admitted';
}

const node = (metadata: JsonObject = {}, spec: JsonObject = {}): JsonObject => ({ metadata, spec });

for (const [identity, who] of [['a node', kubelet]] as const) {
  test(`${identity} modifies no other Node, MachineConfigNode or Lease`, () => {
    for (const subresource of ['', 'status']) {
      const write = {
        user: who,
        operation: 'update',
        resource: 'nodes',
        subresource,
        object: node(),
        old: node(),
      } as const;
      assert.equal(problem({ ...write, name: 'a' }), 'admitted');
      assert.equal(
        problem({ ...write, name: 'b' }),
        'nodes "b" is forbidden: node "a" is not allowed to modify node "b"',
      );
      const own = { ...write, resource: 'machineconfignodes', group: API_GROUP };
      assert.equal(problem({ ...own, name: 'a' }), 'admitted');
      assert.equal(
        problem({ ...own, name: 'b' }),
        'machineconfignodes.machineconfiguration.openshift.io "b" is forbidden: ' +
          'node "a" is not allowed to modify machineconfignode "b"',
      );
    }
    for (const operation of ['create', 'update', 'delete'] as const) {
      const lease = { user: who, operation, group: 'coordination.k8s.io', resource: 'leases' };
      assert.equal(problem({ ...lease, namespace: 'kube-node-lease', name: 'a' }), 'admitted');
      assert.equal(
        problem({ ...lease, namespace: 'kube-node-lease', name: 'b' }),
        'leases.coordination.k8s.io "b" is forbidden: can only access node lease with the same name as the requesting node',
      );
      assert.match(
        problem({ ...lease, namespace: 'ns', name: 'a' }),
        /can only access leases in the "kube-node-lease"/,
      );
    }
  });
}

for (const [credential, who] of [
  ['token', agent],
  ['certificate', user('system:node:a', { groups: ['system:nodes', 'varve:agents'] })],
] as const) {
  const M = 'machineconfiguration.openshift.io';
  const before = {
    kind: 'Node',
    metadata: {
      name: 'a',
      labels: { l: '' },
      annotations: { [`${M}/desiredImage`]: 'x', [`${M}/state`]: 'Done' },
    },
    spec: { unschedulable: true },
    status: { phase: 'p' },
  };
  const write = { user: who, operation: 'update', resource: 'nodes', name: 'a', old: before } as const;
  const annotated = (annotations: JsonObject, more: JsonObject = {}): JsonObject => ({
    ...before,
    metadata: { ...before.metadata, annotations, ...more },
  });
  const { annotations } = before.metadata;

  test(`an agent with a ${credential} writes the annotations of its Node that are its own`, () => {
    const state = { ...annotations, [`${M}/state`]: 'Working', 'varve.dev/rollback-image': 'y' };
    assert.equal(problem({ ...write, object: annotated(state) }), 'admitted');
    assert.equal(
      problem({ ...write, object: annotated({ [`${M}/desiredImage`]: 'x' }) }),
      'admitted',
      'one may go',
    );
    assert.match(
      problem({ ...write, name: 'b', object: annotated(state) }),
      /not allowed to modify node "b"$/,
    );
  });

  test(`an agent with a ${credential} writes nothing else of its Node`, () => {
    for (const [object, expected] of [
      [
        annotated({ ...annotations, [`${M}/desiredImage`]: 'y', [`${M}/lastAppliedDrain`]: 'drain-x' }),
        `may not change the annotations of others: ${M}/desiredImage, ${M}/lastAppliedDrain`,
      ],
      [annotated({ [`${M}/state`]: 'Done' }), `may not change the annotations of others: ${M}/desiredImage`],
      [
        annotated(annotations, { labels: {} }),
        'may only change annotations of its Node, not metadata.labels',
      ],
      [
        annotated(annotations, { finalizers: ['f'] }),
        'may only change annotations of its Node, not metadata.finalizers',
      ],
      [{ ...before, spec: {} }, 'may only change annotations of its Node, not spec'],
      [{ ...before, status: {} }, 'may only change annotations of its Node, not status'],
    ] as const) {
      assert.equal(
        problem({ ...write, object }),
        `nodes "a" is forbidden: the agent of node "a" ${expected}`,
      );
    }
    const refusal = /the agent of node "a" may only change annotations of its Node$/;
    assert.match(problem({ ...write, subresource: 'status', object: before }), refusal);
    assert.match(
      problem({ user: who, operation: 'create', resource: 'nodes', name: 'a', object: before }),
      refusal,
    );
  });

  test(`an agent with a ${credential} tells events of its own Node alone`, () => {
    const told = {
      user: who,
      operation: 'create',
      resource: 'events',
      name: 'e',
      namespace: 'default',
    } as const;
    const about = (kind: string, name: string): JsonObject => ({ involvedObject: { kind, name } });
    assert.equal(problem({ ...told, object: about('Node', 'a') }), 'admitted');
    for (const object of [about('Node', 'b'), about('Pod', 'a'), {}]) {
      assert.match(problem({ ...told, object }), /the agent of node "a" may only tell events of its Node$/);
    }
  });

  test(`an agent with a ${credential} writes the status of its MachineConfigNode alone`, () => {
    const mcn = { user: who, operation: 'update', group: API_GROUP, resource: 'machineconfignodes' } as const;
    assert.equal(problem({ ...mcn, name: 'a', subresource: 'status', object: {}, old: {} }), 'admitted');
    assert.match(
      problem({ ...mcn, name: 'b', subresource: 'status' }),
      /not allowed to modify machineconfignode "b"$/,
    );
    assert.match(
      problem({ ...mcn, name: 'a', object: {}, old: {} }),
      /may only write the status of its machineconfignode$/,
    );
  });
}

test('an agent without a node modifies none of these, whatever its roles', () => {
  const unbound = user(agentName);
  for (const [group, resource] of [
    ['', 'nodes'],
    [API_GROUP, 'machineconfignodes'],
    ['coordination.k8s.io', 'leases'],
  ] as const) {
    const write = { user: unbound, operation: 'update', group, resource, name: 'a', namespace: '' } as const;
    assert.match(
      problem(write),
      new RegExp(`is forbidden: could not determine node from user "${agentName}"$`),
    );
  }
});

test('a node keeps its taints and the labels that steer workloads', () => {
  const update = { operation: 'update', resource: 'nodes', name: 'a' } as const;
  const taints = [{ key: 'k', effect: 'NoSchedule' }];
  assert.equal(
    problem({ ...update, object: node({}, {}), old: node({}, { taints }) }),
    'nodes "a" is forbidden: node "a" is not allowed to modify taints',
  );
  const reordered = [{ effect: 'NoSchedule', key: 'k' }];
  assert.equal(
    problem({
      ...update,
      object: node({}, { taints: reordered, unschedulable: true }),
      old: node({}, { taints }),
    }),
    'admitted',
  );
  const labels = (given: JsonObject): JsonObject => node({ labels: given });
  for (const [key, isFree] of [
    ['kubernetes.io/hostname', true],
    ['node.kubernetes.io/anything', true],
    ['x.kubelet.kubernetes.io/y', true],
    ['example.com/x', true],
    ['plain', true],
    ['node-role.kubernetes.io/master', false],
    ['a.node-restriction.kubernetes.io/x', false],
    ['k8s.io/x', false],
  ] as const) {
    assert.equal(
      problem({ ...update, object: labels({ [key]: '' }), old: labels({}) }),
      isFree ? 'admitted' : `nodes "a" is forbidden: is not allowed to modify labels: ${key}`,
    );
    assert.equal(
      problem({ ...update, object: labels({ [key]: '1' }), old: labels({ [key]: '1' }) }),
      'admitted',
    );
    assert.equal(
      problem({ operation: 'create', resource: 'nodes', name: 'a', object: labels({ [key]: '' }) }),
      isFree
        ? 'admitted'
        : `nodes "a" is forbidden: node "a" is not allowed to set the following labels: ${key}`,
    );
  }
});

test('a node deletes and evicts only pods on it', () => {
  const del = { operation: 'delete', resource: 'pods', namespace: 'ns' } as const;
  assert.equal(problem({ ...del, name: 'mine' }), 'admitted');
  assert.equal(
    problem({ ...del, name: 'other' }),
    'pods "other" is forbidden: node "a" can only delete pods with spec.nodeName set to itself',
  );
  assert.equal(problem({ ...del, name: 'absent' }), 'pods "absent" not found');
  const evict = { operation: 'create', resource: 'pods', subresource: 'eviction', namespace: 'ns' } as const;
  assert.equal(problem({ ...evict, name: 'mine' }), 'admitted');
  assert.match(
    problem({ ...evict, name: 'other' }),
    /node a can only evict pods with spec\.nodeName set to itself$/,
  );
});

test('a node writes the status of pods on it, not their labels', () => {
  const status = {
    operation: 'update',
    resource: 'pods',
    subresource: 'status',
    namespace: 'ns',
    name: 'p',
  } as const;
  const mine = pod('p', 'a');
  assert.equal(problem({ ...status, object: { ...mine, status: {} }, old: mine }), 'admitted');
  assert.match(
    problem({ ...status, object: pod('p', 'a'), old: pod('p', 'b') }),
    /can only update pod status for pods with spec\.nodeName set to itself$/,
  );
  assert.match(
    problem({ ...status, object: { ...mine, metadata: { labels: { a: 'b' } } }, old: mine }),
    /node "a" cannot update labels through pod status$/,
  );
  const other = { operation: 'update', resource: 'pods', namespace: 'ns', name: 'mine' } as const;
  assert.match(
    problem(other),
    /unexpected operation "UPDATE", node "a" can only create and delete mirror pods$/,
  );
  assert.match(
    problem({ ...other, operation: 'create', subresource: 'exec' }),
    /unexpected pod subresource "exec", only 'status' and 'eviction' are allowed$/,
  );
});

test('a node creates only mirror pods, which refer to nothing', () => {
  const owner = { apiVersion: 'v1', kind: 'Node', name: 'a', uid: 'uid-a', controller: true };
  const mirror = (spec: JsonObject, ownerReferences: JsonObject[] = [owner]): JsonObject => ({
    metadata: { name: 'm', annotations: { 'kubernetes.io/config.mirror': 'x' }, ownerReferences },
    spec: { nodeName: 'a', ...spec },
  });
  const create = (object: JsonObject): string =>
    problem({ operation: 'create', resource: 'pods', namespace: 'ns', name: 'm', object });
  assert.equal(create(mirror({})), 'admitted');
  for (const [object, expected] of [
    [{ metadata: {} }, /does not have "kubernetes\.io\/config\.mirror" annotation/],
    [mirror({ nodeName: 'b' }), /can only create pods with spec\.nodeName set to itself$/],
    [mirror({}, []), /can only create pods with an owner reference set to itself$/],
    [mirror({}, [owner, owner]), /a single owner reference set to itself$/],
    [mirror({}, [{ ...owner, controller: false }]), /a controller owner reference set to itself$/],
    [mirror({}, [{ ...owner, blockOwnerDeletion: true }]), /must not set blockOwnerDeletion/],
    [mirror({}, [{ ...owner, uid: 'x' }]), /node a UID mismatch: expected x got uid-a$/],
    [mirror({ serviceAccountName: 'x' }), /can not create pods that reference a service account$/],
    [mirror({ volumes: [{ secret: { secretName: 's' } }] }), /can not create pods that reference secrets$/],
    [
      mirror({ volumes: [{ projected: { sources: [{ configMap: { name: 'c' } }] } }] }),
      /can not create pods that reference configmaps$/,
    ],
    [
      mirror({ containers: [{ envFrom: [{ secretRef: { name: 's' } }] }] }),
      /can not create pods that reference secrets$/,
    ],
    [
      mirror({ volumes: [{ persistentVolumeClaim: { claimName: 'c' } }] }),
      /can not create pods that reference persistentvolumeclaims$/,
    ],
  ] as const) {
    assert.match(create(object), expected);
  }
  assert.equal(create(mirror({ odd: Array.from({ length: 200_000 }, () => null) })), 'admitted');
});

test('a token that a node asks for is bound to a pod on it', () => {
  const ask = (boundObjectRef: JsonObject | null): string =>
    problem({
      operation: 'create',
      resource: 'serviceaccounts',
      subresource: 'token',
      namespace: 'ns',
      name: 'sa',
      object: { spec: { boundObjectRef } },
    });
  const mine = { apiVersion: 'v1', kind: 'Pod', name: 'mine', uid: 'uid-mine' };
  assert.equal(ask(mine), 'admitted');
  assert.match(ask(null), /node requested token not bound to a pod$/);
  assert.match(ask({ ...mine, kind: 'Node' }), /node requested token not bound to a pod$/);
  assert.match(ask({ ...mine, uid: '' }), /with a pod binding without a uid$/);
  assert.match(ask({ ...mine, uid: 'x' }), /\(x\) does not match the UID in record/);
  assert.match(ask({ ...mine, name: 'other', uid: 'uid-other' }), /a pod scheduled on a different node$/);
});

test('other users and other resources are not restricted', () => {
  assert.equal(
    problem({ user: user('admin'), operation: 'update', resource: 'nodes', name: 'b' }),
    'admitted',
  );
  assert.equal(problem({ operation: 'create', resource: 'events', name: 'e' }), 'admitted');
});
