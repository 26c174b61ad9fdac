import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import test from 'node:test';
import { OciError, openRegistry, parseReference } from './index.ts';
import { scriptedServer, testClient } from './registry-test-server.ts';

test('RegistryClient.close() ends what is under way, and what waits for another try', async (t) => {
  const sockets: Socket[] = [];
  let answer: ((socket: Socket) => void) | undefined;
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => undefined).on('data', () => answer?.(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const ref = parseReference(`127.0.0.1:${(server.address() as AddressInfo).port}/base/os:1`);
  const aborted = (error: unknown): boolean => error instanceof OciError && error.code === 'aborted';

  const silent = openRegistry({});
  const waiting = silent.getManifest(ref);
  await once(server, 'connection');
  silent.close();
  await assert.rejects(waiting, aborted);

  answer = (socket) => socket.end('HTTP/1.1 503 Busy\r\nRetry-After: 60\r\nContent-Length: 0\r\n\r\n');
  let sleeping: (() => void) | undefined;
  const asleep = new Promise<void>((done) => (sleeping = done));
  const busy = openRegistry({
    sleep: async (_, signal) => {
      sleeping?.();
      await new Promise((done) => signal?.addEventListener('abort', done));
    },
  });
  const retried = busy.getManifest(ref);
  await asleep;
  busy.close();
  await assert.rejects(retried, aborted);
});

test('until() gives a client that ends with its signal and shares all else', async (t) => {
  let answers = 0;
  const server = await scriptedServer(t, (_, response) => {
    answers += 1;
    if (answers < 3) response.writeHead(404).end();
  });
  const ref = parseReference(`${server.address}/os:1`);
  const { client } = testClient(t);
  const abort = new AbortController();
  const bound = client.until(abort.signal);
  assert.equal(await client.resolve(ref), undefined);
  assert.equal(await bound.resolve(ref), undefined);
  assert.equal(client.traffic.requests, 2);
  const waiting = bound.resolve(ref);
  abort.abort();
  const isAborted = (error: unknown): boolean => error instanceof OciError && error.code === 'aborted';
  await assert.rejects(waiting, isAborted);
  await assert.rejects(bound.resolve(ref), isAborted);
  answers = 0;
  assert.equal(await client.resolve(ref), undefined);
  const other = client.until(new AbortController().signal);
  client.close();
  await assert.rejects(other.resolve(ref), isAborted);
});
