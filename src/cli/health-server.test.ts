import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { test, type TestContext } from 'node:test';
import { startHealthServer, type HealthServer } from './health-server.ts';

async function server(
  t: TestContext,
  missing: readonly string[] = [],
  metrics = (): Promise<{ contentType: string; text: string }> =>
    Promise.resolve({ contentType: 'text/plain; version=0.0.4', text: 'a 1\n' }),
): Promise<HealthServer> {
  const started = await startHealthServer({ host: '127.0.0.1', port: 0, missing: () => missing, metrics });
  t.after(() => started.close());
  return started;
}

async function get(url: string, init?: RequestInit): Promise<readonly [status: number, text: string]> {
  const answer = await fetch(url, init);
  return [answer.status, await answer.text()];
}

test('a process that runs is healthy, and ready when nothing is missing', async (t) => {
  const { url } = await server(t);
  for (const path of ['/healthz', '/livez', '/readyz', '/healthz?verbose'])
    assert.deepEqual(await get(url + path), [200, 'ok\n'], path);
});

test('what is missing is named', async (t) => {
  const { url } = await server(t, ['not all of these are known yet: nodes', 'the API server is away']);
  assert.deepEqual(await get(`${url}/healthz`), [200, 'ok\n']);
  assert.deepEqual(await get(`${url}/readyz`), [
    503,
    'not ready:\n- not all of these are known yet: nodes\n- the API server is away\n',
  ]);
});

test('metrics have their type; what else is asked for is told what there is', async (t) => {
  const { url } = await server(t);
  const answer = await fetch(`${url}/metrics`);
  assert.equal(answer.headers.get('content-type'), 'text/plain; version=0.0.4');
  assert.equal(await answer.text(), 'a 1\n');
  assert.deepEqual(await get(`${url}/`), [404, 'there are /healthz, /livez, /readyz and /metrics\n']);
  assert.deepEqual(await get(`${url}/healthz`, { method: 'POST', body: 'x' }), [
    405,
    'only GET and HEAD are served\n',
  ]);
});

test('metrics that cannot be collected are an error of their own', async (t) => {
  const { url } = await server(t, [], () => Promise.reject(new Error('broken')));
  assert.deepEqual(await get(`${url}/metrics`), [500, 'cannot collect metrics: Error: broken\n']);
  assert.deepEqual(await get(`${url}/healthz`), [200, 'ok\n']);
});

test('a taken port says what to do', async (t) => {
  const { url } = await server(t);
  const port = Number(new URL(url).port);
  await assert.rejects(
    startHealthServer({
      host: '127.0.0.1',
      port,
      missing: () => [],
      metrics: () => Promise.reject(new Error()),
    }),
    {
      code: 'input',
      message: `cannot serve health and metrics at 127.0.0.1:${port}: the port is taken; choose another with --health-address (port 0 takes any free one)`,
    },
  );
});

test('a client that holds on to its connection does not hold up the end', async () => {
  const started = await startHealthServer({
    host: '127.0.0.1',
    port: 0,
    missing: () => [],
    metrics: () => Promise.reject(new Error()),
  });
  const socket = connect(Number(new URL(started.url).port), '127.0.0.1');
  await new Promise((resolve) => void socket.once('connect', resolve));
  socket.write('GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n');
  await new Promise((resolve) => void socket.once('data', resolve));
  socket.on('error', () => undefined);
  await started.close();
  socket.destroy();
});
