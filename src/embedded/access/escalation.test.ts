import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JsonObject } from '../../schema/index.ts';
import { refuseEscalation, type RbacWrite } from './escalation.ts';
import { binding, role, SampleCluster } from './sample-cluster.ts';
import { user } from './user.ts';

const alice = user('alice', { groups: ['devs', 'system:authenticated'] });
const toAlice: JsonObject = { kind: 'User', name: 'alice' };
const rbac = 'rbac.authorization.k8s.io';
const readPods = { verbs: ['get', 'list'], apiGroups: [''], resources: ['pods'] };

function refusal(cluster: SampleCluster, write: Partial<RbacWrite> & { object: JsonObject }): string {
  const whole = { user: alice, resource: 'roles', namespace: 'ns', ...write } as const;
  return refuseEscalation(whole, cluster.policy, cluster.authorize)?.message ?? 'fine';
}

function holding(...rules: Parameters<typeof role>[2][]): SampleCluster {
  return new SampleCluster(role('ns', 'held', ...rules), binding('ns', 'held', 'held', [toAlice]));
}

test('who writes a role needs all that it allows', () => {
  const cluster = holding(readPods);
  assert.equal(refusal(cluster, { object: role('ns', 'new', { ...readPods, verbs: ['list'] }) }), 'fine');
  assert.equal(
    refusal(cluster, { object: role('ns', 'new', { verbs: ['*'], apiGroups: ['*'], resources: ['*'] }) }),
    'roles.rbac.authorization.k8s.io "new" is forbidden: user "alice" (groups=["devs" "system:authenticated"]) is ' +
      'attempting to grant RBAC permissions not currently held:\n{APIGroups:["*"], Resources:["*"], Verbs:["*"]}',
  );
  assert.equal(
    refusal(cluster, {
      object: role(
        'ns',
        'new',
        { verbs: ['get', 'delete', 'patch'], apiGroups: ['', 'apps'], resources: ['pods'] },
        { verbs: ['get'], apiGroups: [''], resources: ['secrets'], resourceNames: ['s'] },
      ),
    }).split('held:\n')[1],
    [
      '{APIGroups:[""], Resources:["pods"], Verbs:["delete" "patch"]}',
      '{APIGroups:[""], Resources:["secrets"], ResourceNames:["s"], Verbs:["get"]}',
      '{APIGroups:["apps"], Resources:["pods"], Verbs:["get" "delete" "patch"]}',
    ].join('\n'),
  );
});

test('what is held for some names does not cover all names', () => {
  const cluster = holding({ ...readPods, resourceNames: ['p', 'q'] });
  assert.equal(refusal(cluster, { object: role('ns', 'n', { ...readPods, resourceNames: ['p'] }) }), 'fine');
  assert.match(refusal(cluster, { object: role('ns', 'n', readPods) }), /not currently held/);
  assert.match(refusal(cluster, { object: role('ns', 'n', { ...readPods, resourceNames: ['z'] }) }), /"z"/);
});

test('subresources and paths are covered as they are matched', () => {
  const cluster = new SampleCluster(
    role(
      '',
      'held',
      { verbs: ['get'], apiGroups: [''], resources: ['pods', '*/log'] },
      { verbs: ['get'], nonResourceURLs: ['/a/*'] },
    ),
    binding('', 'held', 'held', [toAlice]),
  );
  const write = (rule: Parameters<typeof role>[2]): string =>
    refusal(cluster, { resource: 'clusterroles', namespace: '', object: role('', 'n', rule) });
  assert.equal(write({ verbs: ['get'], apiGroups: [''], resources: ['pods/log'] }), 'fine');
  assert.match(write({ verbs: ['get'], apiGroups: [''], resources: ['pods/status'] }), /"pods\/status"/);
  assert.equal(write({ verbs: ['get'], nonResourceURLs: ['/a/b', '/a/b/*'] }), 'fine');
  assert.match(
    write({ verbs: ['get'], nonResourceURLs: ['/*'] }),
    /\{NonResourceURLs:\["\/\*"\], Verbs:\["get"\]\}$/,
  );
});

