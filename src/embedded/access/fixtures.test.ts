import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test, type TestContext } from 'node:test';
import { isJsonObject, type Json, type JsonObject, textAt } from '../../schema/index.ts';
import {
  Authenticator,
  type Credentials,
  forbiddenRequest,
  impersonate,
  keySetDocument,
  openCredentials,
  openIdConfiguration,
  pathAttributes,
  refuseEscalation,
  type RequestAttributes,
  requestHeaders,
  requestToken,
  resourceAttributes,
  reviewAccess,
  type Reviewed,
  reviewLocalAccess,
  reviewOwnAccess,
  reviewRules,
  reviewSelf,
  reviewToken,
  ServiceAccountTokens,
  user,
} from './index.ts';
import { SampleCluster } from './sample-cluster.ts';

const FIXTURES = new URL('../../../../shared/fixtures/kubernetes/api.jsonl', import.meta.url);
const ISSUER = 'https://kubernetes.default.svc.cluster.local';
const NOW = Date.UTC(2026, 10, 20, 16, 38, 56, 123);

interface Recorded {
  readonly id: string;
  readonly request: {
    readonly method: string;
    readonly path: string;
    readonly headers: Record<string, string>;
    readonly auth: string | null;
    readonly body: JsonObject | null;
  };
  readonly status: number;
  readonly body?: JsonObject;
  /** Of a watch: arrival and line. */
  readonly events?: readonly (readonly [number, string])[];
  readonly jwt_claims?: JsonObject;
}

const folder = mkdtempSync(join(tmpdir(), 'varve-access-'));
const records = new Map<string, Recorded>();
const cluster = new SampleCluster();
let credentials: Credentials;
let tokens: ServiceAccountTokens;
let authenticator: Authenticator;
const certificates = new Map<string, Uint8Array>();

before(async () => {
  if (!existsSync(FIXTURES)) return;
  for (const line of readFileSync(FIXTURES, 'utf8').trim().split('\n')) {
    const record = JSON.parse(line) as Recorded;
    records.set(record.id, record);
  }
  credentials = await openCredentials(folder, NOW);
  for (const [name, commonName, organization] of [
    ['admin', 'admin', 'system:masters'],
    ['alice', 'alice', 'devs'],
  ] as const) {
    const pair = await credentials.client(NOW, { commonName, organizations: [organization] });
    certificates.set(name, new X509Certificate(pair.certificate).raw);
  }
  tokens = new ServiceAccountTokens({
    issuer: ISSUER,
    key: credentials.serviceAccountKey,
    read: cluster.read,
  });
  authenticator = new Authenticator({
    authority: credentials.authority,
    serviceAccounts: tokens,
    staticTokens: [
      { token: 'lab-admin-token', user: user('admin', { uid: 'u1', groups: ['system:masters'] }) },
      { token: 'lab-alice-token', user: user('alice', { uid: 'u2', groups: ['devs'] }) },
    ],
  });
});
after(() => rmSync(folder, { recursive: true }));

/** In this order: what one creates, a later one needs. */
const CASES = [
  'apis-alice',
  'api-anon',
  'livez-anon',
  'version-anon',
  'metrics',
  'watch-403',
  'auth-anon',
  'auth-badtoken',
  'auth-basic',
  'auth-token-admin',
  'auth-token-alice-403',
  'auth-alice-get',
  'auth-alice-cluster',
  'auth-alice-create',
  'auth-alice-status',
  'auth-alice-nonres',
  'auth-alice-group',
  'auth-badtoken-healthz',
  'sa-create',
  'sa-token',
  'sa-token-short',
  'sa-403',
  'rbac-role',
  'rbac-rb',
  'sa-200',
  'rbac-escalate',
  'tokenreview-sa',
  'tokenreview-static',
  'tokenreview-bad',
  'tokenreview-aud',
  'tokenreview-empty',
  'selfsubjectreview',
  'sar',
  'sar-no',
  'sar-nonres',
  'sar-invalid',
  'ssar',
  'ssrr',
  'lsar',
  'impersonate',
  'impersonate-403',
  'impersonate-nouser',
  'oidc-config',
  'oidc-jwks',
];

let issued = '';

for (const id of CASES) {
  test(`recorded answer: ${id}`, (t) => {
    const record = records.get(id);
    if (record === undefined) return skip(t);
    const answer = respond(record);
    if (answer === undefined) return assert.ok(record.status < 300, `let through, recorded ${record.status}`);
    const lines = record.events?.map(([, line]) => line).join('');
    const recorded = record.body ?? (JSON.parse(lines ?? '') as JsonObject);
    assert.deepEqual(comparable(answer), comparable(recorded));
    if (record.jwt_claims !== undefined) {
      const claims = Buffer.from(issued.split('.')[1]!, 'base64url').toString();
      assert.equal(claims, JSON.stringify(record.jwt_claims), 'the same claims in the same order');
    }
  });
}

function skip(t: TestContext): void {
  if (process.env['CI'] === undefined) t.skip('no ../shared/fixtures');
  else assert.fail('no ../shared/fixtures');
}

