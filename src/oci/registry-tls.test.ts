import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { createServer, type Server } from 'node:https';
import { connect, createServer as createTcpServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { sha256 } from './digest.ts';
import { OciError } from './oci-error.ts';
import { parseReference } from './reference.ts';
import type { RegistryOptions } from './registry-options.ts';
import { scriptedServer, testClient } from './registry-test-server.ts';

const DIGEST = sha256(Buffer.from('x'));
const NAMES = 'DNS:localhost,DNS:registry.example,IP:127.0.0.1';

interface Pair {
  readonly key: string;
  readonly cert: string;
}

interface Certificates {
  readonly ca: string;
  readonly server: Pair;
  readonly elsewhere: Pair;
}

let made: Certificates | undefined;

/** A throw-away CA with two server certificates; undefined, with the test skipped, where openssl is absent. */
function certificates(t: TestContext): Certificates | undefined {
  if (made !== undefined) return made;
  const directory = mkdtempSync(join(tmpdir(), 'tls-test-'));
  const at = (name: string): string => join(directory, name);
  const openssl = (...parameters: readonly string[]): void =>
    void execFileSync('openssl', parameters, { stdio: ['ignore', 'ignore', 'pipe'] });
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  const issue = (name: string, names: string): Pair => {
    writeFileSync(at('ext'), `subjectAltName=${names}\n`);
    openssl('req', ...key, '-keyout', at(`${name}.key`), '-out', at(`${name}.csr`), '-subj', `/CN=${name}`);
    const ca = ['-CA', at('ca.pem'), '-CAkey', at('ca.key'), '-CAcreateserial'];
    openssl(
      'x509',
      '-req',
      '-in',
      at(`${name}.csr`),
      ...ca,
      '-days',
      '2',
      '-extfile',
      at('ext'),
      '-out',
      at(`${name}.pem`),
    );
    return { key: readFileSync(at(`${name}.key`), 'utf8'), cert: readFileSync(at(`${name}.pem`), 'utf8') };
  };
  try {
    openssl(
      'req',
      '-x509',
      ...key,
      '-keyout',
      at('ca.key'),
      '-out',
      at('ca.pem'),
      '-days',
      '2',
      '-subj',
      '/CN=test CA',
    );
    made = {
      server: issue('server', NAMES),
      elsewhere: issue('elsewhere', 'DNS:elsewhere.example'),
      ca: readFileSync(at('ca.pem'), 'utf8'),
    };
    return made;
  } catch (error) {
    if (process.env['CI'] || !(error instanceof Error) || !('code' in error) || error.code !== 'ENOENT')
      throw error;
    t.skip('openssl is not installed: apt-get install openssl');
    return undefined;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

async function listen(t: TestContext, server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  return (server.address() as { port: number }).port;
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

async function ask(t: TestContext, registry: string, options: RegistryOptions): Promise<boolean> {
  return testClient(t, options).client.hasBlob(parseReference(`${registry}/os`), DIGEST);
}

test('TLS on loopback is found out, and its certificate verified against the extra CAs', async (t) => {
  const keys = certificates(t);
  if (keys === undefined) return;
  const registry = `127.0.0.1:${await listen(
    t,
    createServer(keys.server, (_, response) => response.end()),
  )}`;
  assert.equal(await ask(t, registry, { certificateAuthorities: [keys.ca] }), true);
  assert.equal(await ask(t, registry, { plainHttp: [registry] }), true);
  const error = await failure(ask(t, registry, { optionNames: { certificateAuthorities: '--ca-file' } }));
  assert.equal(error.code, 'tls');
  assert.equal(error.retryable, false);
  assert.match(
    error.message,
    /the certificate of 127\S+ is not signed by a known CA \(\w+\); add its CA to --ca-file$/u,
  );
});

test('a server that answers plain HTTP with "sent to HTTPS" is spoken to in TLS', async (t) => {
  const keys = certificates(t);
  if (keys === undefined) return;
  // As Go does: one port, TLS inside, and a 400 in plain text for plain HTTP.
  const secure = await listen(
    t,
    createServer(keys.server, (_, response) => response.end()),
  );
  const plain = await scriptedServer(t, (_, response) =>
    response.writeHead(400).end('Client sent an HTTP request to an HTTPS server.\n'),
  );
  const sockets = new Set<Socket>();
  const front = createTcpServer((socket) => {
    socket.once('data', (first: Buffer) => {
      const inside = connect(first[0] === 22 ? secure : Number(plain.address.split(':')[1]), '127.0.0.1');
      for (const end of [socket, inside]) sockets.add(end.on('error', () => {}));
      inside.write(first);
      socket.pipe(inside).pipe(socket);
    });
  });
  await new Promise<void>((resolve) => front.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    return new Promise((resolve) => front.close(resolve));
  });
  const registry = `127.0.0.1:${(front.address() as { port: number }).port}`;
  assert.equal(await ask(t, registry, { certificateAuthorities: [keys.ca] }), true);
});

test('a certificate for another host name is refused', async (t) => {
  const keys = certificates(t);
  if (keys === undefined) return;
  const registry = `127.0.0.1:${await listen(
    t,
    createServer(keys.elsewhere, (_, response) => response.end()),
  )}`;
  const error = await failure(ask(t, registry, { certificateAuthorities: [keys.ca] }));
  assert.equal(error.code, 'tls');
  assert.match(error.message, /is for another host name; use the name it was issued for/u);
});

test('an HTTPS registry may not lead to plain HTTP, by redirect, upload Location or token realm', async (t) => {
  const keys = certificates(t);
  if (keys === undefined) return;
  const plain = await scriptedServer(t, (_, response) => response.end());
  const answers = [
    { status: 302, headers: { location: `http://${plain.address}/` } },
    { status: 401, headers: { 'www-authenticate': `Bearer realm="http://${plain.address}/"` } },
  ];
  for (const { status, headers } of answers) {
    const port = await listen(
      t,
      createServer(keys.server, (_, response) => response.writeHead(status, headers).end()),
    );
    const error = await failure(ask(t, `127.0.0.1:${port}`, { certificateAuthorities: [keys.ca] }));
    assert.match(error.message, /plain HTTP/u);
    assert.equal(error.code, 'unsupported');
  }
  const port = await listen(
    t,
    createServer(keys.server, (_, response) =>
      response.writeHead(202, { location: `http://${plain.address}/` }).end(),
    ),
  );
  const { client } = testClient(t, { certificateAuthorities: [keys.ca] });
  const content = Buffer.from('x');
  const blob = { mediaType: 'x/y', digest: sha256(content), size: 1 };
  const error = await failure(client.putBlob(parseReference(`127.0.0.1:${port}/os`), blob, content));
  assert.match(error.message, /leads from HTTPS to plain HTTP .* set the registry's external URL/u);
  assert.equal(plain.seen.length, 0);
});

/** A proxy that connects every CONNECT to one port, and says where it was asked to connect. */
async function tunnel(t: TestContext, port: number): Promise<{ url: string; asked: readonly string[] }> {
  const asked: string[] = [];
  const sockets = new Set<Socket>();
  const proxy = createHttpServer((_, response) => response.writeHead(405).end());
  proxy.on('connect', (request, client: Socket) => {
    asked.push(request.url ?? '');
    const server = connect(port, '127.0.0.1', () => {
      client.write('HTTP/1.1 200 OK\r\n\r\n');
      client.pipe(server).pipe(client);
    });
    for (const socket of [client, server]) sockets.add(socket.on('error', () => {}));
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    proxy.closeAllConnections();
    return new Promise((resolve) => proxy.close(resolve));
  });
  return { url: `http://127.0.0.1:${(proxy.address() as { port: number }).port}`, asked };
}

test('HTTPS goes through the proxy that the environment names', async (t) => {
  const keys = certificates(t);
  if (keys === undefined) return;
  const proxy = await tunnel(
    t,
    await listen(
      t,
      createServer(keys.server, (_, response) => response.end()),
    ),
  );
  const options = { certificateAuthorities: [keys.ca], proxyEnv: { HTTPS_PROXY: proxy.url } };
  assert.equal(await ask(t, 'registry.example:5000', options), true);
  assert.deepEqual(proxy.asked, ['registry.example:5000']);
});

test('a port without TLS is named when HTTPS is required, and used when plain HTTP is allowed', async (t) => {
  const plain = await scriptedServer(t, (_, response) => response.end());
  const proxy = await tunnel(t, Number(plain.address.split(':')[1]));
  const proxyEnv = { HTTPS_PROXY: proxy.url, HTTP_PROXY: `http://${plain.address}` };
  const error = await failure(ask(t, 'registry.example:5000', { proxyEnv }));
  assert.equal(error.code, 'tls');
  assert.match(
    error.message,
    /registry\.example:5000 does not speak TLS \(\w+\); if it serves plain HTTP, list it in plainHttp/u,
  );
  assert.equal(
    await ask(t, 'registry.example:5000', { proxyEnv, plainHttp: ['registry.example:5000'] }),
    true,
  );
  assert.match(plain.lines().at(-1) ?? '', /^HEAD http:\/\/registry\.example:5000\/v2\/os\/blobs\//u);
});

test('CA certificates that are not PEM are named', async (t) => {
  const keys = certificates(t);
  if (keys === undefined) return;
  const proxy = await tunnel(
    t,
    await listen(
      t,
      createServer(keys.server, (_, response) => response.end()),
    ),
  );
  const certificateAuthorities = ['-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n'];
  const error = await failure(
    ask(t, 'registry.example:5000', { certificateAuthorities, proxyEnv: { HTTPS_PROXY: proxy.url } }),
  );
  assert.equal(error.code, 'invalid-option');
  assert.equal(
    error.message,
    'cannot use certificateAuthorities: it holds something else than certificates in PEM',
  );
});