test('masters, and who may escalate, write any role', () => {
  const all = role('ns', 'n', { verbs: ['*'], apiGroups: ['*'], resources: ['*'] });
  const master = user('root', { groups: ['system:masters'] });
  assert.equal(refusal(new SampleCluster(), { user: master, object: all }), 'fine');
  const cluster = holding({ verbs: ['escalate'], apiGroups: [rbac], resources: ['roles'] });
  assert.equal(refusal(cluster, { object: all }), 'fine');
  assert.match(
    refusal(cluster, { resource: 'clusterroles', namespace: '', object: role('', 'n', readPods) }),
    /^clusterroles\.rbac.* not currently held/s,
  );
});

test('escalate may be limited to a name, which a create does not have', () => {
  const cluster = holding({
    verbs: ['escalate'],
    apiGroups: [rbac],
    resources: ['roles'],
    resourceNames: ['n'],
  });
  const object = role('ns', 'n', readPods);
  assert.match(refusal(cluster, { object }), /not currently held/);
  assert.equal(refusal(cluster, { object, old: role('ns', 'n') }), 'fine');
});

test('who writes a binding needs what its role allows, or bind', () => {
  const strong = role('ns', 'strong', { verbs: ['delete'], apiGroups: [''], resources: ['pods'] });
  const object = binding('ns', 'b', 'strong', [toAlice]);
  const cluster = holding(readPods);
  cluster.add(strong);
  assert.match(
    refusal(cluster, { resource: 'rolebindings', object }),
    /^rolebindings\.rbac\.authorization\.k8s\.io "b" is forbidden: user "alice" .*\{APIGroups:\[""\], Resources:\["pods"\], Verbs:\["delete"\]\}$/s,
  );
  assert.equal(
    refusal(cluster, { resource: 'rolebindings', object: binding('ns', 'b', 'held', []) }),
    'fine',
  );
  assert.equal(
    refusal(cluster, { resource: 'rolebindings', object: binding('ns', 'b', 'gone', []) }),
    'roles.rbac.authorization.k8s.io "gone" not found',
  );
  cluster.add(
    role('ns', 'binder', {
      verbs: ['bind'],
      apiGroups: [rbac],
      resources: ['roles'],
      resourceNames: ['strong'],
    }),
    binding('ns', 'binder', 'binder', [toAlice]),
  );
  assert.equal(refusal(cluster, { resource: 'rolebindings', object }), 'fine');
});

test('a ClusterRoleBinding needs the rights everywhere, not only in one namespace', () => {
  const cluster = holding({ verbs: ['*'], apiGroups: ['*'], resources: ['*'] });
  const object = binding('', 'b', 'view', [toAlice]);
  assert.match(
    refusal(cluster, { resource: 'clusterrolebindings', namespace: '', object }),
    /not currently held/,
  );
});

test('an aggregation rule needs everything, also to be taken away', () => {
  const object: JsonObject = {
    ...role('', 'g'),
    aggregationRule: { clusterRoleSelectors: [{ matchLabels: { a: 'b' } }] },
  };
  const write = { resource: 'clusterroles', namespace: '' } as const;
  const message =
    'clusterroles.rbac.authorization.k8s.io "g" is forbidden: must have cluster-admin privileges to use the aggregationRule';
  assert.equal(refusal(new SampleCluster(), { ...write, object }), message);
  assert.equal(refusal(new SampleCluster(), { ...write, object: role('', 'g'), old: object }), message);
  const admin = new SampleCluster(binding('', 'b', 'cluster-admin', [toAlice]));
  assert.equal(refusal(admin, { ...write, object }), 'fine');
});

test('the garbage collector may go on with what nobody could write', () => {
  const old = {
    ...role('ns', 'n', readPods),
    metadata: { name: 'n', finalizers: ['a/b'], resourceVersion: '1' },
  };
  const object = { ...role('ns', 'n', readPods), metadata: { name: 'n', resourceVersion: '2' } };
  assert.equal(refusal(new SampleCluster(), { object, old }), 'fine');
  const labelled = { ...object, metadata: { name: 'n', labels: { a: 'b' } } };
  assert.match(refusal(new SampleCluster(), { object: labelled, old }), /not currently held/);
});

test('a role that multiplies to billions is refused at once', () => {
  const many = (letter: string): string[] => Array.from({ length: 1000 }, (_, index) => `${letter}${index}`);
  const object = role('ns', 'n', { verbs: many('v'), apiGroups: many('g'), resources: many('r') });
  const start = performance.now();
  assert.match(refusal(holding(readPods), { object }), /not currently held/);
  assert.ok(performance.now() - start < 60_000);
});
