import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { sha256 } from './digest.ts';
import type { Descriptor } from './documents.ts';
import { MediaType } from './media-type.ts';
import { OciError } from './oci-error.ts';
import { parseReference } from './reference.ts';
import { scriptedServer, testClient } from './registry-test-server.ts';

const CONTENT = Buffer.from('content');
const BLOB: Descriptor = { mediaType: MediaType.ociLayer, digest: sha256(CONTENT), size: CONTENT.length };

async function failure(promise: Promise<unknown>): Promise<OciError> {
  try {
    await promise;
  } catch (error) {
    assert.ok(error instanceof OciError, String(error));
    return error;
  }
  return assert.fail('no error');
}

test('a blob redirect to another origin is followed without the credentials', async (t) => {
  const storage = await scriptedServer(t, (_, response) => response.end(CONTENT));
  const registry = await scriptedServer(t, (request, response) => {
    if (request.headers.authorization === undefined) {
      response.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end();
    } else {
      response.writeHead(307, { location: `http://${storage.address}/signed?key=1` }).end();
    }
  });
  const { client } = testClient(t, {
    auth: { lookup: () => ({ credential: { kind: 'basic', username: 'u', password: 'p' }, files: ['f'] }) },
  });
  const bytes = await client.getBlobBytes(parseReference(`${registry.address}/os`), BLOB, 100);
  assert.deepEqual(Buffer.from(bytes), CONTENT);
  assert.equal(registry.seen[1]?.headers.authorization, 'Basic dTpw');
  assert.equal(storage.seen[0]?.headers.authorization, undefined);
  assert.equal(storage.lines()[0], 'GET /signed?key=1');
});

test('a 401 of a redirect target is not answered with the credentials', async (t) => {
  const thief = await scriptedServer(t, (_, response) =>
    response.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end(),
  );
  const registry = await scriptedServer(t, (_, response) =>
    response.writeHead(302, { location: `http://${thief.address}/` }).end(),
  );
  const { client } = testClient(t, {
    auth: { lookup: () => ({ credential: { kind: 'basic', username: 'u', password: 'p' }, files: ['f'] }) },
  });
  const error = await failure(client.getBlobBytes(parseReference(`${registry.address}/os`), BLOB, 100));
  assert.equal(error.code, 'unauthorized');
  assert.equal(thief.seen.length, 1);
  assert.equal(thief.seen[0]?.headers.authorization, undefined);
});

test('redirects in a circle and endless redirects end in redirect-loop', async (t) => {
  const circle = await scriptedServer(t, (request, response) =>
    response.writeHead(302, { location: request.url === '/a' ? '/b' : '/a' }).end(),
  );
  const endless = await scriptedServer(t, (_, response, count) =>
    response.writeHead(302, { location: `/${count}` }).end(),
  );
  const { client } = testClient(t);
  const first = await failure(client.getBlobBytes(parseReference(`${circle.address}/os`), BLOB, 100));
  assert.equal(first.code, 'redirect-loop');
  assert.match(first.message, /redirects in a circle/u);
  const second = await failure(client.getBlobBytes(parseReference(`${endless.address}/os`), BLOB, 100));
  assert.equal(second.code, 'redirect-loop');
  assert.equal(endless.seen.length, 6);
});

test('a redirect without a usable Location is malformed', async (t) => {
  const { client } = testClient(t);
  for (const headers of [{}, { location: 'ftp://x/' }]) {
    const server = await scriptedServer(t, (_, response) => response.writeHead(302, headers).end());
    assert.equal(
      (await failure(client.getBlobBytes(parseReference(`${server.address}/os`), BLOB, 100))).code,
      'malformed',
    );
  }
});

test('429 is retried after the pause that the registry asks for', async (t) => {
  const now = Date.parse('2026-01-01T00:00:00Z');
  const answers = ['7', new Date(now + 9000).toUTCString(), '100000', 'soon'];
  const server = await scriptedServer(t, (_, response, count) => {
    const wait = answers[count - 1];
    if (wait === undefined) response.end(CONTENT);
    else response.writeHead(429, { 'retry-after': wait }).end();
  });
  const { client, pauses } = testClient(t, { now: () => now });
  await client.getBlobBytes(parseReference(`${server.address}/os`), BLOB, 100);
  assert.deepEqual(pauses, [7000, 9000, 60_000, 1000]);
});

test('429 becomes rate-limited when tries or time are used up', async (t) => {
  const server = await scriptedServer(t, (_, response) =>
    response.writeHead(429, { 'retry-after': '50' }).end(),
  );
  let now = 0;
  const { client, pauses } = testClient(t, {
    now: () => now,
    sleep: async (milliseconds) => {
      now += milliseconds;
    },
  });
  const error = await failure(client.hasBlob(parseReference(`${server.address}/os`), BLOB.digest));
  assert.equal(error.code, 'rate-limited');
  assert.equal(error.retryAfter, 50_000);
  assert.match(error.message, /is asked too often \(429\); log in for a higher limit/u);
  // Three tries at 0, 50 and 100 seconds; a fourth would begin after the deadline of 120 seconds.
  assert.equal(server.seen.length, 3);
  assert.deepEqual(pauses, []);
});

