import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JsonObject } from '../../schema/index.ts';
import { impersonate } from './impersonation.ts';
import { resourceAttributes } from './request-attributes.ts';
import { requestHeaders } from './request-headers.ts';
import { binding, role, SampleCluster } from './sample-cluster.ts';
import { user, type User, userInfo } from './user.ts';

const alice = user('alice', { groups: ['devs', 'system:authenticated'] });
const admin = user('admin', { groups: ['system:masters', 'system:authenticated'] });
const authentication = 'authentication.k8s.io';

function acting(cluster: SampleCluster, who: User, ...rawHeaders: string[]): JsonObject | string {
  const asked = resourceAttributes({ user: who, verb: 'list', resource: 'pods', namespace: 'ns' });
  const outcome = impersonate(requestHeaders(rawHeaders), asked, cluster.authorize);
  return 'user' in outcome ? userInfo(outcome.user) : `${outcome.refusal.code} ${outcome.refusal.message}`;
}

function refused(outcome: JsonObject | string): string {
  assert.ok(typeof outcome === 'string', 'it was allowed');
  return outcome;
}

function allowing(...rules: Parameters<typeof role>[2][]): SampleCluster {
  return new SampleCluster(
    role('', 'held', ...rules),
    binding('', 'held', 'held', [{ kind: 'User', name: 'alice' }]),
  );
}

test('without the headers a request is its user’s', () => {
  const cluster = new SampleCluster();
  assert.deepEqual(acting(cluster, alice, 'accept', 'x'), userInfo(alice));
  assert.deepEqual(acting(cluster, alice, 'impersonate-user', ''), userInfo(alice));
});

test('a master may be anybody, with the groups that such users have', () => {
  const cluster = new SampleCluster();
  const bob = acting(
    cluster,
    admin,
    'Impersonate-User',
    'bob',
    'Impersonate-Group',
    'a, b',
    'impersonate-group',
    'c',
  );
  assert.deepEqual(bob, { username: 'bob', groups: ['a, b', 'c', 'system:authenticated'] });
  assert.deepEqual(acting(cluster, admin, 'Impersonate-User', 'system:serviceaccount:ns:bot'), {
    username: 'system:serviceaccount:ns:bot',
    groups: ['system:serviceaccounts', 'system:serviceaccounts:ns', 'system:authenticated'],
  });
  assert.deepEqual(acting(cluster, admin, 'Impersonate-User', 'system:node:n1'), {
    username: 'system:node:n1',
    groups: ['system:nodes', 'system:authenticated'],
  });
  assert.deepEqual(acting(cluster, admin, 'Impersonate-User', 'system:anonymous'), {
    username: 'system:anonymous',
    groups: ['system:unauthenticated'],
  });
  assert.deepEqual(
    acting(cluster, admin, 'Impersonate-User', 'x', 'Impersonate-Group', 'system:unauthenticated'),
    { username: 'x', groups: ['system:unauthenticated'] },
  );
  assert.deepEqual(
    acting(cluster, admin, 'Impersonate-User', 'root', 'Impersonate-Group', 'system:masters'),
    { username: 'root', groups: ['system:masters', 'system:authenticated'] },
  );
});

test('uid and extra are taken over, with their keys unescaped', () => {
  // In pairs: name, value.
  const headers = [
    'Impersonate-User',
    'bob',
    'Impersonate-Uid',
    '7',
    'Impersonate-Extra-Acme.com%2FProject',
    'one',
    'Impersonate-Extra-acme.com%2fproject',
    'two',
    'Impersonate-Extra-__proto__',
    'x',
    'Impersonate-Extra-Bad%zz',
    'y',
  ];
  assert.equal(
    JSON.stringify(acting(new SampleCluster(), admin, ...headers)),
    '{"username":"bob","uid":"7","groups":["system:authenticated"],' +
      '"extra":{"acme.com/project":["one","two"],"__proto__":["x"],"bad%zz":["y"]}}',
  );
});

test('a user is needed', () => {
  const cluster = new SampleCluster();
  assert.equal(
    acting(cluster, admin, 'Impersonate-Group', 'ops'),
    '400 requested &user.DefaultInfo{Name:"", UID:"", Groups:[]string{"ops"}, Extra:map[string][]string(nil)} ' +
      'without impersonating a user name',
  );
  assert.equal(
    acting(cluster, alice, 'Impersonate-Uid', '7', 'Impersonate-Extra-B', '1', 'Impersonate-Extra-A', '2"'),
    String.raw`400 requested &user.DefaultInfo{Name:"", UID:"7", Groups:[]string(nil), Extra:map[string][]string{"a":[]string{"2\""}, "b":[]string{"1"}}} without impersonating a user name`,
  );
});

