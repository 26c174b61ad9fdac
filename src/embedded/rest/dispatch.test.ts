import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { textAt } from '../../schema/index.ts';
import { TestCluster } from '../test-cluster.ts';

let cluster: TestCluster;
const MAPS = '/api/v1/namespaces/default/configmaps';

before(async () => {
  cluster = await TestCluster.open();
  await cluster.call('POST', MAPS, { body: { metadata: { name: 'a' } } });
});

after(() => cluster.close());

describe('A verb is answered by its own method only', () => {
  const requests: Readonly<Record<string, number>> = {
    'POST /api/v1/watch/namespaces/default/configmaps': 405,
    'DELETE /api/v1/watch/namespaces/default/configmaps': 405,
    'DELETE /api/v1/watch/namespaces/default/configmaps/a': 405,
    'PATCH /api/v1/watch/namespaces/default/configmaps/a': 405,
    'HEAD /api/v1/namespaces/default/configmaps/a': 405,
    'OPTIONS /api/v1/namespaces/default/configmaps/a': 405,
    'POST /api/v1/namespaces/default/configmaps/a': 405,
    'PUT /api/v1/namespaces/default/configmaps': 405,
    'PATCH /api/v1/namespaces/default/configmaps': 405,
    'POST /api/v1/configmaps': 405,
    'DELETE /api/v1/configmaps': 405,
    'DELETE /api/v1/namespaces': 405,
    'GET /api/v1/namespaces/default/pods/p/eviction': 405,
    'DELETE /apis/apps/v1/namespaces/default/deployments/d/status': 405,
    'POST /apis/apps/v1/namespaces/default/deployments/d/scale': 405,
    'GET /api/v1/namespaces/default/configmaps/a/status': 404,
    'GET /api/v1/namespaces/default/configmaps/a/__proto__': 404,
    'GET /api/v1/configmaps/a': 404,
    'GET /api/v1/namespaces/default/nodes': 404,
    'GET /api/v1/namespaces/default/constructor': 404,
    'GET /api/v2/namespaces/default/configmaps': 404,
  };
  for (const [line, status] of Object.entries(requests)) {
    test(`${line} → ${status}`, async () => {
      const [method = '', path = ''] = line.split(' ');
      const revision = cluster.store.revision;
      const answer = await cluster.call(method, path, { body: { metadata: { name: 'w' } } });
      assert.equal(answer.status, status);
      assert.equal(textAt(answer.body, 'kind'), 'Status');
      assert.equal(cluster.store.revision, revision);
    });
  }
});

describe('What a user may do is decided by the verb', () => {
  before(async () => {
    const roles = '/apis/rbac.authorization.k8s.io/v1/namespaces/default';
    const rules = [
      { verbs: ['watch', 'list', 'get'], apiGroups: [''], resources: ['configmaps', 'pods/eviction'] },
      { verbs: ['get'], apiGroups: [''], resources: ['namespaces'] },
      { verbs: ['update', 'patch'], apiGroups: ['coordination.k8s.io'], resources: ['leases'] },
    ];
    await cluster.call('POST', `${roles}/roles`, { body: { metadata: { name: 'reader' }, rules } });
    const answer = await cluster.call('POST', `${roles}/rolebindings`, {
      body: {
        metadata: { name: 'reader' },
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'reader' },
        subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'alice' }],
      },
    });
    assert.equal(answer.status, 201, answer.text);
  });

  test('who may watch can write nothing by the paths of watches', async () => {
    const path = '/api/v1/watch/namespaces/default/configmaps';
    for (const [method, target] of [
      ['POST', path],
      ['DELETE', path],
      ['DELETE', `${path}/a`],
      ['PUT', `${path}/a`],
    ] as const) {
      const answer = await cluster.call(method, target, { as: 'alice', body: { metadata: { name: 'a' } } });
      assert.equal(answer.status, 405, `${method} ${target}`);
    }
  });

  test('who may get an eviction evicts nothing', async () => {
    const answer = await cluster.call('GET', '/api/v1/namespaces/default/pods/p/eviction', { as: 'alice' });
    assert.equal(answer.status, 405);
  });

  test('a role in a namespace may let its users see the namespace itself', async () => {
    assert.equal((await cluster.call('GET', '/api/v1/namespaces/default', { as: 'alice' })).status, 200);
    const answer = await cluster.call('GET', '/api/v1/namespaces/other', { as: 'alice' });
    assert.equal(answer.status, 403);
    assert.equal(
      textAt(answer.body, 'message'),
      'namespaces "other" is forbidden: User "alice" cannot get resource "namespaces" in API group "" in the namespace "other"',
    );
  });

  test('a PUT, or an apply, that creates needs the right to create', async () => {
    const lease = '/apis/coordination.k8s.io/v1/namespaces/default/leases/l';
    const body = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name: 'l' } };
    const put = await cluster.call('PUT', lease, { as: 'alice', body });
    assert.equal(put.status, 403, put.text);
    const type = 'application/apply-patch+yaml';
    const applied = await cluster.call('PATCH', `${lease}?fieldManager=m`, { as: 'alice', body, type });
    assert.equal(applied.status, 403, applied.text);
    assert.equal((await cluster.call('PUT', lease, { body })).status, 201);
    assert.equal(
      (
        await cluster.call('PUT', lease, {
          as: 'alice',
          body: { ...body, metadata: { name: 'l', resourceVersion: String(cluster.store.revision) } },
        })
      ).status,
      200,
    );
  });
});

describe('KubernetesApi', () => {
  test('says that a bad timeout is one, but not of a watch', async () => {
    assert.equal((await cluster.call('GET', `${MAPS}?timeout=x`)).status, 400);
    await cluster.watch(`${MAPS}?timeout=x&watch=1`);
  });

  for (const [query, answers] of [
    ['watch=yes', true],
    ['watch', true],
    ['watch=false', false],
    ['watch=0', false],
  ] as const) {
    test(`?${query} ${answers ? 'is' : 'is not'} a watch`, async () => {
      if (answers) await cluster.watch(`${MAPS}?${query}`);
      else assert.equal((await cluster.call('GET', `${MAPS}?${query}`)).status, 200);
    });
  }
});