/** What this part has to say to a request; undefined: go on. */
function respond({ request }: Recorded): JsonObject | undefined {
  const attributes = attributesOf(request.method, request.path);
  const headers = requestHeaders([
    ...Object.entries(request.headers).flat(),
    ...(request.auth?.startsWith('token:') === true
      ? ['Authorization', `Bearer ${request.auth.slice(6).replace('<jwt>', issued)}`]
      : []),
  ]);
  const certificate = certificates.get(request.auth ?? '');
  const who = authenticator.authenticate(
    certificate === undefined ? { headers } : { headers, certificate },
    NOW,
  );
  if ('refusal' in who) return who.refusal.toStatus();
  const acting = impersonate(headers, { ...attributes, user: who.user }, cluster.authorize);
  if ('refusal' in acting) return acting.refusal.toStatus();
  const asked = { ...attributes, user: acting.user };
  const decision = cluster.authorize(asked);
  if (!decision.allowed) return forbiddenRequest(asked, decision.reason).toStatus();
  const body = JSON.parse(JSON.stringify(request.body ?? {}).replace('<jwt>', issued)) as JsonObject;
  const reviewed = review(asked, body, request.path);
  if (reviewed !== undefined) return 'object' in reviewed ? reviewed.object : reviewed.refusal.toStatus();
  if (asked.verb === 'create') create(asked, body);
  return undefined;
}

function review(asked: RequestAttributes, body: JsonObject, path: string): Reviewed | undefined {
  switch (`${asked.resource}${asked.subresource}` || path) {
    case 'tokenreviews':
      return reviewToken(body, authenticator, NOW);
    case 'selfsubjectreviews':
      return { object: reviewSelf(asked.user, 'v1', NOW) };
    case 'subjectaccessreviews':
      return reviewAccess(body, cluster.authorize);
    case 'selfsubjectaccessreviews':
      return reviewOwnAccess(body, asked.user, cluster.authorize);
    case 'localsubjectaccessreviews':
      return reviewLocalAccess(body, asked.namespace, cluster.authorize);
    case 'selfsubjectrulesreviews':
      return reviewRules(body, asked.user, cluster.policy);
    case 'serviceaccountstoken': {
      const id = 'f20e5028-217d-463b-8401-db10f7275d1f';
      const call = { namespace: asked.namespace, name: asked.name, body, now: NOW, id };
      const answer = requestToken(call, tokens, cluster.read);
      if ('object' in answer) issued = textAt(answer.object, 'status', 'token');
      return answer;
    }
    case '/.well-known/openid-configuration':
      return { object: openIdConfiguration(ISSUER, 'https://127.0.0.1:16443') };
    case '/openid/v1/jwks':
      return { object: keySetDocument(credentials.serviceAccountKey) };
    default:
      return undefined;
  }
}

function create({ user, resource, namespace }: RequestAttributes, body: JsonObject): void {
  const metadata = isJsonObject(body['metadata']) ? body['metadata'] : {};
  const uid = resource === 'serviceaccounts' ? '51864f7b-b25c-42dd-a612-9b653bb35740' : 'a uid';
  const object = { ...body, metadata: { ...metadata, namespace, uid } };
  if (resource === 'roles' || resource === 'rolebindings') {
    const write = { user, resource, namespace, object } as const;
    assert.equal(refuseEscalation(write, cluster.policy, cluster.authorize), undefined);
  }
  cluster.add(object);
}

function attributesOf(method: string, path: string): RequestAttributes {
  const url = new URL(path, 'https://server');
  const nobody = user('nobody');
  const match =
    /^\/(?:api|apis\/([^/]+))\/(v[^/]+)(?:\/namespaces\/([^/]+))?\/([^/]+)(?:\/([^/]+)(?:\/([^/]+))?)?$/.exec(
      url.pathname,
    );
  if (match === null) return pathAttributes(nobody, method.toLowerCase(), url.pathname);
  const [, group = '', version = '', namespace = '', resource = '', name = '', subresource = ''] = match;
  const reading = url.searchParams.has('watch') ? 'watch' : name === '' ? 'list' : 'get';
  const verbs: Record<string, string> = { GET: reading, POST: 'create', PATCH: 'patch', PUT: 'update' };
  const verb = verbs[method] ?? 'delete';
  return resourceAttributes({ user: nobody, verb, group, version, namespace, resource, name, subresource });
}

/** Without what every server makes anew, or another part adds. */
function comparable(value: Json): Json {
  if (Array.isArray(value)) return value.map(comparable);
  if (typeof value === 'string') {
    if (/^X509SHA256=[0-9a-f]{64}$/.test(value)) return 'X509SHA256';
    return /^ey[\w-]+\.[\w-]+\.[\w-]+$/.test(value) ? '<jwt>' : value;
  }
  if (!isJsonObject(value)) return value;
  const kept = Object.entries(value).filter(([name]) => name !== 'managedFields' && name !== 'jwt_claims');
  return Object.fromEntries(
    kept.map(([name, member]) => [
      name,
      ['n', 'kid', 'creationTimestamp'].includes(name) ? name : comparable(member),
    ]),
  );
}