test('the refusal is that of the first way to be allowed', () => {
  const cluster = new SampleCluster();
  assert.equal(
    acting(cluster, alice, 'Impersonate-User', 'bob'),
    '403 pods is forbidden: User "alice" cannot impersonate-on:user-info:list resource "pods" in API group "" in the namespace "ns"',
  );
  assert.match(
    refused(acting(cluster, alice, 'Impersonate-User', 'system:node:n')),
    /cannot impersonate-on:arbitrary-node:list resource "pods"/,
  );
  assert.match(
    refused(acting(cluster, alice, 'Impersonate-User', 'system:serviceaccount:ns:bot')),
    /cannot impersonate-on:serviceaccount:list resource "pods"/,
  );
  assert.equal(
    acting(cluster, alice, 'Impersonate-User', 'system:serviceaccount:ns:bot', 'Impersonate-Group', 'g'),
    '403 serviceaccounts "bot" is forbidden: User "alice" cannot impersonate resource "serviceaccounts" in API group "" in the namespace "ns"',
  );
});

test('the old verb needs each thing that is impersonated', () => {
  const cluster = allowing(
    { verbs: ['impersonate'], apiGroups: [''], resources: ['users'], resourceNames: ['bob'] },
    { verbs: ['impersonate'], apiGroups: [''], resources: ['groups'], resourceNames: ['g'] },
    { verbs: ['impersonate'], apiGroups: [authentication], resources: ['userextras/a'] },
  );
  const as = (...rest: string[]): JsonObject | string =>
    acting(cluster, alice, 'Impersonate-User', 'bob', ...rest);
  assert.deepEqual(as(), { username: 'bob', groups: ['system:authenticated'] });
  assert.ok(typeof as('Impersonate-Group', 'g', 'Impersonate-Extra-A', '1') === 'object');
  for (const rest of [
    ['Impersonate-Group', 'system:masters'],
    ['Impersonate-Group', 'g', 'Impersonate-Group', 'h'],
    ['Impersonate-Uid', '1'],
    ['Impersonate-Extra-B', '1'],
  ]) {
    assert.match(refused(as(...rest)), /^403 /, rest.join());
  }
  assert.match(refused(acting(cluster, alice, 'Impersonate-User', 'eve')), /^403 /);
});

test('the new verbs need the user and what is done as that user', () => {
  const identity = {
    verbs: ['impersonate:user-info'],
    apiGroups: [authentication],
    resources: ['users', 'groups', 'userextras/*'],
  };
  const action = { verbs: ['impersonate-on:user-info:list'], apiGroups: [''], resources: ['pods'] };
  assert.match(
    refused(acting(allowing(identity), alice, 'Impersonate-User', 'bob')),
    /impersonate-on:user-info:list/,
  );
  assert.match(
    refused(acting(allowing(action), alice, 'Impersonate-User', 'bob')),
    /^403 users\.authentication\.k8s\.io "bob" is forbidden: User "alice" cannot impersonate:user-info resource "users"/,
  );
  const both = allowing(identity, action);
  assert.ok(typeof acting(both, alice, 'Impersonate-User', 'bob', 'Impersonate-Group', 'g') === 'object');
  for (const [headers, expected] of [
    [['Impersonate-Group', 'system:masters'], /impersonating the system:masters group is not allowed$/],
    [['Impersonate-Group', ''], /impersonating the empty string group is not allowed$/],
    [['Impersonate-Extra-Plain', 'x'], /impersonating an invalid key in extra is not allowed/],
    [['Impersonate-Extra-A.b%2Fc', ''], /impersonating the empty string value in extra is not allowed$/],
    [['Impersonate-Extra-A.b%2F%43', 'x'], /impersonating a non-lowercase key in extra is not allowed/],
  ] as const) {
    assert.match(refused(acting(both, alice, 'Impersonate-User', 'bob', ...headers)), expected);
  }
  assert.match(refused(acting(both, alice, 'Impersonate-User', 'system:node:n')), /^403 /);
});

test('a service account may be given the node it runs on', () => {
  const cluster = new SampleCluster(
    role(
      '',
      'held',
      { verbs: ['impersonate:associated-node'], apiGroups: [authentication], resources: ['nodes'] },
      { verbs: ['impersonate-on:associated-node:list'], apiGroups: [''], resources: ['pods'] },
    ),
    binding('', 'held', 'held', [{ kind: 'ServiceAccount', namespace: 'ns', name: 'bot' }]),
  );
  const bot = user('system:serviceaccount:ns:bot', {
    extra: new Map([['authentication.kubernetes.io/node-name', ['n1']]]),
  });
  assert.deepEqual(acting(cluster, bot, 'Impersonate-User', 'system:node:n1'), {
    username: 'system:node:n1',
    groups: ['system:nodes', 'system:authenticated'],
  });
  assert.match(refused(acting(cluster, bot, 'Impersonate-User', 'system:node:n2')), /arbitrary-node/);
});
