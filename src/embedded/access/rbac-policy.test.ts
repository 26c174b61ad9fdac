import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { JsonObject } from '../../schema/index.ts';
import { pathAttributes, type RequestAttributes, resourceAttributes } from './request-attributes.ts';
import { RbacPolicy } from './rbac-policy.ts';
import { binding, role, SampleCluster } from './sample-cluster.ts';
import { authenticated, user } from './user.ts';

const alice = authenticated(user('alice', { groups: ['devs'] }));
const toAlice: JsonObject = { kind: 'User', name: 'alice' };
const pods = { apiGroups: [''], resources: ['pods'] };

function request(verb: string, resource: string, facts: Partial<RequestAttributes> = {}): RequestAttributes {
  return resourceAttributes({ user: alice, verb, resource, ...facts });
}

function allows(cluster: SampleCluster, attributes: RequestAttributes): boolean {
  return cluster.authorize(attributes).allowed;
}

test('a RoleBinding counts in its namespace only, a ClusterRoleBinding everywhere', () => {
  const cluster = new SampleCluster(
    role('a', 'reader', { verbs: ['get'], ...pods }),
    binding('a', 'readers', 'reader', [toAlice]),
    role('', 'lister', { verbs: ['list'], ...pods }),
    binding('', 'listers', 'lister', [{ kind: 'Group', name: 'devs' }]),
  );
  assert.ok(allows(cluster, request('get', 'pods', { namespace: 'a', name: 'p' })));
  assert.ok(!allows(cluster, request('get', 'pods', { namespace: 'b', name: 'p' })));
  assert.ok(!allows(cluster, request('get', 'pods', { name: 'p' })));
  for (const namespace of ['', 'a', 'b']) assert.ok(allows(cluster, request('list', 'pods', { namespace })));
  assert.deepEqual(cluster.authorize(request('list', 'pods', { namespace: 'a' })), {
    allowed: true,
    reason: 'RBAC: allowed by ClusterRoleBinding "listers" of ClusterRole "lister" to Group "devs"',
  });
});

test('a RoleBinding may refer to a ClusterRole, for its namespace', () => {
  const cluster = new SampleCluster(binding('a', 'admins', 'admin', [toAlice], 'ClusterRole'));
  assert.deepEqual(cluster.authorize(request('delete', 'secrets', { namespace: 'a', name: 's' })), {
    allowed: true,
    reason: 'RBAC: allowed by RoleBinding "admins/a" of ClusterRole "admin" to User "alice"',
  });
  assert.ok(!allows(cluster, request('delete', 'secrets', { namespace: 'b', name: 's' })));
});

test('a ServiceAccount subject without a namespace is of the binding’s', () => {
  const cluster = new SampleCluster(
    role('a', 'r', { verbs: ['get'], ...pods }),
    binding('a', 'b', 'r', [{ kind: 'ServiceAccount', name: 'bot' }]),
    role('', 'c', { verbs: ['watch'], ...pods }),
    binding('', 'c', 'c', [{ kind: 'ServiceAccount', name: 'bot' }]),
  );
  const bot = user('system:serviceaccount:a:bot');
  assert.deepEqual(cluster.authorize(request('get', 'pods', { user: bot, namespace: 'a', name: 'p' })), {
    allowed: true,
    reason: 'RBAC: allowed by RoleBinding "b/a" of Role "r" to ServiceAccount "bot/a"',
  });
  assert.ok(!allows(cluster, request('watch', 'pods', { user: bot, namespace: 'a' })));
});

test('a subject is described as the first of the binding’s that fits', () => {
  const subjects = [{ kind: 'Group', name: 'nobody' }, { kind: 'Group', name: 'devs' }, toAlice];
  const cluster = new SampleCluster(
    role('a', 'r', { verbs: ['get'], ...pods }),
    binding('a', 'b', 'r', subjects),
  );
  assert.match(cluster.authorize(request('get', 'pods', { namespace: 'a' })).reason, /to Group "devs"$/);
});

test('verbs, groups, resources, subresources and their asterisks', () => {
  const cluster = new SampleCluster(
    role('', 'a', { verbs: ['get'], apiGroups: [''], resources: ['pods/log', '*/scale'] }),
    role('', 'b', { verbs: ['*'], apiGroups: ['apps'], resources: ['deployments'] }),
    role('', 'c', { verbs: ['list'], apiGroups: ['*'], resources: ['*'] }),
    ...['a', 'b', 'c'].map((name) => binding('', name, name, [toAlice])),
  );
  assert.ok(allows(cluster, request('get', 'pods', { subresource: 'log', name: 'p' })));
  assert.ok(!allows(cluster, request('get', 'pods', { name: 'p' })));
  assert.ok(allows(cluster, request('get', 'anything', { subresource: 'scale', name: 'p' })));
  assert.ok(!allows(cluster, request('get', 'anything', { subresource: 'status', name: 'p' })));
  assert.ok(allows(cluster, request('escalate', 'deployments', { group: 'apps', name: 'd' })));
  assert.ok(!allows(cluster, request('get', 'deployments', { group: '', name: 'd' })));
  assert.ok(!allows(cluster, request('get', 'deployments', { group: 'apps', subresource: 'status' })));
  assert.ok(allows(cluster, request('list', 'what', { group: 'ever.example', subresource: 'is' })));
});

