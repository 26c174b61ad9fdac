import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type ClientHttp2Stream } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { test, type TestContext } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { bodyChunks } from './body-chunks.ts';

/** An answer of HTTP/2 that nobody reads yet. */
async function answer(t: TestContext, body: string): Promise<ClientHttp2Stream> {
  const server = createServer((_, response) => response.end(body));
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const session = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  t.after(() => {
    session.destroy();
    server.close();
  });
  const stream = session.request({ ':path': '/' });
  await once(stream, 'response');
  return stream;
}

async function textOf(body: Readable): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of bodyChunks(body)) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

test('bodyChunks() gives what has come whole before anybody reads', async (t) => {
  const body = await answer(t, 'all of it');
  while (!body.closed) await turn();
  assert.equal(body.readableLength, 9);
  assert.equal(await textOf(body), 'all of it');
});

test('bodyChunks() gives all of an answer of any length, and nothing of an empty one', async (t) => {
  for (const length of [0, 1, 16_384, 3_000_000]) {
    const text = 'x'.repeat(length);
    assert.equal(await textOf(await answer(t, text)), text);
  }
});

test('bodyChunks() fails with the error of a body that breaks off', async () => {
  const body = new Readable({ read() {} });
  body.push('some');
  const read = textOf(body);
  await turn();
  body.destroy(new Error('cut'));
  await assert.rejects(read, { message: 'cut' });
  const gone = new Readable({ read() {} });
  gone.destroy();
  await assert.rejects(textOf(gone), { message: 'the answer broke off' });
});

test('bodyChunks() ends a body that is left before its end', async () => {
  const body = new Readable({ read() {} });
  body.push('some');
  for await (const chunk of bodyChunks(body)) {
    assert.equal(chunk.toString(), 'some');
    break;
  }
  assert.ok(body.destroyed);
  assert.equal(body.listenerCount('readable'), 0);
});
