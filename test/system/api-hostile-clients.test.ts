import assert from 'node:assert/strict';
import { connect, constants, type ClientHttp2Session } from 'node:http2';
import { after, before, describe, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { ApiClient } from '../lab/faults/api-client.ts';
import { AttackedPlane } from '../lab/faults/attacked-plane.ts';
import { openTcp, RawConnection } from '../lab/faults/raw-connection.ts';
import { until } from '../lab/until.ts';

const CONFIG_MAPS = '/api/v1/namespaces/default/configmaps';
const HUNDRED_MB = 100 * 1024 * 1024;
const PIECE = Buffer.alloc(256 * 1024, 'x');

let plane: AttackedPlane;
before(async () => {
  plane = await AttackedPlane.start({
    connections: 200,
    firstRequest: 3000,
    nextRequest: 4000,
    body: 3000,
    answer: 3000,
  });
});
after(() => plane.stop());

/** Writes so many bytes as fast as they are taken, or until the other side has enough. */
async function pour(
  output: {
    write(chunk: Uint8Array): boolean;
    once(event: string, listener: () => void): unknown;
    destroyed: boolean;
  },
  bytes: number,
  wrap: (piece: Buffer) => Uint8Array = (piece) => piece,
): Promise<void> {
  for (let sent = 0; sent < bytes && !output.destroyed; sent += PIECE.byteLength) {
    if (output.write(wrap(PIECE))) continue;
    await new Promise<void>((resolve) => {
      output.once('drain', resolve);
      output.once('close', resolve);
    });
  }
}

function head(method: string, path: string, ...headers: string[]): string {
  return [`${method} ${path} HTTP/1.1`, 'Host: varve', ...headers, '', ''].join('\r\n');
}

function statusOf(answer: string): string {
  return /^HTTP\/1\.1 (\d+)/.exec(answer)?.[1] ?? (answer === '' ? 'closed' : answer.slice(0, 40));
}

describe('bodies of 100 MB', () => {
  test('over HTTP/1.1 with Content-Length and in chunks: 413', async (t) => {
    await plane.endures(t, async () => {
      const forms: [string, (piece: Buffer) => Uint8Array][] = [
        [`Content-Length: ${HUNDRED_MB}`, (piece) => piece],
        [
          'Transfer-Encoding: chunked',
          (piece) =>
            Buffer.concat([Buffer.from(`${piece.length.toString(16)}\r\n`), piece, Buffer.from('\r\n')]),
        ],
      ];
      const answers = await Promise.all(
        [...forms, ...forms, ...forms].map(async ([header, wrap]) => {
          const connection = await RawConnection.open(plane.connection);
          connection.send(head('POST', CONFIG_MAPS, 'Content-Type: application/json', header));
          await pour(connection.socket, HUNDRED_MB, wrap);
          const answer = await connection.exchange('');
          connection.close();
          return answer;
        }),
      );
      for (const answer of answers) {
        assert.equal(statusOf(answer), '413');
        assert.match(answer, /"reason":"RequestEntityTooLarge"/);
      }
    });
  });

  test('over HTTP/2 with and without content-length: 413', async (t) => {
    await plane.endures(t, async () => {
      const statuses = await Promise.all(
        [{ 'content-length': HUNDRED_MB }, {}, {}, {}].map(async (headers) => {
          const session = openSession();
          const stream = session.request({
            ':method': 'POST',
            ':path': CONFIG_MAPS,
            'content-type': 'application/json',
            ...headers,
          });
          stream.on('error', () => {});
          const status = new Promise((resolve) => {
            stream.on('response', (answer) => resolve(answer[':status']));
            stream.on('close', () => resolve('closed'));
          });
          stream.resume();
          await pour(stream, HUNDRED_MB);
          const seen = await status;
          session.destroy();
          return seen;
        }),
      );
      assert.deepEqual(statuses, [413, 413, 413, 413]);
    });
  });

  test('a client that waits for leave (Expect: 100-continue) is refused before it sends anything', async () => {
    const connection = await RawConnection.open(plane.connection);
    const answer = await connection.exchange(
      head('POST', CONFIG_MAPS, `Content-Length: ${HUNDRED_MB}`, 'Expect: 100-continue'),
      300,
    );
    connection.close();
    assert.equal(statusOf(answer), '413');
  });

  test('a body that is small enough gets leave', async () => {
    const connection = await RawConnection.open(plane.connection);
    const body = JSON.stringify({ metadata: { name: 'continued' } });
    connection.send(head('POST', CONFIG_MAPS, `Content-Length: ${body.length}`, 'Expect: 100-continue'));
    await pause(200);
    assert.match(connection.received, /^HTTP\/1\.1 100 /);
    assert.match(await connection.exchange(body, 300), /HTTP\/1\.1 201 /);
    connection.close();
  });
});

describe('clients that take their time', () => {
  test('headers byte by byte: the connection is closed in time', async (t) => {
    await plane.endures(t, async () => {
      const began = performance.now();
      const connections = await Promise.all(
        Array.from({ length: 20 }, () => RawConnection.open(plane.connection)),
      );
      await Promise.all(
        connections.map(async (connection) => {
          for (const byte of head('GET', '/version', `X-Long: ${'y'.repeat(10_000)}`)) {
            if (!connection.isOpen) break;
            connection.send(byte);
            await pause(50);
          }
          await connection.ended;
        }),
      );
      assert.ok(performance.now() - began < 60_000);
    });
  });

  test('a body byte by byte: 408, and the connection is closed', async (t) => {
    await plane.endures(t, async () => {
      const answers = await Promise.all(
        Array.from({ length: 20 }, async () => {
          const connection = await RawConnection.open(plane.connection);
          connection.send(head('POST', CONFIG_MAPS, 'Content-Length: 100000'));
          for (let sent = 0; sent < 1200 && connection.isOpen && connection.received === ''; sent++) {
            connection.send('{');
            await pause(50);
          }
          await Promise.race([connection.ended, pause(60_000, undefined, { ref: false })]);
          assert.ok(!connection.isOpen);
          return connection.received;
        }),
      );
      for (const answer of answers) assert.equal(statusOf(answer), '408');
    });
  });

  test('the same over HTTP/2: 408', async (t) => {
    await plane.endures(t, async () => {
      const session = openSession();
      const statuses = await Promise.all(
        Array.from({ length: 20 }, async () => {
          const stream = session.request({ ':method': 'POST', ':path': CONFIG_MAPS });
          stream.on('error', () => {});
          const answers: unknown[] = [];
          stream.on('response', (answer) => answers.push(answer[':status']));
          stream.resume();
          for (let sent = 0; sent < 1200 && !stream.destroyed && answers.length === 0; sent++) {
            stream.write('{');
            await pause(50);
          }
          return answers[0];
        }),
      );
      session.destroy();
      assert.ok(statuses.every((status) => status === 408));
    });
  });

  test('a TLS handshake that is never finished, or never begun: closed in time', async (t) => {
    await plane.endures(t, async () => {
      const sockets = await Promise.all(Array.from({ length: 50 }, () => openTcp(plane.connection)));
      // Half of them say the first bytes of a handshake: a record header and nothing else.
      for (const [index, socket] of sockets.entries())
        if (index % 2 === 0) socket.write(Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00, 0x01]));
      await Promise.all(
        sockets.map((socket) =>
          Promise.race([
            new Promise((resolve) => {
              socket.on('close', resolve);
              socket.resume();
            }),
            pause(60_000, undefined, { ref: false }).then(() => assert.fail('still open')),
          ]),
        ),
      );
    });
  });

  test('silence after the first answer: closed in time, over HTTP/2 with GOAWAY', async () => {
    const connection = await RawConnection.open(plane.connection);
    assert.equal(statusOf(await connection.exchange(head('GET', '/version'), 200)), '200');
    const session = openSession();
    const goneAway = new Promise((resolve) => {
      session.on('goaway', resolve);
    });
    const closed = new Promise((resolve) => {
      session.on('close', resolve);
    });
    await Promise.race([
      Promise.all([connection.ended, goneAway, closed]),
      pause(60_000, undefined, { ref: false }).then(() => assert.fail('still open')),
    ]);
  });

  test('more silent connections than there may be: others are served, and memory is bounded', async (t) => {
    await plane.endures(t, async () => {
      const opened: RawConnection[] = [];
      for (let round = 0; round < 20; round++) {
        const more = await Promise.allSettled(
          Array.from({ length: 50 }, () => RawConnection.open(plane.connection)),
        );
        for (const result of more) if (result.status === 'fulfilled') opened.push(result.value);
      }
      assert.ok(opened.length > 200);
      await until(
        'those that are too many are closed',
        () => opened.filter(({ isOpen }) => isOpen).length <= 200,
      );
      for (const connection of opened) connection.close();
    });
  });

  test('as many connections at work as there may be: one more is told so', async () => {
    const clients: ApiClient[] = [];
    try {
      for (let index = 0; index < 200; index++) {
        const client = new ApiClient(plane.connection);
        clients.push(client);
        await client.watch('/api/v1/nodes?watch=1&timeoutSeconds=30', () => {}).status;
      }
      const { status, body } = await plane.request('GET', '/api/v1/nodes');
      assert.equal(status, 429);
      assert.match(body.toString(), /too many connections/);
      const connection = await RawConnection.open(plane.connection);
      const answer = await connection.exchange(head('GET', '/api/v1/nodes'));
      assert.equal(statusOf(answer), '429');
      assert.match(answer, /retry-after: /i);
      assert.ok(!connection.isOpen);
    } finally {
      for (const client of clients) client.close();
      while ((await plane.request('GET', '/version')).status === 429) await pause(50);
    }
  });

  test('answers that nobody takes: cut off, others are served', async (t) => {
    for (let index = 0; index < 10; index++) {
      const body = JSON.stringify({ metadata: { name: `large-${index}` }, data: { x: 'x'.repeat(900_000) } });
      assert.equal((await plane.request('POST', CONFIG_MAPS, body)).status, 201);
    }
    await plane.endures(t, async () => {
      const session = openSession({ initialWindowSize: 1 });
      for (let index = 0; index < 100; index++) {
        const stream = session.request({ ':path': CONFIG_MAPS });
        stream.on('error', () => {});
        stream.pause();
      }
      // Requests sent one behind the other, and no answer read.
      const connection = await RawConnection.open(plane.connection);
      connection.socket.pause();
      connection.send(head('GET', CONFIG_MAPS).repeat(60));
      await pause(6000);
      session.destroy();
      connection.close();
    });
  });

  test('more requests one behind the other than a client has any use for: the connection is closed', async (t) => {
    await plane.endures(t, async () => {
      const connection = await RawConnection.open(plane.connection);
      connection.send(head('GET', '/api/v1/nodes?watch=1'));
      await pause(100);
      for (let sent = 0; sent < 100 && connection.isOpen; sent++) {
        connection.send(head('GET', CONFIG_MAPS).repeat(100));
        await pause(5);
      }
      await Promise.race([connection.ended, pause(60_000, undefined, { ref: false })]);
      assert.ok(!connection.isOpen);
    });
  });
});

