import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, test } from 'node:test';
import { connect, createServer } from 'node:tls';
import { certificateName } from './key-pair.ts';
import { openCredentials } from './credentials.ts';

const day = 24 * 60 * 60 * 1000;
const now = Date.UTC(2026, 10, 20);
const root = mkdtempSync(join(tmpdir(), 'varve-credentials-'));
after(() => rmSync(root, { recursive: true }));

const alice = { commonName: 'alice', organizations: ['devs', 'ops'] };

test('openCredentials() makes keys once and finds them again', async () => {
  const folder = join(root, 'again');
  const first = await openCredentials(folder, now);
  const server = await first.server(now);
  const client = await first.client(now, alice);
  const second = await openCredentials(folder, now + 30 * day);
  assert.equal(second.authority, first.authority);
  assert.equal(second.serviceAccountKey.id, first.serviceAccountKey.id);
  assert.deepEqual(await second.server(now + 30 * day), server);
  assert.deepEqual(await second.client(now + 30 * day, alice), client);
});

test('files are for their owner only, and no draft is left', async () => {
  const folder = join(root, 'modes');
  const credentials = await openCredentials(folder, now);
  await credentials.server(now);
  await credentials.client(now, { commonName: 'system:node:a/b', organizations: ['system:nodes'] });
  const names = readdirSync(folder).sort();
  assert.deepEqual(names, [
    'ca.crt',
    'ca.key',
    'client-system_3anode_3aa_2fb.crt',
    'client-system_3anode_3aa_2fb.key',
    'server.crt',
    'server.key',
    'service-account.key',
    'temporary',
  ]);
  for (const name of names) assert.equal(statSync(join(folder, name)).mode & 0o077, 0, name);
  assert.deepEqual(readdirSync(join(folder, 'temporary')), []);
});

test('openssl accepts the chains, for their purposes', async () => {
  const folder = join(root, 'openssl');
  const credentials = await openCredentials(folder, Date.now());
  await credentials.server(Date.now(), ['10.0.0.1', 'api.example']);
  await credentials.client(Date.now(), alice);
  const verify = (purpose: string, file: string, ...more: string[]): string =>
    execFileSync(
      'openssl',
      ['verify', '-x509_strict', '-CAfile', join(folder, 'ca.crt'), '-purpose', purpose].concat(
        more,
        join(folder, file),
      ),
      { stdio: 'pipe' },
    ).toString();
  assert.match(verify('sslserver', 'server.crt', '-verify_hostname', 'api.example'), /OK/);
  assert.match(verify('sslserver', 'server.crt', '-verify_ip', '::1'), /OK/);
  assert.match(verify('sslclient', 'client-alice.crt'), /OK/);
  assert.throws(() => verify('sslclient', 'server.crt'));
  assert.throws(() => verify('sslserver', 'server.crt', '-verify_hostname', 'evil.example'));
});

test('the certificates say what Kubernetes expects', async () => {
  const credentials = await openCredentials(join(root, 'contents'), now);
  const server = new X509Certificate((await credentials.server(now, ['10.0.0.1'])).certificate);
  for (const host of ['localhost', 'kubernetes', 'kubernetes.default', 'kubernetes.default.svc']) {
    assert.equal(server.checkHost(host), host);
  }
  for (const address of ['127.0.0.1', '::1', '10.0.0.1']) assert.equal(server.checkIP(address), address);
  assert.equal(server.checkIP('10.0.0.2'), undefined);
  assert.equal(server.ca, false);
  const client = new X509Certificate((await credentials.client(now, alice)).certificate);
  assert.deepEqual(certificateName(client), alice);
  assert.deepEqual(client.keyUsage, ['1.3.6.1.5.5.7.3.2']);
  assert.equal(new X509Certificate(credentials.authority).ca, true);
});

test('certificates are renewed before they end, the authority with the same key', async () => {
  const folder = join(root, 'renewal');
  const first = await openCredentials(folder, now);
  const server = await first.server(now);
  assert.deepEqual(await first.server(now + 274 * day), server);
  const renewed = await first.server(now + 276 * day);
  assert.notEqual(renewed.certificate, server.certificate);
  assert.notEqual(renewed.privateKey, server.privateKey);

  const later = now + 3300 * day;
  const second = await openCredentials(folder, later);
  assert.notEqual(second.authority, first.authority);
  const old = new X509Certificate(first.authority);
  const leaf = new X509Certificate((await second.server(later)).certificate);
  assert.ok(
    leaf.checkIssued(old) && leaf.verify(old.publicKey),
    'a client with the old authority still trusts',
  );
});

test('a server certificate that lacks a host is replaced, a client certificate with other groups too', async () => {
  const credentials = await openCredentials(join(root, 'changed'), now);
  const before = await credentials.server(now);
  const after = await credentials.server(now, ['192.168.1.9']);
  assert.notEqual(before.certificate, after.certificate);
  assert.deepEqual(await credentials.server(now), after);
  const one = await credentials.client(now, alice);
  const other = await credentials.client(now, { commonName: 'alice', organizations: ['devs'] });
  assert.notEqual(one.certificate, other.certificate);
});

test('a damaged leaf is replaced; a damaged or missing authority key is not', async () => {
  const folder = join(root, 'damaged');
  const credentials = await openCredentials(folder, now);
  const good = await credentials.server(now);
  writeFileSync(join(folder, 'server.key'), good.privateKey.slice(0, 40));
  assert.notEqual((await credentials.server(now)).certificate, good.certificate);

  const key = readFileSync(join(folder, 'ca.key'), 'utf8');
  const secret = key.split('\n')[1]!;
  writeFileSync(join(folder, 'ca.key'), key.replace('BEGIN', 'BEG'));
  await assert.rejects(openCredentials(folder, now), (error: Error) => {
    assert.match(error.message, /^cannot use .*ca\.key: it is not a private key; restore it/);
    assert.ok(!`${error.stack}`.includes(secret));
    return true;
  });
  rmSync(join(folder, 'ca.key'));
  await assert.rejects(openCredentials(folder, now), /it is missing although ca\.crt is there/);
  assert.equal(readFileSync(join(folder, 'ca.crt'), 'utf8'), credentials.authority);
});

test('a start that was cut off between key and certificate goes on with the key', async () => {
  const folder = join(root, 'cut');
  const first = await openCredentials(folder, now);
  rmSync(join(folder, 'ca.crt'));
  const second = await openCredentials(folder, now);
  assert.ok(new X509Certificate(second.authority).verify(new X509Certificate(first.authority).publicKey));
});

test('Node speaks TLS with them, in both directions', async () => {
  const credentials = await openCredentials(join(root, 'tls'), Date.now());
  const { certificate, privateKey } = await credentials.server(Date.now());
  const options = { cert: certificate, key: privateKey, ca: credentials.authority };
  const server = createServer({ ...options, requestCert: true, rejectUnauthorized: false }, (socket) => {
    socket.end(`${socket.authorized} ${socket.getPeerX509Certificate()?.subject}`);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const client = await credentials.client(Date.now(), alice);
  const socket = connect({
    host: '127.0.0.1',
    port,
    ca: credentials.authority,
    cert: client.certificate,
    key: client.privateKey,
  });
  assert.equal(await text(socket), 'true O=devs\nO=ops\nCN=alice');
  server.close();
});
