import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bootstrapPolicy } from './bootstrap-policy.ts';
import { listAt, textAt } from '../../schema/index.ts';
import { resourceAttributes } from './request-attributes.ts';
import { binding, SampleCluster } from './sample-cluster.ts';
import { user } from './user.ts';

test('every built-in binding refers to a built-in role', () => {
  const objects = bootstrapPolicy();
  const roles = new Set(
    objects.filter(({ kind }) => kind === 'ClusterRole').map((role) => textAt(role, 'metadata', 'name')),
  );
  const bindings = objects.filter(({ kind }) => kind === 'ClusterRoleBinding');
  assert.ok(bindings.length > 5);
  for (const one of bindings) assert.ok(roles.has(textAt(one, 'roleRef', 'name')));
  assert.equal(
    new Set(objects.map((one) => `${textAt(one, 'kind')} ${textAt(one, 'metadata', 'name')}`)).size,
    objects.length,
  );
});

test('admin has what edit has, and edit what view has', () => {
  const rules = (name: string): Set<string> => {
    const role = bootstrapPolicy().find(
      (one) => one['kind'] === 'ClusterRole' && textAt(one, 'metadata', 'name') === name,
    );
    return new Set(listAt(role, 'rules').map((rule) => JSON.stringify(rule)));
  };
  assert.ok(rules('view').size > 5);
  assert.ok(rules('view').isSubsetOf(rules('edit')));
  assert.ok(rules('edit').isSubsetOf(rules('admin')));
});

for (const [name, allowed, refused] of [
  [
    'view',
    ['get pods', 'list deployments.apps'],
    ['get secrets', 'create pods', 'get roles.rbac.authorization.k8s.io'],
  ],
  [
    'edit',
    ['get secrets', 'create pods', 'create jobs.batch'],
    ['create roles.rbac.authorization.k8s.io', 'delete nodes'],
  ],
  ['admin', ['create roles.rbac.authorization.k8s.io', 'get secrets'], ['delete namespaces', 'update nodes']],
] as const) {
  test(`${name} in a namespace`, () => {
    const cluster = new SampleCluster(
      binding('ns', 'b', name, [{ kind: 'User', name: 'alice' }], 'ClusterRole'),
    );
    const may = (text: string, namespace: string): boolean => {
      const [verb = '', target = ''] = text.split(' ');
      const [resource = '', ...group] = target.split('.');
      const facts = { user: user('alice'), verb, resource, group: group.join('.'), namespace };
      return cluster.authorize(resourceAttributes(facts)).allowed;
    };
    for (const text of allowed) assert.ok(may(text, 'ns') && !may(text, 'other') && !may(text, ''), text);
    for (const text of refused) assert.ok(!may(text, 'ns'), text);
  });
}
