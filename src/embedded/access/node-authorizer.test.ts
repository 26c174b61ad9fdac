import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JsonObject } from '../../schema/index.ts';
import { API_GROUP } from '../../api/index.ts';
import {
  forbiddenRequest,
  pathAttributes,
  type RequestAttributes,
  resourceAttributes,
} from './request-attributes.ts';
import { binding, role, SampleCluster } from './sample-cluster.ts';
import { authenticated, type User, user } from './user.ts';

const kubelet = authenticated(user('system:node:a', { groups: ['system:nodes'] }));
const agent = authenticated(
  user('system:serviceaccount:openshift-machine-config-operator:varve-agent', {
    groups: ['system:serviceaccounts', 'system:serviceaccounts:openshift-machine-config-operator'],
    extra: new Map([['authentication.kubernetes.io/node-name', ['a']]]),
  }),
);
const pod = (name: string, nodeName: string): JsonObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'ns' },
  spec: { nodeName },
});
const cluster = new SampleCluster(pod('mine', 'a'), pod('other', 'b'), pod('pending', ''));

function request(
  who: User,
  verb: string,
  resource: string,
  facts: Partial<RequestAttributes> = {},
): RequestAttributes {
  const [name = '', subresource = ''] = resource.split('/');
  return resourceAttributes({ user: who, verb, resource: name, subresource, ...facts });
}

function message(asked: RequestAttributes): string {
  const decision = cluster.authorize(asked);
  return decision.allowed ? 'allowed' : forbiddenRequest(asked, decision.reason).message;
}

for (const [identity, who] of [
  ['a node', kubelet],
  ['an agent with a token bound to the node', agent],
] as const) {
  const { username } = who;

  test(`${identity} reads its own Node`, () => {
    const own = { fieldRequirements: [{ field: 'metadata.name', value: 'a' }] };
    assert.equal(message(request(who, 'get', 'nodes', { name: 'a' })), 'allowed');
    assert.equal(message(request(who, 'watch', 'nodes', own)), 'allowed');
    assert.equal(message(request(who, 'list', 'nodes', own)), 'allowed');
    assert.equal(
      message(request(who, 'get', 'nodes', { name: 'b' })),
      `nodes "b" is forbidden: User "${username}" cannot get resource "nodes" in API group "" at the cluster scope: ` +
        `node 'a' cannot read 'b', only its own Node object`,
    );
    assert.equal(
      message(request(who, 'list', 'nodes')),
      `nodes is forbidden: User "${username}" cannot list resource "nodes" in API group "" at the cluster scope: ` +
        `node 'a' cannot read all nodes, only its own Node object`,
    );
  });
}

