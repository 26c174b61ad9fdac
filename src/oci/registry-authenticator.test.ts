import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { Credential } from './auth-file.ts';
import type { AuthSource } from './auth-source.ts';
import { sha256 } from './digest.ts';
import { OciError } from './oci-error.ts';
import { parseReference } from './reference.ts';
import type { RegistryOptions } from './registry-options.ts';
import { type ScriptedServer, scriptedServer, type SeenRequest, testClient } from './registry-test-server.ts';

const DIGEST = sha256(Buffer.from('x'));
const BASIC: Credential = { kind: 'basic', username: 'user', password: 'p:w' };

function source(credential: Credential): AuthSource {
  return { lookup: () => ({ credential, files: ['/auth.json'] }) };
}

interface Lab {
  readonly registry: ScriptedServer;
  readonly service: ScriptedServer;
}

/** A registry whose token service answers as `answer` says; it takes the tokens that `good` accepts. */
async function lab(
  t: TestContext,
  answer: (request: SeenRequest, count: number) => { status?: number; body: unknown },
  good: (token: string) => boolean = () => true,
  scheme = 'Bearer',
): Promise<Lab> {
  const service = await scriptedServer(t, (request, response, count) => {
    const { body, status = 200 } = answer(request, count);
    response.writeHead(status).end(typeof body === 'string' ? body : JSON.stringify(body));
  });
  const registry = await scriptedServer(t, (request, response) => {
    const token = /^Bearer (.*)$/u.exec(request.headers.authorization ?? '')?.[1];
    if (token !== undefined && good(token)) response.writeHead(request.method === 'POST' ? 201 : 200).end();
    else {
      const name = /^\/v2\/(.*)\/blobs/u.exec(request.url)?.[1];
      const challenge = `${scheme} realm="http://${service.address}/token",service="the, \\"service\\"",scope="repository:${name}:pull"`;
      response.writeHead(401, { 'www-authenticate': ['Negotiate', challenge, 'Basic realm="x"'] }).end();
    }
  });
  return { registry, service };
}

async function failure(promise: Promise<unknown>): Promise<OciError> {
  try {
    await promise;
  } catch (error) {
    assert.ok(error instanceof OciError, String(error));
    return error;
  }
  return assert.fail('no error');
}

function ask(
  t: TestContext,
  { registry }: Lab,
  options: RegistryOptions = {},
): (name?: string) => Promise<boolean> {
  const { client } = testClient(t, options);
  return (name = 'team/os') => client.hasBlob(parseReference(`${registry.address}/${name}`), DIGEST);
}

test('an anonymous token is fetched once and kept', async (t) => {
  const here = await lab(t, () => ({ body: { token: 'abc', expires_in: 300 } }));
  const has = ask(t, here);
  assert.equal(await has(), true);
  assert.equal(await has(), true);
  assert.deepEqual(here.service.lines(), [
    'GET /token?service=the%2C+%22service%22&scope=repository%3Ateam%2Fos%3Apull',
  ]);
  assert.equal(here.service.seen[0]?.headers.authorization, undefined);
  assert.equal(here.registry.seen.length, 3);
});

test('requests at the same time share one token request', async (t) => {
  const here = await lab(t, () => ({ body: { access_token: 'abc' } }));
  const has = ask(t, here);
  await has();
  await Promise.all([has('a'), has('a'), has('a')]);
  assert.equal(here.service.seen.length, 2);
});

test('a token is fetched anew when it has expired, and when the registry refuses it early', async (t) => {
  let valid = 'token-1';
  const here = await lab(
    t,
    (_, count) => ({ body: { token: `token-${count}`, expires_in: 100 } }),
    (token) => token === valid,
  );
  let now = 0;
  const has = ask(t, here, { now: () => now });
  await has();
  now = 89_000;
  await has();
  assert.equal(here.service.seen.length, 1);
  now = 91_000;
  valid = 'token-2';
  await has();
  assert.equal(here.registry.seen.length, 4);
  valid = 'token-3';
  await has();
  assert.equal(here.service.seen.length, 3);
});