test('a list or watch of one object by its name is a request for that name', () => {
  const cluster = new SampleCluster(
    role('', 'one', {
      verbs: ['get', 'list', 'watch', 'create', 'deletecollection'],
      ...pods,
      resourceNames: ['p'],
    }),
    binding('', 'one', 'one', [toAlice]),
  );
  const byName = (value: string): Partial<RequestAttributes> => ({
    fieldRequirements: [{ field: 'metadata.name', value }],
  });
  assert.ok(allows(cluster, request('get', 'pods', { name: 'p' })));
  for (const verb of ['list', 'watch']) {
    assert.ok(allows(cluster, request(verb, 'pods', byName('p'))));
    assert.ok(!allows(cluster, request(verb, 'pods', byName('q'))));
    assert.ok(!allows(cluster, request(verb, 'pods')));
  }
  assert.ok(!allows(cluster, request('deletecollection', 'pods', byName('p'))));
  assert.ok(!allows(cluster, request('create', 'pods')));
});

test('paths, and the asterisk at their end', () => {
  const cluster = new SampleCluster(
    role('', 'paths', { verbs: ['get'], nonResourceURLs: ['/metrics', '/debug/*', '/logs*'] }),
    binding('', 'paths', 'paths', [toAlice]),
  );
  for (const path of ['/metrics', '/debug/', '/debug/a/b', '/logs', '/logs/x', '/logsx']) {
    assert.ok(allows(cluster, pathAttributes(alice, 'get', path)), path);
  }
  for (const path of ['/metrics/', '/debug', '/log', '/']) {
    assert.ok(!allows(cluster, pathAttributes(alice, 'get', path)), path);
  }
  assert.ok(!allows(cluster, pathAttributes(alice, 'post', '/metrics')));
});

test('a role with paths in a namespace gives nothing', () => {
  const cluster = new SampleCluster(
    role('a', 'paths', { verbs: ['*'], nonResourceURLs: ['*'] }),
    binding('a', 'paths', 'paths', [toAlice]),
  );
  assert.ok(!allows(cluster, pathAttributes(alice, 'get', '/metrics')));
});

test('a missing role is the reason of a refusal, but hides no other role', () => {
  const cluster = new SampleCluster(
    binding('a', 'x', 'gone', [toAlice]),
    binding('', 'y', 'away', [toAlice]),
  );
  assert.deepEqual(cluster.authorize(request('get', 'pods', { namespace: 'a' })), {
    allowed: false,
    reason:
      'RBAC: [clusterrole.rbac.authorization.k8s.io "away" not found, role.rbac.authorization.k8s.io "gone" not found]',
  });
  cluster.add(role('a', 'gone', { verbs: ['get'], ...pods }));
  assert.ok(allows(cluster, request('get', 'pods', { namespace: 'a' })));
  assert.equal(
    cluster.authorize(request('list', 'pods', { namespace: 'a' })).reason,
    'RBAC: clusterrole.rbac.authorization.k8s.io "away" not found',
  );
});

test('changes count from the next request on; without one, nothing is read again', () => {
  const given = binding('a', 'b', 'r', [toAlice]);
  const cluster = new SampleCluster(role('a', 'r', { verbs: ['get'], ...pods }));
  let reads = 0;
  const policy = new RbacPolicy({
    version: () => cluster.source.version(),
    list: (resource) => {
      reads += 1;
      return cluster.source.list(resource);
    },
  });
  const asked = request('get', 'pods', { namespace: 'a' });
  assert.ok(!policy.decide(asked).allowed);
  cluster.add(given);
  assert.ok(policy.decide(asked).allowed);
  const before = reads;
  for (let index = 0; index < 100; index += 1) policy.decide(asked);
  assert.equal(reads, before);
  cluster.remove(given);
  assert.ok(!policy.decide(asked).allowed);
});

test('aggregated ClusterRoles have the rules of those they select, and of those these select', () => {
  const labelled = (name: string, target: string, ...rest: Parameters<typeof role>[2][]): JsonObject => {
    const one = role('', name, ...rest);
    return { ...one, metadata: { name, labels: { [`to-${target}`]: 'yes' } } };
  };
  const gathering = (name: string, target: string, labels: JsonObject = {}): JsonObject => ({
    ...role('', name),
    metadata: { name, labels },
    aggregationRule: { clusterRoleSelectors: [{ matchLabels: { [`to-${target}`]: 'yes' } }] },
  });
  const cluster = new SampleCluster(
    labelled('leaf', 'inner', { verbs: ['get'], ...pods }),
    gathering('inner', 'inner', { 'to-outer': 'yes' }),
    gathering('outer', 'outer', { 'to-inner': 'yes' }),
    binding('', 'b', 'outer', [toAlice]),
  );
  assert.ok(allows(cluster, request('get', 'pods', { name: 'p' })));
  assert.ok(!allows(cluster, request('list', 'pods')));
});