for (const [identity, who] of [['a node', kubelet]] as const) {
  test(`${identity} writes Nodes and MachineConfigNodes as far as admission lets it`, () => {
    for (const resource of ['nodes', 'nodes/status']) {
      for (const verb of ['update', 'patch']) {
        assert.equal(message(request(who, verb, resource, { name: 'a' })), 'allowed');
        const own = { name: 'a', group: API_GROUP };
        assert.equal(
          message(request(who, verb, resource.replace('nodes', 'machineconfignodes'), own)),
          'allowed',
        );
      }
    }
    assert.equal(message(request(who, 'create', 'nodes')), 'allowed');
    for (const [verb, resource] of [
      ['delete', 'nodes'],
      ['deletecollection', 'nodes'],
      ['get', 'nodes/status'],
      ['update', 'nodes/proxy'],
    ] as const) {
      assert.match(message(request(who, verb, resource, { name: 'a' })), /^nodes .*is forbidden/);
    }
    const mcn = { group: API_GROUP, name: 'a' };
    assert.match(message(request(who, 'create', 'machineconfignodes', mcn)), /is forbidden/);
    assert.match(message(request(who, 'delete', 'machineconfignodes', mcn)), /is forbidden/);
  });

  test(`${identity} reads its own MachineConfigNode and the configuration`, () => {
    const group = API_GROUP;
    assert.equal(message(request(who, 'get', 'machineconfignodes', { group, name: 'a' })), 'allowed');
    assert.match(
      message(request(who, 'get', 'machineconfignodes', { group, name: 'b' })),
      /: node 'a' cannot read 'b', only its own MachineConfigNode object$/,
    );
    assert.match(
      message(request(who, 'list', 'machineconfignodes', { group })),
      /cannot read all machineconfignodes/,
    );
    for (const resource of ['machineconfigs', 'machineconfigpools', 'machineosbuilds', 'controllerconfigs']) {
      assert.equal(message(request(who, 'list', resource, { group })), 'allowed');
      assert.match(message(request(who, 'update', resource, { group, name: 'x' })), /is forbidden/);
    }
  });

  test(`${identity} reads the pods on it`, () => {
    const on = (value: string): Partial<RequestAttributes> => ({
      fieldRequirements: [{ field: 'spec.nodeName', value }],
    });
    assert.equal(message(request(who, 'list', 'pods', on('a'))), 'allowed');
    assert.equal(message(request(who, 'watch', 'pods', { ...on('a'), namespace: 'ns' })), 'allowed');
    assert.match(
      message(request(who, 'list', 'pods', on('b'))),
      /: can only list\/watch pods with spec\.nodeName field selector$/,
    );
    assert.equal(message(request(who, 'get', 'pods', { namespace: 'ns', name: 'mine' })), 'allowed');
    for (const name of ['other', 'pending', 'absent']) {
      assert.match(
        message(request(who, 'get', 'pods', { namespace: 'ns', name })),
        /: no relationship found between node 'a' and this object$/,
      );
    }
    assert.equal(
      message(request(who, 'create', 'pods/eviction', { namespace: 'ns', name: 'mine' })),
      'allowed',
    );
    assert.match(
      message(request(who, 'create', 'pods/eviction', { namespace: 'ns', name: 'other' })),
      /: node a can only evict pods with spec\.nodeName set to itself$/,
    );
    assert.equal(message(request(who, 'patch', 'pods/status', { namespace: 'ns', name: 'mine' })), 'allowed');
    for (const resource of ['pods/exec', 'pods/log', 'pods/binding']) {
      assert.match(
        message(request(who, 'create', resource, { namespace: 'ns', name: 'mine' })),
        /is forbidden/,
      );
    }
  });

  test(`${identity} has its own Lease`, () => {
    const lease = { group: 'coordination.k8s.io', namespace: 'kube-node-lease' };
    for (const verb of ['get', 'update', 'patch', 'delete']) {
      assert.equal(message(request(who, verb, 'leases', { ...lease, name: 'a' })), 'allowed');
      assert.match(
        message(request(who, verb, 'leases', { ...lease, name: 'b' })),
        /: can only access node lease with the same name as the requesting node$/,
      );
    }
    assert.equal(message(request(who, 'create', 'leases', lease)), 'allowed');
    assert.match(
      message(request(who, 'list', 'leases', lease)),
      /: can only get, create, update, patch, or delete a node lease$/,
    );
    assert.match(
      message(request(who, 'get', 'leases', { ...lease, namespace: 'ns', name: 'a' })),
      /: can only access leases in the "kube-node-lease" system namespace$/,
    );
  });

  test(`${identity} creates events, and reads no secrets, config maps or signing requests`, () => {
    assert.equal(message(request(who, 'create', 'events', { namespace: 'ns' })), 'allowed');
    assert.equal(message(request(who, 'patch', 'events', { group: 'events.k8s.io', name: 'e' })), 'allowed');
    assert.match(message(request(who, 'list', 'events')), /is forbidden/);
    for (const resource of ['secrets', 'configmaps']) {
      for (const verb of ['get', 'list', 'watch', 'update']) {
        assert.match(
          message(request(who, verb, resource, { namespace: 'ns', name: 'x' })),
          /: no relationship found between node 'a' and this object$/,
        );
      }
    }
    const csr = { group: 'certificates.k8s.io' };
    assert.match(message(request(who, 'create', 'certificatesigningrequests', csr)), /is forbidden/);
    assert.match(message(request(who, 'create', 'serviceaccounts/token', { name: 'x' })), /is forbidden/);
    assert.equal(cluster.authorize(pathAttributes(who, 'get', '/version')).allowed, true);
    assert.equal(cluster.authorize(pathAttributes(who, 'get', '/metrics')).allowed, false);
  });
}

