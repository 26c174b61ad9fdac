import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Authenticator } from './authenticator.ts';
import { type Credentials, openCredentials } from './credentials.ts';
import { requestHeaders } from './request-headers.ts';
import { SampleCluster } from './sample-cluster.ts';
import { ServiceAccountTokens } from './service-account-tokens.ts';
import { user } from './user.ts';

const NOW = Date.UTC(2026, 10, 20);
const YEAR = 365 * 24 * 60 * 60 * 1000;
const folder = mkdtempSync(join(tmpdir(), 'varve-authenticator-'));
after(() => rmSync(folder, { recursive: true }));

let credentials: Credentials;
let authenticator: Authenticator;
const certificates = new Map<string, Uint8Array>();

before(async () => {
  credentials = await openCredentials(join(folder, 'own'), NOW);
  const foreign = await openCredentials(join(folder, 'foreign'), NOW);
  const alice = { commonName: 'alice', organizations: ['devs', 'ops'] };
  for (const [name, pair] of [
    ['alice', await credentials.client(NOW, alice)],
    ['nobody', await credentials.client(NOW, { commonName: '', organizations: ['devs'] })],
    ['foreign', await foreign.client(NOW, alice)],
    ['server', await credentials.server(NOW)],
  ] as const) {
    certificates.set(name, new X509Certificate(pair.certificate).raw);
  }
  const { read } = new SampleCluster();
  authenticator = new Authenticator({
    authority: credentials.authority,
    serviceAccounts: new ServiceAccountTokens({ issuer: 'i', key: credentials.serviceAccountKey, read }),
    staticTokens: [
      { token: 'secret', user: user('bob', { groups: ['g'] }) },
      { token: '', user: user('empty') },
    ],
  });
});

function who(authorization: string | undefined, certificate?: string, now = NOW): string {
  const headers = requestHeaders(authorization === undefined ? [] : ['Authorization', authorization]);
  const bytes =
    certificate === undefined ? undefined : (certificates.get(certificate) ?? Buffer.from(certificate));
  const answer = authenticator.authenticate(
    bytes === undefined ? { headers } : { headers, certificate: bytes },
    now,
  );
  return 'user' in answer
    ? `${answer.user.username} ${answer.user.groups.join()}`
    : `${answer.refusal.code} ${answer.refusal.message}`;
}

const anonymous = 'system:anonymous system:unauthenticated';

test('header oddities', () => {
  for (const [header, expected] of [
    [undefined, anonymous],
    ['', anonymous],
    ['Bearer secret', 'bob g,system:authenticated'],
    ['bearer secret', 'bob g,system:authenticated'],
    ['  BEARER secret  ', 'bob g,system:authenticated'],
    ['Bearer secret and more', 'bob g,system:authenticated'],
    ['Bearer  secret', anonymous],
    ['Bearer', anonymous],
    ['Bearer ', anonymous],
    ['Basic c2VjcmV0Og==', anonymous],
    ['secret', anonymous],
    ['Bearer secre', '401 Unauthorized'],
    ['Bearer secret2', '401 Unauthorized'],
    ['Bearer SECRET', '401 Unauthorized'],
    [`Bearer ${'x'.repeat(100_000)}`, '401 Unauthorized'],
    ['Bearer a.b.c', '401 Unauthorized'],
  ] as const) {
    assert.equal(who(header), expected, String(header).slice(0, 40));
  }
});

test('of two Authorization headers the first counts', () => {
  const headers = requestHeaders(['authorization', 'Bearer nope', 'Authorization', 'Bearer secret']);
  assert.ok('refusal' in authenticator.authenticate({ headers }, NOW));
});

test('a certificate names user and groups, and goes before a token', () => {
  const alice = 'alice devs,ops,system:authenticated';
  assert.equal(who(undefined, 'alice'), alice);
  assert.equal(who('Bearer secret', 'alice'), alice);
  assert.equal(who('Bearer nope', 'alice'), alice);
});

test('a certificate that is not the authority’s, or not for clients, is refused; a good token still counts', () => {
  for (const certificate of ['foreign', 'server', 'nobody', 'garbage']) {
    assert.equal(who(undefined, certificate), '401 Unauthorized', certificate);
    assert.equal(who('Bearer secret', certificate), 'bob g,system:authenticated', certificate);
  }
});

test('a certificate counts only while it is valid, also when it is known', () => {
  assert.match(who(undefined, 'alice'), /^alice/);
  assert.equal(who(undefined, 'alice', NOW + YEAR + 1000), '401 Unauthorized');
  assert.equal(who(undefined, 'alice', NOW - 10 * 60 * 1000), '401 Unauthorized');
  assert.match(who(undefined, 'alice', NOW + YEAR - 1000), /^alice/);
});

test('authentication takes microseconds once a certificate is known', () => {
  who(undefined, 'alice');
  // The quickest of many: the machine may have other things to do.
  const times = Array.from({ length: 20 }, () => {
    const start = performance.now();
    for (let index = 0; index < 250; index += 1) who(undefined, 'alice');
    return performance.now() - start;
  });
  assert.ok(Math.min(...times) < 250 * 0.2, `${Math.min(...times)} ms`);
});