test('an aggregation rule that cannot be understood selects nothing', () => {
  const leaf = { ...role('', 'leaf', { verbs: ['get'], ...pods }), metadata: { name: 'leaf', labels: {} } };
  for (const selector of [
    { matchExpressions: [{ key: 'a', operator: 'Nonsense' }] },
    { matchLabels: { a: 5 } },
    { matchExpressions: [{ key: 'a', operator: 'In', values: ['x'] }] },
  ] as JsonObject[]) {
    const cluster = new SampleCluster(
      leaf,
      { ...role('', 'g'), aggregationRule: { clusterRoleSelectors: [selector] } },
      binding('', 'b', 'g', [toAlice]),
    );
    assert.ok(!allows(cluster, request('get', 'pods', { name: 'p' })), JSON.stringify(selector));
  }
});

test('objects of the wrong shape give nothing and break nothing', () => {
  const shapes: JsonObject[] = [
    { ...role('a', 'r'), rules: 'all' },
    { ...role('a', 'r'), rules: [null, 5, { verbs: '*', apiGroups: [7], resources: [['*']] }] },
    { ...role('a', 'r'), rules: [{ verbs: ['*'], apiGroups: ['*'] }] },
  ];
  for (const shape of shapes) {
    const cluster = new SampleCluster(shape, binding('a', 'b', 'r', [toAlice]));
    assert.ok(!allows(cluster, request('get', 'pods', { namespace: 'a' })));
  }
  const odd = {
    ...binding('a', 'b', 'r', []),
    subjects: [null, 'alice', { kind: 'User' }, { name: 'alice' }],
  };
  const cluster = new SampleCluster(
    role('a', 'r', { verbs: ['*'], apiGroups: ['*'], resources: ['*'] }),
    odd,
  );
  assert.ok(!allows(cluster, request('get', 'pods', { namespace: 'a' })));
  assert.ok(!allows(cluster, request('get', 'pods', { namespace: '__proto__', resource: 'constructor' })));
});

const word = fc.constantFrom(
  'get',
  'list',
  'create',
  'pods',
  'secrets',
  'nodes',
  '',
  'apps',
  'a',
  '*',
  '__proto__',
);
const words = fc.uniqueArray(word, { maxLength: 3 });
const anyRequest = fc.record({
  verb: word,
  group: word,
  resource: word,
  subresource: word,
  name: word,
  namespace: word,
});

test('a user without bindings may do nothing but what everybody may', () => {
  const cluster = new SampleCluster();
  const everybody = /^(self.*reviews)$/;
  fc.assert(
    fc.property(anyRequest, fc.constantFrom('alice', 'system:anonymous', 'system:admin'), (facts, name) => {
      const one = authenticated(user(name, { groups: ['devs'] }));
      const isOpen = everybody.test(facts.resource) && facts.verb === 'create';
      assert.equal(
        cluster.authorize(request(facts.verb, facts.resource, { ...facts, user: one })).allowed,
        isOpen,
      );
    }),
  );
  fc.assert(
    fc.property(fc.string(), (path) => {
      const open =
        /^(\/(healthz|livez|readyz|version\/?|\.well-known(\/.*)?|(api|apis|openapi)(\/.*)?))$/s.test(path);
      assert.equal(cluster.authorize(pathAttributes(alice, 'get', path)).allowed, open);
      assert.ok(!cluster.authorize(pathAttributes(alice, 'delete', path)).allowed);
    }),
  );
});

test('resourceNames never allow what the rule without them would not, nor another name', () => {
  fc.assert(
    fc.property(
      anyRequest,
      words,
      words,
      words,
      words,
      (facts, verbs, apiGroups, resources, resourceNames) => {
        const decide = (names: string[]): boolean => {
          const rule = { verbs, apiGroups, resources, resourceNames: names };
          const cluster = new SampleCluster(role('', 'r', rule), binding('', 'b', 'r', [toAlice]));
          return cluster.authorize(request(facts.verb, facts.resource, facts)).allowed;
        };
        const named = decide(resourceNames);
        if (named) assert.ok(decide([]), 'names widened the rule');
        if (named && resourceNames.length > 0) assert.ok(resourceNames.includes(facts.name));
      },
    ),
  );
});

test('a decision takes microseconds, also among thousands of bindings', () => {
  const cluster = new SampleCluster(
    role('', 'agent', { verbs: ['get'], ...pods }),
    ...Array.from({ length: 3000 }, (_, index) =>
      binding(`n${index % 50}`, `b${index}`, 'agent', [{ kind: 'User', name: `u${index}` }], 'ClusterRole'),
    ),
  );
  const last = authenticated(user('u2999'));
  const asked = request('list', 'pods', { user: last, namespace: 'n49' });
  cluster.authorize(asked);
  // The quickest of many: the machine may have other things to do.
  const times = Array.from({ length: 20 }, () => {
    const start = performance.now();
    for (let index = 0; index < 1000; index += 1) cluster.authorize(asked);
    return performance.now() - start;
  });
  assert.ok(Math.min(...times) < 100, `${Math.min(...times)} µs`);
});