test('server errors are retried with growing pauses, five tries in all', async (t) => {
  for (const status of [500, 502, 503, 504]) {
    const server = await scriptedServer(t, (_, response) => response.writeHead(status).end('<html>'));
    const { client, pauses } = testClient(t);
    const error = await failure(client.getManifest(parseReference(`${server.address}/os:1`)));
    assert.equal(error.code, 'registry-error');
    assert.equal(error.status, status);
    assert.equal(error.retryable, true);
    assert.deepEqual(pauses, [125, 250, 500, 1000]);
    assert.equal(server.seen.length, 5);
  }
});

test('client errors are not retried and each has a sentence', async (t) => {
  const body = (code: string): string => JSON.stringify({ errors: [{ code, message: 'the message' }] });
  const table: readonly [number, string, string, RegExp][] = [
    [403, body('DENIED'), 'denied', /does not allow it \(403 DENIED: the message\); check the rights/u],
    [404, body('NAME_UNKNOWN'), 'not-found', /has no such repository \(404 NAME_UNKNOWN: the message\)/u],
    [404, body('MANIFEST_UNKNOWN'), 'not-found', /has no such manifest/u],
    [404, '<html>', 'not-found', /does not have it \(404\), and its answer is not that of a registry API/u],
    [405, body('UNSUPPORTED'), 'unsupported', /does not support it/u],
    [
      400,
      body('NAME_INVALID'),
      'registry-error',
      /did not accept the request \(400 NAME_INVALID: the message\)/u,
    ],
  ];
  for (const [status, text, code, pattern] of table) {
    const server = await scriptedServer(t, (_, response) => response.writeHead(status).end(text));
    const { client } = testClient(t);
    const error = await failure(client.requireManifest(parseReference(`${server.address}/os:1`)));
    assert.equal(error.code, code);
    assert.match(error.message, pattern);
    assert.match(error.message, /^cannot read manifest 127\.0\.0\.1:\d+\/os:1: 127\.0\.0\.1:\d+ /u);
    assert.equal(server.seen.length, 1);
  }
});

test('what a registry says is made safe to print', async (t) => {
  const message = `\u001b[2Jsee https://h/x?sig=SECRET and Bearer abcdefghijkl \u202e${'long '.repeat(100)}`;
  const server = await scriptedServer(t, (_, response) =>
    response.writeHead(400).end(JSON.stringify({ errors: [{ code: 'X', message }] })),
  );
  const { client } = testClient(t);
  const error = await failure(client.getManifest(parseReference(`${server.address}/os:1`)));
  assert.doesNotMatch(error.message, /SECRET|abcdefghijkl|\p{Cc}|\p{Cf}/u);
  assert.match(error.message, /see https:\/\/h\/x and Bearer … /u);
  assert.ok(error.message.length < 400);
});

test('a closed port is named with host and port', async (t) => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  const { client, pauses } = testClient(t);
  const error = await failure(client.resolve(parseReference(`127.0.0.1:${port}/os:1`)));
  assert.equal(error.code, 'unreachable');
  assert.match(
    error.message,
    new RegExp(`127\\.0\\.0\\.1:${port} refused the connection; check that the registry runs`, 'u'),
  );
  assert.equal(pauses.length, 1);
});

test('a port that speaks something else is named', async (t) => {
  const server = createServer((socket) => {
    socket.on('error', () => {}).resume();
    socket.end('SSH-2.0-OpenSSH\r\n');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => new Promise((resolve) => server.close(resolve)));
  const { port } = server.address() as { port: number };
  const { client } = testClient(t);
  const error = await failure(client.resolve(parseReference(`127.0.0.1:${port}/os:1`)));
  assert.equal(error.code, 'unreachable');
  assert.match(error.message, /does not speak HTTP/u);
});

test('a connection that the server closed while it was idle is replaced without a pause', async (t) => {
  const server = await scriptedServer(t, (_, response, count) => {
    response.end(CONTENT);
    // As a server does whose keep-alive time is over at the moment of our next request.
    if (count === 1) response.socket?.once('data', () => response.socket?.resetAndDestroy());
  });
  const { client, pauses } = testClient(t);
  const ref = parseReference(`${server.address}/os`);
  for (let round = 0; round < 3; round += 1) await client.getBlobBytes(ref, BLOB, 100);
  assert.deepEqual(pauses, []);
});

test('requests that run at the same time share the first contact', async (t) => {
  const server = await scriptedServer(t, (_, response) => response.end());
  const { client } = testClient(t);
  const ref = parseReference(`${server.address}/os`);
  await Promise.all(Array.from({ length: 8 }, () => client.hasBlob(ref, BLOB.digest)));
  assert.equal(server.seen.length, 8);
  assert.equal(client.traffic.requests, 8);
});

test('a call whose signal has fired sends nothing', async (t) => {
  const server = await scriptedServer(t, (_, response) => response.end());
  const { client } = testClient(t);
  const error = await failure(
    client.hasBlob(parseReference(`${server.address}/os`), BLOB.digest, AbortSignal.abort()),
  );
  assert.equal(error.code, 'aborted');
  assert.equal(server.seen.length, 0);
});

test('loopback is never proxied', async (t) => {
  const server = await scriptedServer(t, (_, response) => response.end(CONTENT));
  const { client } = testClient(t, {
    proxyEnv: { HTTP_PROXY: 'http://127.0.0.1:9', HTTPS_PROXY: 'http://127.0.0.1:9' },
  });
  await client.getBlobBytes(parseReference(`${server.address}/os`), BLOB, 100);
  assert.equal(server.seen.length, 1);
});