describe('what is no proper HTTP', () => {
  const body = '{"metadata":{"name":"smuggled"}}';
  const cases: Readonly<Record<string, readonly [string, RegExp]>> = {
    'both Content-Length and Transfer-Encoding': [
      `${head('POST', CONFIG_MAPS, 'Content-Length: 5', 'Transfer-Encoding: chunked')}0\r\n\r\n`,
      /^400$/,
    ],
    'two Content-Lengths': [
      `${head('POST', CONFIG_MAPS, 'Content-Length: 5', `Content-Length: ${body.length}`)}${body}`,
      /^400$/,
    ],
    'a negative Content-Length': [head('POST', CONFIG_MAPS, 'Content-Length: -1'), /^400$/],
    'a Content-Length with a sign': [
      `${head('POST', CONFIG_MAPS, `Content-Length: +${body.length}`)}${body}`,
      /^400$/,
    ],
    'a Content-Length beyond 64 bits': [
      head('POST', CONFIG_MAPS, 'Content-Length: 99999999999999999999999'),
      /^400$/,
    ],
    'a Transfer-Encoding that is not chunked last': [
      `${head('POST', CONFIG_MAPS, 'Transfer-Encoding: chunked, identity')}${body}`,
      /^(400|501)$/,
    ],
    'a chunk size that is no number': [
      `${head('POST', CONFIG_MAPS, 'Transfer-Encoding: chunked')}zz\r\n${body}\r\n0\r\n\r\n`,
      /^400$/,
    ],
    'a chunk size beyond 64 bits': [
      `${head('POST', CONFIG_MAPS, 'Transfer-Encoding: chunked')}ffffffffffffffffff\r\n`,
      /^400$/,
    ],
    'a space before the colon': [
      `${head('POST', CONFIG_MAPS, `Content-Length : ${body.length}`)}${body}`,
      /^400$/,
    ],
    'a folded header': [`GET /version HTTP/1.1\r\nHost: varve\r\nX-A: b\r\n c\r\n\r\n`, /^400$/],
    'bare line feeds': ['GET /version HTTP/1.1\nHost: varve\n\n', /^400$/],
    'a header with a NUL': [head('GET', '/version', 'X-A: b\0c'), /^400$/],
    'no Host': ['GET /version HTTP/1.1\r\n\r\n', /^400$/],
    'a space in the path': [head('GET', '/api/v1/nodes/a b'), /^400$/],
    'an unknown method': [head('FROB', '/version'), /^400$/],
    CONNECT: [head('CONNECT', 'example.com:443'), /^(closed|40\d)$/],
    'HTTP/0.9': ['GET /version\r\n\r\n', /^400$/],
    'HTTP/3.0': ['GET /version HTTP/3.0\r\n\r\n', /^400$/],
    'the preface of HTTP/2 on a connection that chose HTTP/1.1': [
      'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
      /^(closed|400)$/,
    ],
    'nothing but bytes': [Buffer.alloc(5000, 0xff).toString('latin1'), /^400$/],
    'headers of 1 MB': [head('GET', '/version', `X-A: ${'a'.repeat(1_000_000)}`), /^(431|closed)$/],
    '100,000 headers': [head('GET', '/version', ...Array<string>(100_000).fill('X-A: b')), /^(431|closed)$/],
    'a path of 1 MB': [head('GET', `/${'a'.repeat(1_000_000)}`), /^(431|closed)$/],
  };
  for (const [name, [bytes, expected]] of Object.entries(cases)) {
    test(`${name}: refused, and the connection closed`, async () => {
      const connection = await RawConnection.open(plane.connection);
      const answer = await connection.exchange(bytes);
      assert.match(statusOf(answer), expected);
      assert.equal(answer.split('HTTP/1.1 ').length - 1 <= 1, true, 'one answer at most');
      await Promise.race([connection.ended, pause(2000)]);
      assert.ok(!connection.isOpen);
    });
  }

  test('none of it was taken for a request', async () => {
    assert.equal((await plane.request('GET', `${CONFIG_MAPS}/smuggled`)).status, 404);
  });

  test('plain HTTP, and garbage, on the TLS port: closed', async (t) => {
    await plane.endures(t, async () => {
      for (const bytes of [
        Buffer.from(head('GET', '/version')),
        Buffer.alloc(100_000, 'z'),
        Buffer.alloc(3),
      ]) {
        const socket = await openTcp(plane.connection);
        socket.resume();
        socket.write(bytes);
        await Promise.race([
          new Promise((resolve) => {
            socket.on('close', resolve);
          }),
          pause(60_000, undefined, { ref: false }).then(() => assert.fail('still open')),
        ]);
      }
    });
  });
});