test('a mount asks for one token over both repositories', async (t) => {
  const here = await lab(t, () => ({ body: { token: 'abc' } }));
  const { client } = testClient(t);
  const ref = parseReference(`${here.registry.address}/team/os`);
  assert.equal(await client.mountBlob(ref, DIGEST, 'base/os'), true);
  const query = new URL(here.service.seen[0]!.url, 'http://x').searchParams;
  assert.deepEqual(query.getAll('scope'), ['repository:team/os:pull,push', 'repository:base/os:pull']);
  assert.equal(here.service.seen.length, 1);
});

test('credentials go to the token service as Basic', async (t) => {
  const here = await lab(t, () => ({ body: { token: 'abc' } }));
  await ask(t, here, { auth: source(BASIC) })();
  assert.equal(
    here.service.seen[0]?.headers.authorization,
    `Basic ${Buffer.from('user:p:w').toString('base64')}`,
  );
  assert.match(here.service.seen[0].url, /account=user/u);
});

test('an identity token goes to the token service by POST', async (t) => {
  const here = await lab(t, () => ({ body: { access_token: 'abc' } }));
  await ask(t, here, { auth: source({ kind: 'identity', token: 'refresh' }) })();
  const request = here.service.seen[0];
  assert.equal(request?.method, 'POST');
  assert.equal(request.url, '/token');
  const form = new URLSearchParams(request.body.toString());
  assert.deepEqual(Object.fromEntries(form), {
    grant_type: 'refresh_token',
    client_id: 'oci-client',
    refresh_token: 'refresh',
    service: 'the, "service"',
    scope: 'repository:team/os:pull',
  });
});

test('a refused login names the auth file and never the secret', async (t) => {
  const here = await lab(t, () => ({
    status: 401,
    body: { errors: [{ code: 'UNAUTHORIZED', message: 'no' }] },
  }));
  const error = await failure(ask(t, here, { auth: source(BASIC) })());
  assert.equal(error.code, 'unauthorized');
  assert.match(
    error.message,
    /refused the credentials from \/auth\.json \(401\); check them or log in with podman login 127/u,
  );
  assert.doesNotMatch(error.message, /p:w|dXNlcjpwOnc/u);
});

test('a token that the registry refuses at once is an error, not a loop', async (t) => {
  const here = await lab(
    t,
    () => ({ body: { token: 'abc' } }),
    () => false,
  );
  assert.equal((await failure(ask(t, here)())).code, 'unauthorized');
  assert.equal(here.registry.seen.length, 2);
});

test('a token service that answers nonsense is named without its answer', async (t) => {
  for (const body of ['SECRET{', {}, { token: '' }, { token: 'a\nb' }, { token: 7 }]) {
    const here = await lab(t, () => ({ body }));
    const error = await failure(ask(t, here)());
    assert.equal(error.code, 'malformed');
    assert.match(error.message, /the token service 127\S+ answered without a token/u);
    assert.doesNotMatch(`${error.message} ${String(error.cause)}`, /SECRET/u);
  }
});

test('a token answer of more than a megabyte is refused', async (t) => {
  const here = await lab(t, () => ({ body: { token: 'x'.repeat(1024 * 1024) } }));
  assert.equal((await failure(ask(t, here)())).code, 'too-large');
});

test('credentials are not sent to a token service on another host over plain HTTP', async (t) => {
  const registry = await scriptedServer(t, (_, response) =>
    response.writeHead(401, { 'www-authenticate': 'Bearer realm="http://tokens.invalid/token"' }).end(),
  );
  const { client } = testClient(t, { auth: source(BASIC) });
  const error = await failure(client.hasBlob(parseReference(`${registry.address}/os`), DIGEST));
  assert.equal(error.code, 'unsupported');
  assert.match(
    error.message,
    /tokens\.invalid:80 is another host on plain HTTP; credentials are not sent there/u,
  );
});

