import assert from 'node:assert/strict';
import { createHmac, generateKeyPairSync, sign } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import type { JsonObject } from '../../schema/index.ts';
import { signToken, verifyToken } from './json-web-token.ts';
import { SampleCluster } from './sample-cluster.ts';
import { serviceAccountKey } from './service-account-key.ts';
import { ServiceAccountTokens, type TokenGrant } from './service-account-tokens.ts';
import { userInfo } from './user.ts';

const ISSUER = 'https://kubernetes.default.svc.cluster.local';
const NOW = Date.UTC(2026, 10, 20);
const key = serviceAccountKey(generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey);
const otherKey = serviceAccountKey(generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey);

function object(
  kind: string,
  namespace: string,
  name: string,
  uid: string,
  more: JsonObject = {},
): JsonObject {
  return {
    apiVersion: 'v1',
    kind,
    metadata: { name, uid, ...(namespace === '' ? {} : { namespace }), ...more },
  };
}

const account = object('ServiceAccount', 'ns', 'bot', 'u1');
const pod = object('Pod', 'ns', 'p', 'u2');
const node = object('Node', '', 'n', 'u3');
const secret = object('Secret', 'ns', 's', 'u4');
const grant: TokenGrant = {
  namespace: 'ns',
  serviceAccount: { name: 'bot', uid: 'u1' },
  audiences: [ISSUER],
  lifetime: 3600,
};

function stage(): { cluster: SampleCluster; tokens: ServiceAccountTokens } {
  const cluster = new SampleCluster(account, pod, node, secret);
  return { cluster, tokens: new ServiceAccountTokens({ issuer: ISSUER, key, read: cluster.read }) };
}

function verdict(tokens: ServiceAccountTokens, token: string, now = NOW): JsonObject | string | undefined {
  const found = tokens.verify(token, [ISSUER], now);
  if (found === undefined) return undefined;
  return 'user' in found ? userInfo(found.user) : found.problem;
}

function problem(found: JsonObject | string | undefined): string {
  assert.ok(typeof found === 'string', 'it was accepted');
  return found;
}

function claimsOf(token: string): JsonObject {
  return JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString()) as JsonObject;
}

test('a token means its service account', () => {
  const { tokens } = stage();
  assert.deepEqual(verdict(tokens, tokens.issue(grant, NOW, 'id')), {
    username: 'system:serviceaccount:ns:bot',
    uid: 'u1',
    groups: ['system:serviceaccounts', 'system:serviceaccounts:ns'],
    extra: { 'authentication.kubernetes.io/credential-id': ['JTI=id'] },
  });
});

test('bound tokens say to what', () => {
  const { tokens } = stage();
  const onPod = { ...grant, pod: { name: 'p', uid: 'u2' }, node: { name: 'n', uid: 'u3' } };
  assert.deepEqual((verdict(tokens, tokens.issue(onPod, NOW, 'id')) as JsonObject)['extra'], {
    'authentication.kubernetes.io/credential-id': ['JTI=id'],
    'authentication.kubernetes.io/pod-name': ['p'],
    'authentication.kubernetes.io/pod-uid': ['u2'],
    'authentication.kubernetes.io/node-name': ['n'],
    'authentication.kubernetes.io/node-uid': ['u3'],
  });
});

test('a token lives as long as it says, give or take a minute of clocks', () => {
  const { tokens } = stage();
  const token = tokens.issue(grant, NOW, 'id');
  const end = NOW + 3600_000;
  assert.equal(typeof verdict(tokens, token, end + 60_000), 'object');
  assert.equal(verdict(tokens, token, end + 61_000), 'service account token has expired');
  assert.equal(typeof verdict(tokens, token, NOW - 60_000), 'object');
  assert.equal(verdict(tokens, token, NOW - 61_000), 'service account token is not valid yet');
});

test('a token is for its audiences', () => {
  const { tokens } = stage();
  const token = tokens.issue({ ...grant, audiences: ['vault', 'b'] }, NOW, 'id');
  assert.equal(
    verdict(tokens, token),
    `token audiences ["vault" "b"] is invalid for the target audiences ["${ISSUER}"]`,
  );
  const found = tokens.verify(token, ['x', 'vault'], NOW);
  assert.ok(found !== undefined && 'audiences' in found);
  assert.deepEqual(found.audiences, ['vault']);
});

test('a token ends with what it is bound to', () => {
  for (const [bound, more] of [
    [account, {}],
    [secret, { secret: { name: 's', uid: 'u4' } }],
    [pod, { pod: { name: 'p', uid: 'u2' } }],
    [node, { node: { name: 'n', uid: 'u3' } }],
  ] as const) {
    const { cluster, tokens } = stage();
    const token = tokens.issue({ ...grant, ...more }, NOW, 'id');
    assert.equal(typeof verdict(tokens, token), 'object');
    const metadata = bound['metadata'] as JsonObject;
    const deleted = (time: string): JsonObject => ({
      ...bound,
      metadata: { ...metadata, deletionTimestamp: time },
    });
    cluster.add(deleted('2026-11-20T00:00:00Z'));
    assert.equal(typeof verdict(tokens, token), 'object', 'while it ends');
    cluster.add(deleted('2026-11-19T23:58:00Z'));
    assert.match(problem(verdict(tokens, token)), /has been (deleted|invalidated)$/);
    cluster.add({ ...bound, metadata: { ...metadata, uid: 'another' } });
    assert.match(problem(verdict(tokens, token)), /(does not match claim|has been invalidated)$/);
    cluster.remove(bound);
    assert.match(problem(verdict(tokens, token)), /(not found|has been invalidated)$/);
  }
});

