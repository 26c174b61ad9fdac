import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import { type JsonObject, textAt } from '../../schema/index.ts';
import { reviewAccess, reviewLocalAccess, reviewOwnAccess } from './access-review.ts';
import type { Reviewed } from './review.ts';
import { reviewRules } from './rules-review.ts';
import { binding, role, SampleCluster } from './sample-cluster.ts';
import { serviceAccountKey } from './service-account-key.ts';
import { ServiceAccountTokens } from './service-account-tokens.ts';
import { requestToken } from './token-request.ts';
import { user } from './user.ts';

const NOW = Date.UTC(2026, 10, 20, 12, 0, 0, 999);
const key = serviceAccountKey(generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey);
const readPods = { verbs: ['list'], apiGroups: [''], resources: ['pods'], resourceNames: ['p'] };
const cluster = new SampleCluster(
  role('ns', 'r', readPods),
  binding('ns', 'r', 'r', [{ kind: 'User', name: 'alice' }]),
  stored('ServiceAccount', 'ns', 'bot', 'u1'),
  stored('Pod', 'ns', 'p', 'u2', { serviceAccountName: 'bot', nodeName: 'n' }),
  stored('Pod', 'ns', 'q', 'u5', { serviceAccountName: 'bot', nodeName: 'gone' }),
  stored('Pod', 'ns', 'other', 'u6', { serviceAccountName: 'default' }),
  stored('Node', '', 'n', 'u3'),
  stored('Secret', 'ns', 's', 'u4'),
);
const tokens = new ServiceAccountTokens({ issuer: 'https://issuer', key, read: cluster.read });

function stored(
  kind: string,
  namespace: string,
  name: string,
  uid: string,
  spec: JsonObject = {},
): JsonObject {
  return { apiVersion: 'v1', kind, metadata: { name, namespace, uid }, spec };
}

function refusal(reviewed: Reviewed): string {
  assert.ok('refusal' in reviewed, 'it was answered');
  return `${reviewed.refusal.code} ${reviewed.refusal.message}`;
}

function answer(reviewed: Reviewed): JsonObject {
  assert.ok('object' in reviewed, 'it was refused');
  return reviewed.object;
}

test('an access review understands a field selector', () => {
  for (const fieldSelector of [
    { rawSelector: 'metadata.name=p' },
    { rawSelector: 'a!=b,metadata.name==p' },
    { requirements: [{ key: 'metadata.name', operator: 'In', values: ['p'] }] },
  ]) {
    const resourceAttributes = { verb: 'list', resource: 'pods', namespace: 'ns', fieldSelector };
    const reviewed = reviewAccess({ spec: { user: 'alice', resourceAttributes } }, cluster.authorize);
    assert.deepEqual(answer(reviewed)['status'], {
      allowed: true,
      reason: 'RBAC: allowed by RoleBinding "r/ns" of Role "r" to User "alice"',
    });
    assert.deepEqual(answer(reviewed)['spec'], {
      resourceAttributes: { namespace: 'ns', verb: 'list', resource: 'pods', fieldSelector },
      user: 'alice',
    });
  }
  const rawSelector = 'metadata.name!=p';
  const resourceAttributes = {
    verb: 'list',
    resource: 'pods',
    namespace: 'ns',
    fieldSelector: { rawSelector },
  };
  const reviewed = reviewAccess({ spec: { user: 'alice', resourceAttributes } }, cluster.authorize);
  assert.deepEqual(answer(reviewed)['status'], { allowed: false });
});

test('an access review’s mistakes', () => {
  const both = { resourceAttributes: { verb: 'get' }, nonResourceAttributes: { path: '/x', verb: 'get' } };
  assert.equal(
    refusal(reviewOwnAccess({ spec: both }, user('alice'), cluster.authorize)),
    '422 .authorization.k8s.io "" is invalid: spec.nonResourceAttributes: Invalid value: {"Path":"/x","Verb":"get"}: ' +
      'cannot be specified in combination with resourceAttributes',
  );
  const one = { user: 'a', resourceAttributes: { verb: 'get', resource: 'pods', namespace: 'ns' } };
  assert.equal(
    refusal(reviewAccess({ metadata: { name: 'x' }, spec: one }, cluster.authorize)),
    '422 .authorization.k8s.io "" is invalid: metadata: Invalid value: {"name":"x"}: must be empty',
  );
  assert.match(
    refusal(reviewLocalAccess({ metadata: { name: 'x' }, spec: one }, 'ns', cluster.authorize)),
    /must be empty except for namespace$/,
  );
  assert.match(
    refusal(reviewLocalAccess({ spec: one }, 'other', cluster.authorize)),
    /spec\.resourceAttributes\.namespace: Invalid value: "ns": must match metadata\.namespace$/,
  );
  assert.equal(
    refusal(reviewLocalAccess({ metadata: { namespace: 'ns' }, spec: one }, 'other', cluster.authorize)),
    '400 spec.resourceAttributes.namespace must match namespace: other',
  );
  const path = { user: 'a', nonResourceAttributes: { path: '/x', verb: 'get' } };
  assert.match(
    refusal(reviewLocalAccess({ spec: path }, 'ns', cluster.authorize)),
    /disallowed on this kind of request$/,
  );
  for (const odd of [
    {},
    { spec: null },
    { spec: [] },
    { spec: { user: 5, resourceAttributes: 'x' } },
  ] as JsonObject[]) {
    assert.match(refusal(reviewAccess(odd, cluster.authorize)), /^422 /);
  }
});