test('a 401 without a challenge, or with foreign ones, is an error of its own', async (t) => {
  for (const [headers, pattern] of [
    [{}, /answered 401 without a challenge, so there is no way to log in/u],
    [
      { 'www-authenticate': 'Negotiate abc=, Digest realm="x"' },
      /challenges that are not supported \(negotiate, digest\)/u,
    ],
  ] as const) {
    const server = await scriptedServer(t, (_, response) => response.writeHead(401, headers).end());
    const { client } = testClient(t, { auth: source(BASIC) });
    const error = await failure(client.hasBlob(parseReference(`${server.address}/os`), DIGEST));
    assert.equal(error.code, 'unauthorized');
    assert.match(error.message, pattern);
    assert.equal(server.seen.length, 1);
  }
});

test('a credential helper that is configured is named', async (t) => {
  const server = await scriptedServer(t, (_, response) =>
    response.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end(),
  );
  const { client } = testClient(t, {
    auth: { lookup: () => ({ files: ['/config.json'], helper: 'ecr-login' }) },
  });
  const error = await failure(client.hasBlob(parseReference(`${server.address}/os`), DIGEST));
  assert.match(
    error.message,
    /\/config\.json leaves them to the credential helper "ecr-login", which is not run here/u,
  );
});

test('Basic credentials that are refused bring up what the registry said', async (t) => {
  const errors = [{ code: 'UNAUTHORIZED', message: 'account is locked' }];
  const server = await scriptedServer(t, (_, response) =>
    response.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end(JSON.stringify({ errors })),
  );
  const { client } = testClient(t, { auth: source(BASIC) });
  const error = await failure(client.getManifest(parseReference(`${server.address}/os:1`)));
  assert.match(error.message, /credentials from \/auth\.json \(401 UNAUTHORIZED: account is locked\)/u);
  assert.equal(server.seen.length, 2);
});

for (const isKnown of [true, false]) {
  test(`a call that waits for another one ends with its own signal only, where the registry is ${isKnown ? 'known' : 'new'}`, async (t) => {
    const asked = [Promise.withResolvers<void>(), Promise.withResolvers<void>()] as const;
    const service = await scriptedServer(t, (_, response, count) => {
      asked[count - 1]?.resolve();
      if (count > 1) response.writeHead(200).end(JSON.stringify({ token: 'abc', expires_in: 300 }));
    });
    const registry = await scriptedServer(t, (request, response) => {
      const challenge = `Bearer realm="http://${service.address}/token"`;
      if (request.headers.authorization === 'Bearer abc' || request.url.startsWith('/v2/open/'))
        response.writeHead(200).end();
      else response.writeHead(401, { 'www-authenticate': challenge }).end();
    });
    const { client } = testClient(t);
    if (isKnown) await client.hasBlob(parseReference(`${registry.address}/open`), DIGEST);
    const has = (signal: AbortSignal): Promise<boolean> =>
      client.hasBlob(parseReference(`${registry.address}/os`), DIGEST, signal);
    const ends = [1, 2, 3].map(() => new AbortController());
    const [first, second, third] = ends.map(({ signal }) => has(signal));
    await asked[0].promise;
    // Until the others have been told that they need a token.
    await new Promise((done) => setTimeout(done, 30));
    ends[1]?.abort();
    assert.equal((await failure(second!)).code, 'aborted');
    assert.equal(service.seen.length, 1);
    ends[0]?.abort();
    assert.equal((await failure(first!)).code, 'aborted');
    await asked[1].promise;
    assert.equal(await third, true);
  });
}

test('what to do about credentials is said as their source says it', async (t) => {
  const server = await scriptedServer(t, (_, response) =>
    response.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end(),
  );
  for (const credential of [undefined, BASIC]) {
    const lookup = { files: ['secret "a"'], remedy: 'ask Ann', ...(credential && { credential }) };
    const { client } = testClient(t, { auth: { lookup: () => lookup } });
    const error = await failure(client.hasBlob(parseReference(`${server.address}/os`), DIGEST));
    assert.match(error.message, /secret "a".*(?:has none for it; |check them or )ask Ann$/u);
  }
});
