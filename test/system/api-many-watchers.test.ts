import assert from 'node:assert/strict';
import { connect, type ClientHttp2Session } from 'node:http2';
import { after, before, describe, test } from 'node:test';
import { ApiClient } from '../lab/faults/api-client.ts';
import { AttackedPlane } from '../lab/faults/attacked-plane.ts';
import { RawConnection } from '../lab/faults/raw-connection.ts';
import { until } from '../lab/until.ts';

const CONFIG_MAPS = '/api/v1/namespaces/default/configmaps';

/** Objects that the writes go to in turn, of about a kilobyte each. */
const OBJECTS = 50;

/** What 1,000 watchers that never read may cost, in bytes: their connections, and some 64 KB of events for each. */
const GROWTH = 350e6;

let plane: AttackedPlane;
before(async () => {
  plane = await AttackedPlane.start();
  for (let index = 0; index < OBJECTS; index++) {
    const body = JSON.stringify({ metadata: { name: `object-${index}` }, data: { fill: 'x'.repeat(600) } });
    assert.equal((await plane.request('POST', CONFIG_MAPS, body)).status, 201);
  }
});
after(() => plane.stop());

describe('1,000 watchers that never read, and 10,000 writes', () => {
  test('memory is bounded, writes and other clients are served, and a watcher that reads sees all', async (t) => {
    const silent: { close(): void }[] = [];
    const reader = new ApiClient(plane.connection);
    let seen = 0;
    let rest = '';
    reader.watch(`${CONFIG_MAPS}?watch=1&resourceVersion=0`, (chunk) => {
      const lines = `${rest}${chunk.toString('latin1')}`.split('\n');
      rest = lines.pop() ?? '';
      seen += lines.filter(
        (line) => line.startsWith('{"type":"MODIFIED"') && line.includes('"count":'),
      ).length;
    });
    await plane.endures(
      t,
      async () => {
        for (let index = 0; index < 900; index++) silent.push(await silentStream());
        for (let index = 0; index < 100; index++) silent.push(await silentConnection());
        const writers = Array.from({ length: 8 }, () => new ApiClient(plane.connection));
        let written = 0;
        const began = performance.now();
        await Promise.all(
          Array.from({ length: 32 }, async (_, writer) => {
            while (written < 10_000) {
              const count = written++;
              const { status } = (await writers[writer % writers.length]?.request(
                'PATCH',
                `${CONFIG_MAPS}/object-${count % OBJECTS}`,
                JSON.stringify({ data: { count: String(count) } }),
                'application/merge-patch+json',
              )) ?? { status: 0 };
              assert.equal(status, 200);
            }
          }),
        );
        t.diagnostic(`${Math.round(written / ((performance.now() - began) / 1000))} writes/s`);
        for (const writer of writers) writer.close();
        await until('the watcher that reads sees all changes', () => seen >= written);
        assert.equal(seen, written);
      },
      GROWTH,
    );
    reader.close();
    for (const connection of silent) connection.close();
  });
});

/** Over HTTP/2, where the server may send what fits into the window. */
async function silentStream(): Promise<{ close(): void }> {
  const { server, ca, cert, key } = plane.connection;
  const session: ClientHttp2Session = connect(server, { ca, cert, key });
  session.on('error', () => {});
  const stream = session.request({ ':path': `${CONFIG_MAPS}?watch=1` });
  stream.on('error', () => {});
  stream.pause();
  await new Promise((resolve) => {
    stream.on('response', resolve);
  });
  return { close: () => session.destroy() };
}

/** Over HTTP/1.1, where it may send what the system's buffers hold. */
async function silentConnection(): Promise<{ close(): void }> {
  const connection = await RawConnection.open(plane.connection);
  connection.socket.pause();
  connection.send(`GET ${CONFIG_MAPS}?watch=1 HTTP/1.1\r\nHost: varve\r\n\r\n`);
  return connection;
}