test('a pod-bound token does not end with the node', () => {
  const { cluster, tokens } = stage();
  const token = tokens.issue(
    { ...grant, pod: { name: 'p', uid: 'u2' }, node: { name: 'n', uid: '' } },
    NOW,
    'id',
  );
  cluster.remove(node);
  assert.equal(typeof verdict(tokens, token), 'object');
});

test('forged tokens are none', () => {
  const { tokens } = stage();
  const token = tokens.issue(grant, NOW, 'id');
  const [header = '', claims = '', signature = ''] = token.split('.');
  const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const publicPem = key.publicKey.export({ type: 'spki', format: 'pem' });
  const withHmac = `${encode({ alg: 'HS256', kid: key.id })}.${claims}`;
  const withRsa512 = `${encode({ alg: 'RS512', kid: key.id })}.${claims}`;
  const critical = `${encode({ alg: 'RS256', kid: key.id, crit: ['b64'], b64: false })}.${claims}`;
  const admin = encode({ ...claimsOf(token), sub: 'system:admin' });
  const forged: Record<string, string> = {
    'alg none': `${encode({ alg: 'none', kid: key.id })}.${claims}.`,
    'alg none with a signature': `${encode({ alg: 'none', kid: key.id })}.${claims}.${signature}`,
    'HS256 with the public key as the secret': `${withHmac}.${createHmac('sha256', publicPem).update(withHmac).digest('base64url')}`,
    'another algorithm of the same key': `${withRsa512}.${sign('RSA-SHA512', Buffer.from(withRsa512), key.privateKey).toString('base64url')}`,
    'a critical extension': `${critical}.${sign('RSA-SHA256', Buffer.from(critical), key.privateKey).toString('base64url')}`,
    'another key': signToken(claimsOf(token), otherKey),
    'another key that claims to be ours': signToken(claimsOf(token), { ...otherKey, id: key.id }),
    'our key under another name': signToken(claimsOf(token), { ...key, id: otherKey.id }),
    'other claims': `${header}.${admin}.${signature}`,
    'a signature in another spelling': `${header}.${claims}.${respelled(signature)}`,
    'no signature': `${header}.${claims}.`,
    'a part more': `${token}.x`,
    'a part less': `${header}.${claims}`,
    padding: `${header}=.${claims}.${signature}`,
    'claims that are a list': signToken([] as unknown as JsonObject, key),
    'another issuer': signToken({ ...claimsOf(token), iss: 'https://evil.example' }, key),
    'no issuer': signToken({}, key),
    'too long': signToken({ ...claimsOf(token), pad: 'x'.repeat(20_000) }, key),
    empty: '',
    dots: '..',
  };
  for (const [name, text] of Object.entries(forged)) assert.equal(verdict(tokens, text), undefined, name);
});

/** The same bytes: the bits that the last character has too many are set. */
function respelled(base64url: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  const other = alphabet[alphabet.indexOf(base64url.at(-1)!) ^ 1]!;
  const text = base64url.slice(0, -1) + other;
  assert.deepEqual(Buffer.from(text, 'base64url'), Buffer.from(base64url, 'base64url'));
  return text;
}

test('claims of a wrong type are refused, though signed', () => {
  const { tokens } = stage();
  const claims = claimsOf(tokens.issue(grant, NOW, 'id'));
  for (const [member, value] of [
    ['exp', '9999999999'],
    ['exp', null],
    ['nbf', 'now'],
    ['aud', ISSUER],
    ['kubernetes.io', 'x'],
    ['kubernetes.io', { namespace: 'ns', serviceaccount: { name: ['bot'], uid: 'u1' } }],
  ] as const) {
    const found = verdict(tokens, signToken({ ...claims, [member]: value as string }, key));
    assert.equal(typeof found, 'string', member);
  }
});

test('garbage never throws, and no problem repeats the token', () => {
  const { tokens } = stage();
  const good = tokens.issue(grant, NOW, 'id');
  fc.assert(
    fc.property(
      fc.oneof(fc.string(), fc.base64String()),
      fc.nat(good.length),
      fc.nat(5),
      (text, at, drop) => {
        const mangled = good.slice(0, at) + text + good.slice(at + drop);
        for (const token of [text, mangled, `${text}.${text}.${text}`]) {
          if (token === good) continue;
          assert.equal(tokens.verify(token, [ISSUER], NOW), undefined);
        }
      },
    ),
    { numRuns: 300 },
  );
  const expired = verdict(tokens, good, NOW + 1e10);
  assert.ok(!problem(expired).includes(good.slice(0, 20)));
});

test('a huge token is not even split', () => {
  const huge = 'a.'.repeat(50_000_000);
  // The quickest of many: the machine may have other things to do.
  const times = Array.from({ length: 20 }, () => {
    const start = performance.now();
    assert.equal(verifyToken(huge, key), undefined);
    return performance.now() - start;
  });
  assert.ok(Math.min(...times) < 50);
});

test('what is remembered of a token is only that it is genuine', () => {
  const { cluster, tokens } = stage();
  const token = tokens.issue(grant, NOW, 'id');
  assert.equal(typeof verdict(tokens, token), 'object');
  cluster.remove(account);
  assert.equal(verdict(tokens, token), 'serviceaccounts "bot" not found');
});