describe('what is no proper HTTP/2', () => {
  test('streams opened and reset as fast as possible: the session ends, others are served', async (t) => {
    await plane.endures(t, async () => {
      const sessions = Array.from({ length: 5 }, () => openSession());
      await Promise.all(
        sessions.map(async (session) => {
          for (let round = 0; round < 50 && !session.destroyed; round++) {
            for (let index = 0; index < 100 && !session.destroyed && !session.closed; index++) {
              const stream = session.request({ ':path': '/api/v1/nodes' });
              stream.on('error', () => {});
              stream.close(constants.NGHTTP2_CANCEL);
            }
            await pause(1);
          }
          session.destroy();
        }),
      );
    });
  });

  test('frames that break the rules: the connection is closed', async (t) => {
    const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
    const settings = frame(4, 0, 0, Buffer.alloc(0));
    const broken: Readonly<Record<string, Buffer>> = {
      'no preface': Buffer.from(head('GET', '/version')),
      'a frame of 16 MB': Buffer.concat([
        preface,
        settings,
        Buffer.from([0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 1]),
      ]),
      'data for no stream': Buffer.concat([preface, settings, frame(0, 0, 0, Buffer.from('x'))]),
      'headers that are no HPACK': Buffer.concat([
        preface,
        settings,
        frame(1, 5, 1, Buffer.alloc(100, 0xff)),
      ]),
      'a stream with an even number': Buffer.concat([preface, settings, frame(1, 5, 2, Buffer.from([0x82]))]),
      'settings of 5 bytes': Buffer.concat([preface, frame(4, 0, 0, Buffer.alloc(5))]),
      'a window that grows beyond 31 bits': Buffer.concat([
        preface,
        settings,
        frame(8, 0, 0, Buffer.from([0x7f, 0xff, 0xff, 0xff])),
        frame(8, 0, 0, Buffer.from([0x7f, 0xff, 0xff, 0xff])),
      ]),
    };
    await plane.endures(t, async () => {
      for (const [name, bytes] of Object.entries(broken)) {
        const connection = await RawConnection.open(plane.connection, 'h2');
        connection.send(bytes);
        await Promise.race([connection.ended, pause(60_000, undefined, { ref: false })]);
        assert.ok(!connection.isOpen, name);
      }
    });
  });

  test('floods of pings, settings and continuations: answered or closed, memory bounded', async (t) => {
    const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
    const settings = frame(4, 0, 0, Buffer.alloc(0));
    const ping = frame(6, 0, 0, Buffer.alloc(8));
    const floods = [
      Buffer.concat(Array<Buffer>(5000).fill(ping)),
      Buffer.concat(Array<Buffer>(5000).fill(settings)),
      // A header block that never ends.
      Buffer.concat([
        frame(1, 0, 1, Buffer.from([0x82])),
        ...Array<Buffer>(5000).fill(frame(9, 0, 1, Buffer.alloc(16, 0))),
      ]),
    ];
    await plane.endures(t, async () => {
      await Promise.all(
        floods.map(async (flood) => {
          const connection = await RawConnection.open(plane.connection, 'h2');
          connection.socket.pause();
          connection.send(Buffer.concat([preface, settings]));
          for (let round = 0; round < 50 && connection.isOpen; round++) {
            connection.send(flood);
            await pause(20);
          }
          connection.close();
        }),
      );
    });
  });

  test('many and giant headers: refused', async (t) => {
    await plane.endures(t, async () => {
      for (const headers of [
        Object.fromEntries(Array.from({ length: 1000 }, (_, index) => [`x-${index}`, 'y'])),
        { 'x-large': 'y'.repeat(200_000) },
      ]) {
        const session = openSession({}, { maxSendHeaderBlockLength: 1_000_000 });
        const outcome = await new Promise((resolve) => {
          const stream = session.request({ ':path': '/version', ...headers });
          stream.on('response', (answer) => resolve(answer[':status']));
          stream.on('error', () => resolve('refused'));
          stream.on('close', () => resolve('refused'));
          session.on('close', () => resolve('refused'));
        });
        session.destroy();
        assert.ok(outcome === 'refused' || outcome === 431, String(outcome));
      }
    });
  });
});

/** A frame of HTTP/2 (RFC 9113 §4.1). */
function frame(type: number, flags: number, stream: number, payload: Buffer): Buffer {
  const header = Buffer.alloc(9);
  header.writeUIntBE(payload.length, 0, 3);
  header.writeUInt8(type, 3);
  header.writeUInt8(flags, 4);
  header.writeUInt32BE(stream, 5);
  return Buffer.concat([header, payload]);
}

function openSession(
  settings: { initialWindowSize?: number } = {},
  options: { maxSendHeaderBlockLength?: number } = {},
): ClientHttp2Session {
  const { server, ca, cert, key } = plane.connection;
  const session = connect(server, { ca, cert, key, settings, ...options });
  session.setMaxListeners(0);
  session.on('error', () => {});
  return session;
}
