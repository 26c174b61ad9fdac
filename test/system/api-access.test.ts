import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { openCredentials, ServiceAccountTokens } from '../../src/embedded/access/index.ts';
import { at, type ApiClient, type AnyObject, type ApiResponse } from '../lab/api-client.ts';
import { openControlPlane, type LabControlPlane } from '../lab/control-plane.ts';

const MCO = 'machineconfiguration.openshift.io';
const OWN_NAMESPACE = 'openshift-machine-config-operator';
const POOLS = `/apis/${MCO}/v1/machineconfigpools`;
const STATES = `/apis/${MCO}/v1/machineconfignodes`;
const NODE_LEASES = '/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases';
const AGENT = `system:serviceaccount:${OWN_NAMESPACE}:varve-agent`;

describe('who may do what', () => {
  let lab: LabControlPlane;
  /** What tests closed over; each makes its own objects. */
  let admin: ApiClient;

  before(async () => {
    lab = await openControlPlane({
      staticTokens: [
        { token: 'of-alice', user: { username: 'alice', uid: '', groups: ['people'], extra: new Map() } },
      ],
    });
    admin = lab.admin;
    await create('/api/v1/namespaces', { metadata: { name: 'mine' } });
    await create('/api/v1/namespaces', { metadata: { name: 'other' } });
    for (const name of ['one', 'two']) {
      await create('/api/v1/nodes', { metadata: { name } });
      await create(STATES, {
        apiVersion: `${MCO}/v1`,
        kind: 'MachineConfigNode',
        metadata: { name },
        spec: { node: { name }, pool: { name: 'worker' }, configVersion: { desired: 'rendered-worker-1' } },
      });
      await create(NODE_LEASES, { metadata: { name }, spec: { holderIdentity: name } });
    }
    await create('/api/v1/namespaces/mine/secrets', {
      metadata: { name: 'pull' },
      stringData: { key: 'value' },
    });
    await create(`/api/v1/namespaces/${OWN_NAMESPACE}/serviceaccounts`, {
      metadata: { name: 'varve-agent' },
    });
  });
  after(() => lab.close());

  async function create(path: string, object: AnyObject): Promise<unknown> {
    const { status, body, text } = await admin.post(path, object);
    assert.equal(status, 201, text);
    return body;
  }

  function using(token: string): ApiClient {
    return admin.as({ token });
  }

  /** A new service account of the namespace `mine`, with these rights there. */
  async function account(name: string, ...rules: readonly AnyObject[]): Promise<ApiClient> {
    await create('/api/v1/namespaces/mine/serviceaccounts', { metadata: { name } });
    if (rules.length > 0) await grant(name, { kind: 'ServiceAccount', name, namespace: 'mine' }, rules);
    return using(await tokenOf('mine', name));
  }

  async function grant(
    name: string,
    subject: AnyObject,
    rules: readonly AnyObject[],
    namespace = 'mine',
  ): Promise<void> {
    const rbac = `/apis/rbac.authorization.k8s.io/v1/namespaces/${namespace}`;
    await create(`${rbac}/roles`, { metadata: { name }, rules });
    await create(`${rbac}/rolebindings`, {
      metadata: { name },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name },
      subjects: [subject],
    });
  }

  async function tokenOf(namespace: string, name: string, spec: AnyObject = {}): Promise<string> {
    const path = `/api/v1/namespaces/${namespace}/serviceaccounts/${name}/token`;
    return String(
      at(
        await create(path, { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec }),
        'status.token',
      ),
    );
  }

  /** The token of an agent on a node, and of one that is bound to nothing. */
  async function agent(node?: string): Promise<ApiClient> {
    const bound =
      node === undefined ? {} : { boundObjectRef: { apiVersion: 'v1', kind: 'Node', name: node } };
    return using(await tokenOf(OWN_NAMESPACE, 'varve-agent', bound));
  }

  function forbidden({ status, body, text }: ApiResponse, message: string): void {
    assert.equal(status, 403, text);
    assert.deepEqual(
      [at(body, 'kind'), at(body, 'status'), at(body, 'reason'), at(body, 'code')],
      ['Status', 'Failure', 'Forbidden', 403],
    );
    assert.equal(at(body, 'message'), message);
  }

  function unauthorized({ status, body, text }: ApiResponse): void {
    assert.equal(status, 401, text);
    assert.deepEqual(body, {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message: 'Unauthorized',
      reason: 'Unauthorized',
      code: 401,
    });
  }

  function allowed({ status, text }: ApiResponse, expected = 200): void {
    assert.equal(status, expected, text);
  }

  describe('without a name', () => {
    test('nobody is system:anonymous: health and version are public, all else is refused', async () => {
      const nobody = admin.as({});
      for (const path of ['/healthz', '/livez', '/readyz', '/version']) allowed(await nobody.get(path));
      for (const path of ['/api', '/apis', '/openapi/v2', '/openapi/v3', '/metrics', '/']) {
        forbidden(await nobody.get(path), `forbidden: User "system:anonymous" cannot get path "${path}"`);
      }
      forbidden(
        await nobody.get('/api/v1/namespaces/mine/secrets'),
        'secrets is forbidden: User "system:anonymous" cannot list resource "secrets" in API group "" in the namespace "mine"',
      );
      forbidden(
        await nobody.get('/api/v1/nodes/one'),
        'nodes "one" is forbidden: User "system:anonymous" cannot get resource "nodes" in API group "" at the cluster scope',
      );
      forbidden(
        await nobody.post(POOLS, { metadata: { name: 'x' } }),
        `machineconfigpools.${MCO} is forbidden: User "system:anonymous" cannot create resource "machineconfigpools" in API group "${MCO}" at the cluster scope`,
      );
      const { status } = await nobody.get('/api/v1/nodes?watch=1');
      assert.equal(status, 403);
    });

    test('a token that nobody issued is refused wherever it is shown, even where none is needed', async () => {
      for (const token of ['wrong', 'a.b.c', 'x'.repeat(9000), 'of-alice2', 'of-alic']) {
        const client = using(token);
        for (const path of ['/healthz', '/version', '/api/v1/pods']) unauthorized(await client.get(path));
      }
    });

    test('what is no bearer token at all counts as none', async () => {
      const path = '/api/v1/pods';
      for (const authorization of ['Basic b2YtYWxpY2U=', 'Bearer', 'Bearer ', 'bear of-alice']) {
        const answer = await admin.as({}).request('GET', path, { headers: { authorization } });
        forbidden(
          answer,
          'pods is forbidden: User "system:anonymous" cannot list resource "pods" in API group "" at the cluster scope',
        );
      }
    });

    test('a certificate of another authority gives no name', async () => {
      const foreign = await openControlPlane();
      try {
        const identity = await certificateOf(foreign, 'kubernetes-admin', 'system:masters');
        const answer = await admin.as({ certificate: identity }).get('/api/v1/pods');
        // FailOnError: only who shows nothing is anonymous.
        unauthorized(answer);
      } finally {
        await foreign.close();
      }
    });
  });

  describe('a user', () => {
    test('has a name and groups, from a certificate or a token, and no rights of their own', async () => {
      const whoami = { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' };
      for (const [client, name] of [
        [await lab.as('bob', 'people'), 'bob'],
        [using('of-alice'), 'alice'],
      ] as const) {
        const { body } = await client.post('/apis/authentication.k8s.io/v1/selfsubjectreviews', whoami);
        assert.equal(at(body, 'status.userInfo.username'), name);
        assert.deepEqual(at(body, 'status.userInfo.groups'), ['people', 'system:authenticated']);
        for (const path of ['/api', '/apis', '/openapi/v3', '/version']) allowed(await client.get(path));
        forbidden(
          await client.get('/api/v1/namespaces/mine/configmaps/x'),
          `configmaps "x" is forbidden: User "${name}" cannot get resource "configmaps" in API group "" in the namespace "mine"`,
        );
        forbidden(
          await client.request('PATCH', '/api/v1/nodes/one/status', {
            body: {},
            contentType: 'application/merge-patch+json',
          }),
          `nodes "one" is forbidden: User "${name}" cannot patch resource "nodes/status" in API group "" at the cluster scope`,
        );
        forbidden(
          await client.delete('/api/v1/namespaces/mine/configmaps'),
          `configmaps is forbidden: User "${name}" cannot deletecollection resource "configmaps" in API group "" in the namespace "mine"`,
        );
        forbidden(await client.get('/metrics'), `forbidden: User "${name}" cannot get path "/metrics"`);
      }
    });

    test('is refused before it is said whether the object, the namespace or the kind exists', async () => {
      const alice = using('of-alice');
      forbidden(
        await alice.get('/api/v1/namespaces/nowhere/secrets/nothing'),
        'secrets "nothing" is forbidden: User "alice" cannot get resource "secrets" in API group "" in the namespace "nowhere"',
      );
      forbidden(
        await alice.get('/apis/no.such.group/v1/things'),
        'things.no.such.group is forbidden: User "alice" cannot list resource "things" in API group "no.such.group" at the cluster scope',
      );
      const details = (await alice.get('/apis/apps/v1/namespaces/mine/deployments/d')).body;
      assert.deepEqual(at(details, 'details'), { name: 'd', group: 'apps', kind: 'deployments' });
    });

    test('has the rights of roles that are bound to the name or a group, and loses them with the binding', async () => {
      const pods = { apiGroups: [''], resources: ['pods'], verbs: ['list'] };
      const carol = await lab.as('carol', 'readers');
      await grant('to-readers', { kind: 'Group', name: 'readers', apiGroup: 'rbac.authorization.k8s.io' }, [
        pods,
      ]);
      allowed(await carol.get('/api/v1/namespaces/mine/pods'));
      forbidden(
        await carol.get('/api/v1/namespaces/other/pods'),
        'pods is forbidden: User "carol" cannot list resource "pods" in API group "" in the namespace "other"',
      );
      forbidden(
        await carol.get('/api/v1/pods'),
        'pods is forbidden: User "carol" cannot list resource "pods" in API group "" at the cluster scope',
      );
      forbidden(
        await carol.get('/api/v1/namespaces/mine/pods?watch=true'),
        'pods is forbidden: User "carol" cannot watch resource "pods" in API group "" in the namespace "mine"',
      );
      allowed(
        await admin.delete('/apis/rbac.authorization.k8s.io/v1/namespaces/mine/rolebindings/to-readers'),
      );
      assert.equal((await carol.get('/api/v1/namespaces/mine/pods')).status, 403);
    });

    test('reads a secret only with the right to that one', async () => {
      const named = { apiGroups: [''], resources: ['secrets'], resourceNames: ['pull'], verbs: ['get'] };
      const holder = await account('holder', named);
      allowed(await holder.get('/api/v1/namespaces/mine/secrets/pull'));
      const user = 'system:serviceaccount:mine:holder';
      forbidden(
        await holder.get('/api/v1/namespaces/mine/secrets/else'),
        `secrets "else" is forbidden: User "${user}" cannot get resource "secrets" in API group "" in the namespace "mine"`,
      );
      forbidden(
        await holder.get('/api/v1/namespaces/mine/secrets'),
        `secrets is forbidden: User "${user}" cannot list resource "secrets" in API group "" in the namespace "mine"`,
      );
      forbidden(
        await holder.get(`/api/v1/namespaces/${OWN_NAMESPACE}/secrets/registry`),
        `secrets "registry" is forbidden: User "${user}" cannot get resource "secrets" in API group "" in the namespace "${OWN_NAMESPACE}"`,
      );
      // Neither a table, nor metadata, nor a watch, nor a dry run shows what a list may not.
      for (const accept of [
        'application/json;as=Table;v=v1;g=meta.k8s.io',
        'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io',
      ]) {
        const { status } = await holder.request('GET', '/api/v1/namespaces/mine/secrets', {
          headers: { accept },
        });
        assert.equal(status, 403);
      }
      assert.equal((await holder.get('/api/v1/secrets?watch=1')).status, 403);
      const patch = { body: {}, contentType: 'application/merge-patch+json' };
      assert.equal(
        (await holder.request('PATCH', '/api/v1/namespaces/mine/secrets/pull?dryRun=All', patch)).status,
        403,
      );
    });

    test('needs the right to create for what an update or an apply would create', async () => {
      const updater = await account('updater', {
        apiGroups: ['', 'coordination.k8s.io'],
        resources: ['configmaps', 'leases'],
        verbs: ['get', 'update', 'patch'],
      });
      const user = 'system:serviceaccount:mine:updater';
      forbidden(
        await updater.request('PATCH', '/api/v1/namespaces/mine/configmaps/new?fieldManager=m', {
          contentType: 'application/apply-patch+yaml',
          body: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'new' } },
        }),
        `configmaps "new" is forbidden: User "${user}" cannot create resource "configmaps" in API group "" in the namespace "mine"`,
      );
      forbidden(
        await updater.put('/apis/coordination.k8s.io/v1/namespaces/mine/leases/new', {
          apiVersion: 'coordination.k8s.io/v1',
          kind: 'Lease',
          metadata: { name: 'new' },
          spec: {},
        }),
        `leases.coordination.k8s.io "new" is forbidden: User "${user}" cannot create resource "leases" in API group "coordination.k8s.io" in the namespace "mine"`,
      );
    });
  });

  describe('rights', () => {
    const rbac = '/apis/rbac.authorization.k8s.io/v1';
    const all = {
      apiGroups: ['rbac.authorization.k8s.io'],
      resources: ['roles', 'rolebindings'],
      verbs: ['*'],
    };
    const read = { apiGroups: [''], resources: ['pods'], verbs: ['get'] };

    test('cannot be given by who does not have them', async () => {
      const granter = await account('granter', { ...all, verbs: ['create', 'update', 'get', 'patch'] }, read);
      const user = 'system:serviceaccount:mine:granter';
      const role = (name: string, ...rules: AnyObject[]): AnyObject => ({ metadata: { name }, rules });
      allowed(await granter.post(`${rbac}/namespaces/mine/roles`, role('what-i-have', read)), 201);
      const greedy = role('greedy', { apiGroups: [''], resources: ['secrets'], verbs: ['get', 'list'] });
      const groups = '["system:serviceaccounts" "system:serviceaccounts:mine" "system:authenticated"]';
      forbidden(
        await granter.post(`${rbac}/namespaces/mine/roles`, greedy),
        `roles.rbac.authorization.k8s.io "greedy" is forbidden: user "${user}" (groups=${groups}) is attempting to grant RBAC permissions not currently held:\n{APIGroups:[""], Resources:["secrets"], Verbs:["get" "list"]}`,
      );
      const update = await granter.put(`${rbac}/namespaces/mine/roles/what-i-have`, {
        ...role('what-i-have', { apiGroups: ['*'], resources: ['*'], verbs: ['*'] }),
      });
      assert.equal(update.status, 403, update.text);
      const escalating = await granter.merge(`${rbac}/namespaces/mine/roles/what-i-have`, {
        rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['delete'] }],
      });
      assert.equal(escalating.status, 403, escalating.text);
      const binding = (kind: string, name: string): AnyObject => ({
        metadata: { name: `to-${name}` },
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind, name },
        subjects: [{ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: 'me' }],
      });
      const cluster = await granter.post(
        `${rbac}/namespaces/mine/rolebindings`,
        binding('ClusterRole', 'cluster-admin'),
      );
      forbidden(
        cluster,
        `rolebindings.rbac.authorization.k8s.io "to-cluster-admin" is forbidden: user "${user}" (groups=${groups}) is attempting to grant RBAC permissions not currently held:\n{APIGroups:["*"], Resources:["*"], Verbs:["*"]}\n{NonResourceURLs:["*"], Verbs:["*"]}`,
      );
      allowed(
        await granter.post(`${rbac}/namespaces/mine/rolebindings`, binding('Role', 'what-i-have')),
        201,
      );
      const absent = await granter.post(`${rbac}/namespaces/mine/rolebindings`, binding('Role', 'absent'));
      assert.equal(absent.status, 404, absent.text);
      assert.equal(at(absent.body, 'message'), 'roles.rbac.authorization.k8s.io "absent" not found');
      forbidden(
        await granter.post(`${rbac}/clusterroles`, role('mine', read)),
        `clusterroles.rbac.authorization.k8s.io is forbidden: User "${user}" cannot create resource "clusterroles" in API group "rbac.authorization.k8s.io" at the cluster scope`,
      );
    });

    test('to escalate and to bind let it through', async () => {
      const trusted = await account('trusted', { ...all, verbs: ['create', 'escalate', 'bind'] });
      const greedy = {
        metadata: { name: 'trusted-greedy' },
        rules: [{ apiGroups: ['*'], resources: ['*'], verbs: ['*'] }],
      };
      allowed(await trusted.post(`${rbac}/namespaces/mine/roles`, greedy), 201);
      const binding = {
        metadata: { name: 'trusted-binding' },
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'trusted-greedy' },
      };
      allowed(await trusted.post(`${rbac}/namespaces/mine/rolebindings`, binding), 201);
    });

    test('are told in reviews as they are', async () => {
      const review = async (spec: AnyObject): Promise<unknown> =>
        (
          await admin.post('/apis/authorization.k8s.io/v1/subjectaccessreviews', {
            apiVersion: 'authorization.k8s.io/v1',
            kind: 'SubjectAccessReview',
            spec,
          })
        ).body;
      await grant('reviewed', { kind: 'User', name: 'dave', apiGroup: 'rbac.authorization.k8s.io' }, [read]);
      const pods = { namespace: 'mine', verb: 'get', resource: 'pods' };
      assert.deepEqual(at(await review({ user: 'dave', resourceAttributes: pods }), 'status'), {
        allowed: true,
        reason: 'RBAC: allowed by RoleBinding "reviewed/mine" of Role "reviewed" to User "dave"',
      });
      assert.deepEqual(
        at(await review({ user: 'dave', resourceAttributes: { ...pods, verb: 'list' } }), 'status'),
        { allowed: false },
      );
      assert.deepEqual(
        at(
          await review({ user: 'x', groups: ['system:masters'], resourceAttributes: pods }),
          'status.allowed',
        ),
        true,
      );
      const node = { user: 'system:node:one', groups: ['system:nodes'] };
      const secret = { namespace: 'mine', verb: 'get', resource: 'secrets', name: 'pull' };
      assert.deepEqual(at(await review({ ...node, resourceAttributes: secret }), 'status'), {
        allowed: false,
        reason: "no relationship found between node 'one' and this object",
      });
    });
  });

  describe('to act as another', () => {
    const path = '/api/v1/namespaces/mine/pods';

    test('needs the right to impersonate, and then has the rights of the other', async () => {
      const as = (name: string, more: Record<string, string> = {}): { headers: Record<string, string> } => ({
        headers: { 'impersonate-user': name, ...more },
      });
      forbidden(
        await admin.request('GET', path, as('erin')),
        'pods is forbidden: User "erin" cannot list resource "pods" in API group "" in the namespace "mine"',
      );
      allowed(await admin.request('GET', path, as('erin', { 'impersonate-group': 'system:masters' })));
      const { body } = await admin.request('POST', '/apis/authentication.k8s.io/v1/selfsubjectreviews', {
        ...as('system:serviceaccount:mine:erin'),
        body: { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' },
      });
      assert.deepEqual(at(body, 'status.userInfo'), {
        username: 'system:serviceaccount:mine:erin',
        groups: ['system:serviceaccounts', 'system:serviceaccounts:mine', 'system:authenticated'],
      });
      const refused = await using('of-alice').request('GET', path, as('kubernetes-admin'));
      assert.equal(refused.status, 403, refused.text);
      assert.match(String(at(refused.body, 'message')), /User "alice" cannot impersonate/);
      const nameless = await admin.request('GET', path, { headers: { 'impersonate-group': 'g' } });
      assert.equal(nameless.status, 400, nameless.text);
      assert.match(String(at(nameless.body, 'message')), /without impersonating a user name/);
    });

    test('is refused to nodes and agents', async () => {
      for (const client of [await lab.as('system:node:one', 'system:nodes'), await agent('one')]) {
        const { status } = await client.request('GET', path, {
          headers: { 'impersonate-user': 'kubernetes-admin', 'impersonate-group': 'system:masters' },
        });
        assert.equal(status, 403);
      }
    });
  });

  describe('a service account', () => {
    test('is who its token says, until it is deleted; its successor is another', async () => {
      const client = await account('short-lived', { apiGroups: [''], resources: ['pods'], verbs: ['list'] });
      const path = '/api/v1/namespaces/mine/pods';
      allowed(await client.get(path));
      allowed(await admin.delete('/api/v1/namespaces/mine/serviceaccounts/short-lived'));
      unauthorized(await client.get(path));
      await create('/api/v1/namespaces/mine/serviceaccounts', { metadata: { name: 'short-lived' } });
      unauthorized(await client.get(path));
      allowed(await using(await tokenOf('mine', 'short-lived')).get(path));
    });

    test('cannot use a token that has expired, is for others, was changed, or is not yet valid', async () => {
      await account('timed', { apiGroups: [''], resources: ['pods'], verbs: ['list'] });
      const { body } = await admin.get('/api/v1/namespaces/mine/serviceaccounts/timed');
      const uid = String(at(body, 'metadata.uid'));
      const { serviceAccountKey: key } = await openCredentials(join(lab.folder, 'data/keys'), Date.now());
      const issuer = 'https://kubernetes.default.svc.cluster.local';
      const tokens = new ServiceAccountTokens({ issuer, key, read: () => undefined });
      const issue = (hours: number, audience = issuer, name = 'timed', from = tokens): string => {
        const serviceAccount = { name, uid };
        const grant = { namespace: 'mine', serviceAccount, audiences: [audience], lifetime: 3600 };
        return from.issue(grant, Date.now() + hours * 3_600_000, randomUUID());
      };
      const path = '/api/v1/namespaces/mine/pods';
      allowed(await using(issue(0)).get(path));
      unauthorized(await using(issue(-2)).get(path));
      unauthorized(await using(issue(2)).get(path));
      unauthorized(await using(issue(0, 'https://elsewhere.example.com')).get(path));
      unauthorized(await using(issue(0, issuer, 'nobody')).get(path));
      const [head = '', payload = '', signature = ''] = issue(0).split('.');
      const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as AnyObject;
      const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
      const promoted = encode({ ...claims, sub: 'system:serviceaccount:kube-system:default' });
      unauthorized(await using(`${head}.${promoted}.${signature}`).get(path));
      unauthorized(await using(`${encode({ alg: 'none', typ: 'JWT' })}.${payload}.`).get(path));
      unauthorized(await using(`${encode({ alg: 'HS256', typ: 'JWT' })}.${payload}.${signature}`).get(path));
      unauthorized(await using(`${head}.${payload}`).get(path));
    });

    test('loses a token with the pod or the node that it is bound to', async () => {
      await account('bound', { apiGroups: [''], resources: ['pods'], verbs: ['list'] });
      const path = '/api/v1/namespaces/mine/pods';
      await create(path, {
        metadata: { name: 'bound' },
        spec: { serviceAccountName: 'bound', containers: [{ name: 'c', image: 'i' }] },
      });
      await create('/api/v1/nodes', { metadata: { name: 'passing' } });
      const ofPod = using(
        await tokenOf('mine', 'bound', { boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name: 'bound' } }),
      );
      const ofNode = using(
        await tokenOf('mine', 'bound', {
          boundObjectRef: { apiVersion: 'v1', kind: 'Node', name: 'passing' },
        }),
      );
      allowed(await ofPod.get(path));
      allowed(await ofNode.get(path));
      allowed(await admin.delete(`${path}/bound`, { gracePeriodSeconds: 0 }));
      allowed(await admin.delete('/api/v1/nodes/passing'));
      unauthorized(await ofPod.get(path));
      unauthorized(await ofNode.get(path));
    });

    test('gets tokens only from who may create them', async () => {
      await account('wanted');
      const path = '/api/v1/namespaces/mine/serviceaccounts/wanted/token';
      const request = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: {} };
      forbidden(
        await using('of-alice').post(path, request),
        'serviceaccounts "wanted" is forbidden: User "alice" cannot create resource "serviceaccounts/token" in API group "" in the namespace "mine"',
      );
      const short = await admin.post(path, { ...request, spec: { expirationSeconds: 60 } });
      assert.equal(short.status, 422);
      assert.match(String(at(short.body, 'message')), /may not specify a duration less than 10 minutes/);
      const review = async (token: string, audiences?: string[]): Promise<unknown> =>
        at(
          (
            await admin.post('/apis/authentication.k8s.io/v1/tokenreviews', {
              apiVersion: 'authentication.k8s.io/v1',
              kind: 'TokenReview',
              spec: { token, ...(audiences === undefined ? {} : { audiences }) },
            })
          ).body,
          'status',
        );
      const token = await tokenOf('mine', 'wanted', { audiences: ['vault'] });
      unauthorized(await using(token).get('/api'));
      assert.equal(at(await review(token, ['vault']), 'authenticated'), true);
      assert.equal(at(await review(token, ['vault']), 'user.username'), 'system:serviceaccount:mine:wanted');
      assert.equal(at(await review(token), 'authenticated'), undefined);
      assert.deepEqual(await review('wrong'), { user: {}, error: 'invalid bearer token' });
    });
  });

  for (const [kind, identity, user] of [
    ['a kubelet', () => lab.as('system:node:one', 'system:nodes'), 'system:node:one'],
  ] as const) {
    describe(kind, () => {
      let client: ApiClient;
      before(async () => {
        client = await identity();
      });

      const denied = (
        verb: string,
        resource: string,
        name: string,
        reason: string,
        where = 'at the cluster scope',
      ): string => {
        const [plural = '', ...group] = resource.split('.');
        const shown = plural.split('/')[0] ?? '';
        const full = [shown, ...group].join('.');
        return `${full}${name === '' ? '' : ` "${name}"`} is forbidden: User "${user}" cannot ${verb} resource "${plural}" in API group "${group.join('.')}" ${where}${reason === '' ? '' : `: ${reason}`}`;
      };

      test('reads and writes its own Node, and no other', async () => {
        allowed(await client.get('/api/v1/nodes/one'));
        allowed(await client.merge('/api/v1/nodes/one', { metadata: { annotations: { seen: kind } } }));
        allowed(
          await client.merge('/api/v1/nodes/one/status', {
            status: { conditions: [{ type: 'Ready', status: 'True' }] },
          }),
        );
        allowed(await client.get('/api/v1/nodes?fieldSelector=metadata.name%3Done'));
        forbidden(
          await client.get('/api/v1/nodes/two'),
          denied('get', 'nodes', 'two', "node 'one' cannot read 'two', only its own Node object"),
        );
        forbidden(
          await client.get('/api/v1/nodes'),
          denied('list', 'nodes', '', "node 'one' cannot read all nodes, only its own Node object"),
        );
        forbidden(
          await client.merge('/api/v1/nodes/two', { metadata: { annotations: { seen: kind } } }),
          'nodes "two" is forbidden: node "one" is not allowed to modify node "two"',
        );
        forbidden(
          await client.merge('/api/v1/nodes/two/status', { status: { phase: 'x' } }),
          'nodes "two" is forbidden: node "one" is not allowed to modify node "two"',
        );
        forbidden(await client.delete('/api/v1/nodes/one'), denied('delete', 'nodes', 'one', ''));
        forbidden(
          await client.post('/api/v1/nodes', { metadata: { name: 'three' } }),
          'nodes "three" is forbidden: node "one" is not allowed to modify node "three"',
        );
      });

      test('changes neither its taints nor labels that workloads are sent by', async () => {
        forbidden(
          await client.merge('/api/v1/nodes/one', { spec: { taints: [{ key: 'k', effect: 'NoSchedule' }] } }),
          'nodes "one" is forbidden: node "one" is not allowed to modify taints',
        );
        forbidden(
          await client.merge('/api/v1/nodes/one', {
            metadata: { labels: { 'node-role.kubernetes.io/master': '' } },
          }),
          'nodes "one" is forbidden: is not allowed to modify labels: node-role.kubernetes.io/master',
        );
        allowed(
          await client.merge('/api/v1/nodes/one', { metadata: { labels: { 'example.com/rack': 'a' } } }),
        );
      });

      test('reads and writes its own MachineConfigNode, and no other', async () => {
        allowed(await client.get(`${STATES}/one`));
        allowed(await client.merge(`${STATES}/one`, { metadata: { annotations: { seen: kind } } }));
        allowed(
          await client.merge(`${STATES}/one/status`, {
            status: { configVersion: { desired: 'rendered-worker-1' } },
          }),
        );
        forbidden(
          await client.get(`${STATES}/two`),
          denied(
            'get',
            `machineconfignodes.${MCO}`,
            'two',
            "node 'one' cannot read 'two', only its own MachineConfigNode object",
          ),
        );
        for (const path of [`${STATES}/two`, `${STATES}/two/status`]) {
          forbidden(
            await client.merge(path, { metadata: { annotations: { seen: kind } } }),
            `machineconfignodes.${MCO} "two" is forbidden: node "one" is not allowed to modify machineconfignode "two"`,
          );
        }
        forbidden(
          await client.delete(`${STATES}/one`),
          denied('delete', `machineconfignodes.${MCO}`, 'one', ''),
        );
      });

      test('holds its own lease, and no other', async () => {
        allowed(await client.merge(`${NODE_LEASES}/one`, { spec: { leaseDurationSeconds: 40 } }));
        const why = 'can only access node lease with the same name as the requesting node';
        const where = 'in the namespace "kube-node-lease"';
        for (const [verb, answer] of [
          ['get', await client.get(`${NODE_LEASES}/two`)],
          ['patch', await client.merge(`${NODE_LEASES}/two`, { spec: { leaseDurationSeconds: 1 } })],
          ['delete', await client.delete(`${NODE_LEASES}/two`)],
        ] as const) {
          forbidden(answer, denied(verb, 'leases.coordination.k8s.io', 'two', why, where));
        }
        forbidden(
          await client.post(NODE_LEASES, { metadata: { name: 'three' } }),
          `leases.coordination.k8s.io "three" is forbidden: ${why}`,
        );
        forbidden(
          await client.post('/apis/coordination.k8s.io/v1/namespaces/mine/leases', {
            metadata: { name: 'one' },
          }),
          denied(
            'create',
            'leases.coordination.k8s.io',
            '',
            'can only access leases in the "kube-node-lease" system namespace',
            'in the namespace "mine"',
          ),
        );
      });

      test('reads the configuration that it follows, and writes none of it', async () => {
        for (const plural of [
          'machineconfigs',
          'machineconfigpools',
          'controllerconfigs',
          'machineosbuilds',
        ]) {
          allowed(await client.get(`/apis/${MCO}/v1/${plural}`));
        }
        forbidden(
          await client.merge(`${POOLS}/worker`, { spec: { paused: true } }),
          denied('patch', `machineconfigpools.${MCO}`, 'worker', ''),
        );
        const config = { apiVersion: `${MCO}/v1`, kind: 'MachineConfig', metadata: { name: 'x' }, spec: {} };
        forbidden(
          await client.post(`/apis/${MCO}/v1/machineconfigs`, config),
          denied('create', `machineconfigs.${MCO}`, '', ''),
        );
      });

      test('reads no secret and no configmap that is none of its business', async () => {
        const why = "no relationship found between node 'one' and this object";
        forbidden(
          await client.get('/api/v1/namespaces/mine/secrets/pull'),
          denied('get', 'secrets', 'pull', why, 'in the namespace "mine"'),
        );
        forbidden(await client.get('/api/v1/secrets'), denied('list', 'secrets', '', why));
        forbidden(
          await client.get('/api/v1/namespaces/kube-system/configmaps/x'),
          denied('get', 'configmaps', 'x', why, 'in the namespace "kube-system"'),
        );
      });

      test('sees and evicts the pods that are on it', async () => {
        const path = '/api/v1/namespaces/mine/pods';
        const tag = kind === 'a kubelet' ? 'kubelet' : 'agent';
        for (const node of ['one', 'two']) {
          await create(path, {
            metadata: { name: `${tag}-${node}` },
            spec: { nodeName: node, containers: [{ name: 'c', image: 'i' }] },
          });
        }
        allowed(await client.get(`/api/v1/pods?fieldSelector=spec.nodeName%3Done`));
        forbidden(
          await client.get('/api/v1/pods'),
          denied('list', 'pods', '', 'can only list/watch pods with spec.nodeName field selector'),
        );
        forbidden(
          await client.get(`/api/v1/pods?fieldSelector=spec.nodeName%3Dtwo`),
          denied('list', 'pods', '', 'can only list/watch pods with spec.nodeName field selector'),
        );
        allowed(await client.get(`${path}/${tag}-one`));
        forbidden(
          await client.get(`${path}/${tag}-two`),
          denied(
            'get',
            'pods',
            `${tag}-two`,
            "no relationship found between node 'one' and this object",
            'in the namespace "mine"',
          ),
        );
        forbidden(
          await client.merge(`${path}/${tag}-two/status`, { status: { phase: 'Failed' } }),
          `pods "${tag}-two" is forbidden: node "one" can only update pod status for pods with spec.nodeName set to itself`,
        );
        const eviction = (name: string): AnyObject => ({
          apiVersion: 'policy/v1',
          kind: 'Eviction',
          metadata: { name },
        });
        const elsewhere = await client.post(`${path}/${tag}-two/eviction`, eviction(`${tag}-two`));
        assert.equal(elsewhere.status, 403, elsewhere.text);
        assert.match(elsewhere.text, /node one can only evict pods with spec\.nodeName set to itself/);
        allowed(await client.post(`${path}/${tag}-one/eviction`, eviction(`${tag}-one`)), 201);
        forbidden(
          await client.delete(`${path}/${tag}-two`, { gracePeriodSeconds: 0 }),
          `pods "${tag}-two" is forbidden: node "one" can only delete pods with spec.nodeName set to itself`,
        );
        allowed(await client.delete(`${path}/${tag}-one`, { gracePeriodSeconds: 0 }));
        forbidden(
          await client.post(path, {
            metadata: { name: 'x' },
            spec: { nodeName: 'one', containers: [{ name: 'c', image: 'i' }] },
          }),
          'pods "x" is forbidden: pod does not have "kubernetes.io/config.mirror" annotation, node "one" can only create mirror pods',
        );
      });

      test('writes events', async () => {
        const event = {
          metadata: { name: `${kind.replaceAll(' ', '-')}.1`, namespace: 'default' },
          involvedObject: { kind: 'Node', name: 'one' },
          reason: 'Rebooting',
          type: 'Normal',
        };
        allowed(await client.post('/api/v1/namespaces/default/events', event), 201);
        assert.equal((await client.get('/api/v1/events')).status, 403);
      });

      test('grants nothing', async () => {
        const { status } = await client.post('/apis/rbac.authorization.k8s.io/v1/clusterrolebindings', {
          metadata: { name: 'x' },
          roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
          subjects: [{ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: user }],
        });
        assert.equal(status, 403);
        const path = `/api/v1/namespaces/${OWN_NAMESPACE}/serviceaccounts/varve-agent/token`;
        const request = {
          apiVersion: 'authentication.k8s.io/v1',
          kind: 'TokenRequest',
          spec: { boundObjectRef: { apiVersion: 'v1', kind: 'Node', name: 'two' } },
        };
        assert.equal((await client.post(path, request)).status, 403);
      });
    });
  }

  for (const [credential, identity] of [
    ['a token of its node', () => agent('one')],
    ['a certificate of its node', () => lab.as('system:node:one', 'system:nodes', 'varve:agents')],
  ] as const) {
    test(`an agent with ${credential} annotates its Node, reports its MachineConfigNode, and does nothing else`, async () => {
      const client = await identity();
      const state = { metadata: { annotations: { [`${MCO}/state`]: credential } } };
      allowed(await client.get('/api/v1/nodes/one'));
      allowed(await client.get('/api/v1/nodes?fieldSelector=metadata.name%3Done'));
      allowed(await client.merge('/api/v1/nodes/one', state));
      allowed(await client.get(`${STATES}/one`));
      const refused = async (what: string, answer: Promise<{ readonly status: number }>): Promise<void> =>
        assert.equal((await answer).status, 403, what);
      await refused("another's Node", client.merge('/api/v1/nodes/two', state));
      await refused("another's Node, read", client.get('/api/v1/nodes/two'));
      await refused('all Nodes', client.get('/api/v1/nodes'));
      const wish = { metadata: { annotations: { [`${MCO}/lastAppliedDrain`]: 'x' } } };
      await refused("an annotation of the rollout's", client.merge('/api/v1/nodes/one', wish));
      await refused('a label', client.merge('/api/v1/nodes/one', { metadata: { labels: { a: 'b' } } }));
      await refused('a taint', client.merge('/api/v1/nodes/one', { spec: { unschedulable: true } }));
      await refused('its status', client.merge('/api/v1/nodes/one/status', { status: { phase: 'x' } }));
      await refused("another's MachineConfigNode", client.merge(`${STATES}/two/status`, { status: {} }));
      await refused('its specification', client.merge(`${STATES}/one`, { spec: { pool: { name: 'x' } } }));
      await refused('pods', client.get('/api/v1/pods?fieldSelector=spec.nodeName%3Done'));
      await refused('secrets', client.get(`/api/v1/namespaces/${OWN_NAMESPACE}/secrets`));
    });
  }

  describe('an agent', () => {
    test('whose token names no node may do nothing as one, whatever roles it has', async () => {
      const client = await agent();
      const unbound = await client.get('/api/v1/nodes/one');
      forbidden(
        unbound,
        `nodes "one" is forbidden: User "${AGENT}" cannot get resource "nodes" in API group "" at the cluster scope: unknown node for user "${AGENT}"`,
      );
      const rbac = '/apis/rbac.authorization.k8s.io/v1';
      await create(`${rbac}/clusterrolebindings`, {
        metadata: { name: 'agents-of-all' },
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
        subjects: [{ kind: 'ServiceAccount', name: 'varve-agent', namespace: OWN_NAMESPACE }],
      });
      forbidden(
        await client.merge('/api/v1/nodes/one', { metadata: { labels: { a: 'b' } } }),
        `nodes "one" is forbidden: could not determine node from user "${AGENT}"`,
      );
      forbidden(
        await (await agent('one')).merge(`${STATES}/two`, { metadata: { labels: { a: 'b' } } }),
        `machineconfignodes.${MCO} "two" is forbidden: node "one" is not allowed to modify machineconfignode "two"`,
      );
      allowed(await admin.delete(`${rbac}/clusterrolebindings/agents-of-all`));
    });

    test('of a node that has gone is nobody', async () => {
      await create('/api/v1/nodes', { metadata: { name: 'gone' } });
      const client = await agent('gone');
      allowed(await client.get('/api/v1/nodes/gone'));
      allowed(await admin.delete('/api/v1/nodes/gone'));
      unauthorized(await client.get('/api/v1/nodes/gone'));
      await create('/api/v1/nodes', { metadata: { name: 'gone' } });
      unauthorized(await client.get('/api/v1/nodes/gone'));
    });
  });

  test('a name like a node without its group is no node', async () => {
    const client = await lab.as('system:node:one');
    forbidden(
      await client.get('/api/v1/nodes/one'),
      'nodes "one" is forbidden: User "system:node:one" cannot get resource "nodes" in API group "" at the cluster scope',
    );
  });
});

/** The certificate and key that a control plane gives a user. */
async function certificateOf(
  lab: LabControlPlane,
  name: string,
  group: string,
): Promise<{ cert: string; key: string }> {
  const text = await lab.plane.kubeconfigFor(name, [group]);
  const member = (key: string): string =>
    Buffer.from(new RegExp(`${key}: (\\S+)`).exec(text)?.[1] ?? '', 'base64').toString();
  return { cert: member('client-certificate-data'), key: member('client-key-data') };
}