test('an access review keeps uid and extra', () => {
  const spec = {
    resourceAttributes: { verb: 'get' },
    user: 'a',
    groups: ['g'],
    extra: { k: ['v'] },
    uid: '7',
  };
  assert.deepEqual(answer(reviewAccess({ spec }, cluster.authorize))['spec'], spec);
});

test('a rules review needs a namespace, and is honest about nodes and missing roles', () => {
  assert.equal(
    refusal(reviewRules({ spec: {} }, user('alice'), cluster.policy)),
    '400 no namespace on request',
  );
  const review = { spec: { namespace: 'ns' } };
  const status = answer(reviewRules(review, user('alice'), cluster.policy))['status'];
  assert.deepEqual(status, { resourceRules: [readPods], nonResourceRules: [], incomplete: false });
  const node = user('system:node:n', { groups: ['system:nodes'] });
  assert.equal(
    textAt(answer(reviewRules(review, node, cluster.policy)), 'status', 'evaluationError'),
    'node authorizer does not support user rule resolution',
  );
  const broken = new SampleCluster(binding('ns', 'b', 'gone', [{ kind: 'User', name: 'alice' }]));
  assert.deepEqual(answer(reviewRules(review, user('alice'), broken.policy))['status'], {
    resourceRules: [],
    nonResourceRules: [],
    incomplete: true,
    evaluationError: 'role.rbac.authorization.k8s.io "gone" not found',
  });
});

function request(body: JsonObject, name = 'bot'): Reviewed {
  return requestToken({ namespace: 'ns', name, body, now: NOW, id: 'id' }, tokens, cluster.read);
}

function claims(reviewed: Reviewed): JsonObject {
  const [, part = ''] = textAt(answer(reviewed), 'status', 'token').split('.');
  return JSON.parse(Buffer.from(part, 'base64url').toString()) as JsonObject;
}

const bound = (kind: string, name: string, more: JsonObject = {}): JsonObject => ({
  spec: { boundObjectRef: { kind, apiVersion: 'v1', name, ...more } },
});

test('a token request has defaults', () => {
  const reviewed = request({});
  assert.deepEqual(answer(reviewed)['spec'], {
    audiences: ['https://issuer'],
    expirationSeconds: 3600,
    boundObjectRef: null,
  });
  assert.equal(textAt(answer(reviewed), 'status', 'expirationTimestamp'), '2026-11-20T13:00:00Z');
  assert.deepEqual(claims(reviewed)['kubernetes.io'], {
    namespace: 'ns',
    serviceaccount: { name: 'bot', uid: 'u1' },
  });
});

test('a token is bound to a pod and its node, to a node, or to a secret', () => {
  const serviceaccount = { name: 'bot', uid: 'u1' };
  for (const [body, expected] of [
    [bound('Pod', 'p'), { node: { name: 'n', uid: 'u3' }, pod: { name: 'p', uid: 'u2' } }],
    [bound('Pod', 'q'), { node: { name: 'gone' }, pod: { name: 'q', uid: 'u5' } }],
    [bound('Node', 'n', { uid: 'u3' }), { node: { name: 'n', uid: 'u3' } }],
    [bound('Secret', 's'), { secret: { name: 's', uid: 'u4' } }],
  ] as const) {
    const reviewed = request(body);
    assert.deepEqual(claims(reviewed)['kubernetes.io'], { namespace: 'ns', ...expected, serviceaccount });
    const spec = answer(reviewed)['spec'] as JsonObject;
    assert.deepEqual(spec['boundObjectRef'], (body['spec'] as JsonObject)['boundObjectRef']);
  }
});

test('a token request’s mistakes', () => {
  for (const [body, expected] of [
    [bound('Pod', 'absent'), '404 pods "absent" not found'],
    [bound('Node', 'absent'), '404 nodes "absent" not found'],
    [
      bound('Pod', 'other'),
      '400 cannot bind token for serviceaccount "bot" to pod running with different serviceaccount name.',
    ],
    [bound('ConfigMap', 'c'), '400 cannot bind token to object of type /v1, Kind=ConfigMap'],
    [
      bound('Deployment', 'd', { apiVersion: 'apps/v1' }),
      '400 cannot bind token to object of type apps/v1, Kind=Deployment',
    ],
    [
      bound('Pod', 'p', { uid: 'x' }),
      '409 Operation cannot be fulfilled on Pod "p": the UID in the bound object reference (x) does not match the UID ' +
        'in record. The object might have been deleted and then recreated',
    ],
    [
      { metadata: { uid: 'x' } },
      '409 Operation cannot be fulfilled on TokenRequest.authentication.k8s.io "bot": the UID in the token request (x) ' +
        'does not match the UID of the service account (u1)',
    ],
    [
      { metadata: { name: 'x' } },
      '422 TokenRequest.authentication.k8s.io "bot" is invalid: metadata.name: Invalid value: "x": must match the ' +
        'service account name if specified',
    ],
    [{ spec: { expirationSeconds: 2 ** 33 } }, /may not specify a duration larger than 2\^32 seconds$/],
    [{ spec: { expirationSeconds: 'x' } }, /^422 .*must be a whole number of seconds$/],
    [{ spec: { expirationSeconds: 700.5 } }, /^422 .*must be a whole number of seconds$/],
  ] as const) {
    const message = refusal(request(body));
    if (typeof expected === 'string') assert.equal(message, expected);
    else assert.match(message, expected);
  }
  assert.equal(refusal(request({}, 'absent')), '404 serviceaccounts "absent" not found');
});