test('an agent reads its own MachineConfigNode and writes its status, and annotates its Node as far as admission lets it', () => {
  assert.equal(message(request(agent, 'create', 'events', { namespace: 'default' })), 'allowed');
  const mine = { group: API_GROUP, name: 'a' };
  const one = { group: API_GROUP, fieldRequirements: [{ field: 'metadata.name', value: 'a' }] };
  assert.equal(message(request(agent, 'get', 'machineconfignodes', mine)), 'allowed');
  for (const facts of [one, { group: API_GROUP }]) {
    for (const verb of ['list', 'watch'])
      assert.match(message(request(agent, verb, 'machineconfignodes', facts)), /is forbidden/);
  }
  for (const verb of ['update', 'patch']) {
    assert.equal(message(request(agent, verb, 'machineconfignodes/status', mine)), 'allowed');
    assert.match(message(request(agent, verb, 'machineconfignodes', mine)), /is forbidden/);
    assert.equal(message(request(agent, verb, 'nodes', { name: 'a' })), 'allowed');
    assert.match(message(request(agent, verb, 'nodes/status', { name: 'a' })), /is forbidden/);
  }
});

test('an agent may nothing else that a kubelet may, by whichever credential', () => {
  const certified = authenticated(user('system:node:a', { groups: ['system:nodes', 'varve:agents'] }));
  for (const who of [agent, certified]) {
    assert.equal(message(request(who, 'get', 'nodes', { name: 'a' })), 'allowed');
    for (const [verb, resource, facts] of [
      ['create', 'nodes', {}],
      ['delete', 'nodes', { name: 'a' }],
      ['get', 'pods', { namespace: 'ns', name: 'mine' }],
      ['create', 'pods/eviction', { namespace: 'ns', name: 'mine' }],
      ['update', 'leases', { group: 'coordination.k8s.io', namespace: 'kube-node-lease', name: 'a' }],
      ['get', 'secrets', { namespace: 'ns', name: 'x' }],
      ['list', 'configmaps', { namespace: 'ns' }],
      ['patch', 'events', { namespace: 'ns', name: 'e' }],
      ['list', 'events', { namespace: 'ns' }],
      ['list', 'machineconfigs', { group: API_GROUP }],
      ['create', 'machineconfignodes', { group: API_GROUP, name: 'a' }],
    ] as const) {
      assert.match(message(request(who, verb, resource, facts)), /is forbidden/, `${verb} ${resource}`);
    }
  }
});

test('a role can give a node one secret more', () => {
  const own = new SampleCluster(
    role('ns', 'pull', {
      verbs: ['get'],
      apiGroups: [''],
      resources: ['secrets'],
      resourceNames: ['registry'],
    }),
    binding('ns', 'pull', 'pull', [{ kind: 'Group', name: 'system:nodes' }]),
  );
  assert.ok(own.authorize(request(kubelet, 'get', 'secrets', { namespace: 'ns', name: 'registry' })).allowed);
  assert.ok(!own.authorize(request(kubelet, 'get', 'secrets', { namespace: 'ns', name: 'else' })).allowed);
});

test('a node is who has both the name and the group', () => {
  const own = { name: 'a' };
  const nameOnly = authenticated(user('system:node:a', { groups: ['devs'] }));
  const groupOnly = authenticated(user('a', { groups: ['system:nodes'] }));
  for (const who of [nameOnly, groupOnly]) assert.match(message(request(who, 'get', 'nodes', own)), /scope$/);
});

test('an agent with a token that is bound to no node is none', () => {
  const unbound = { ...agent, extra: new Map() };
  assert.match(
    message(request(unbound, 'get', 'nodes', { name: 'a' })),
    /: unknown node for user "system:serviceaccount:openshift-machine-config-operator:varve-agent"$/,
  );
  const two = { ...agent, extra: new Map([['authentication.kubernetes.io/node-name', ['a', 'b']]]) };
  assert.match(message(request(two, 'get', 'nodes', { name: 'a' })), /: unknown node for user/);
});

test('another service account with a node-bound token gets nothing by it', () => {
  const other = { ...agent, username: 'system:serviceaccount:ns:varve-agent' };
  assert.match(message(request(other, 'get', 'nodes', { name: 'a' })), /at the cluster scope$/);
});
