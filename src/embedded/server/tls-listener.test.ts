import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { connect } from 'node:tls';
import { openCredentials } from '../access/index.ts';
import { TestCluster } from '../test-cluster.ts';
import { startApiServer } from './api-server.ts';

/** The fingerprint of the certificate that a server shows. */
async function shownBy(port: number, authority: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, ca: authority }, () => {
      resolve(socket.getPeerCertificate().fingerprint256);
      socket.destroy();
    });
    socket.on('error', reject);
  });
}

test('a server shows a renewed certificate to those who connect from then on', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'tls-'));
  const cluster = await TestCluster.open();
  try {
    const credentials = await openCredentials(directory, Date.now());
    const first = await credentials.server(Date.now());
    const server = await startApiServer({
      handler: cluster.api,
      store: cluster.store,
      tls: { key: first.privateKey, cert: first.certificate, clientCa: credentials.authority },
    });
    const before = await shownBy(server.port, credentials.authority);
    const second = await credentials.server(Date.now(), ['example.com']);
    server.renew({ key: second.privateKey, cert: second.certificate });
    assert.notEqual(await shownBy(server.port, credentials.authority), before);
    await server.close();
  } finally {
    cluster.close();
    rmSync(directory, { recursive: true });
  }
});
