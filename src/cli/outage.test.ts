import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeClock, KubeError, type KubeClient } from '../kube/index.ts';
import { outageTeller } from './outage.ts';

const SERVER = 'https://127.0.0.1:6443';
const REFUSED = new KubeError('unavailable', 'cannot list pools: connect ECONNREFUSED');

/** A server that fails as it is told to. */
function server(): {
  readonly client: Pick<KubeClient, 'clock' | 'list'>;
  fails: KubeError | undefined;
  asked: number;
} {
  const made = {
    fails: undefined as KubeError | undefined,
    asked: 0,
    clock: new FakeClock(),
    client: undefined as unknown as Pick<KubeClient, 'clock' | 'list'>,
  };
  const list = async (): Promise<unknown> => {
    await Promise.resolve();
    made.asked += 1;
    if (made.fails !== undefined) throw made.fails;
    return { items: [] };
  };
  made.client = { clock: made.clock, list: list as KubeClient['list'] };
  return made;
}

test('outageTeller() says once that the server is away, however often it is heard, and once that it is back', async () => {
  const { signal } = new AbortController();
  const said: string[] = [];
  const away = server();
  const failed = outageTeller(away.client, SERVER, signal, (line) => said.push(line));
  away.fails = REFUSED;
  for (let kinds = 0; kinds < 8; kinds += 1) failed(REFUSED);
  const clock = away.client.clock as FakeClock;
  await clock.advance(3000);
  assert.equal(said.length, 1);
  assert.match(
    said[0] ?? '',
    /^warning: cannot reach the API server https:.*ECONNREFUSED; .* tried again until/u,
  );
  away.fails = undefined;
  await clock.advance(3000);
  assert.deepEqual(said.slice(1), [`the API server ${SERVER} answers again`]);
  const { asked } = away;
  await clock.advance(60_000);
  assert.equal(away.asked, asked, 'nobody is asked any more');
  assert.equal(clock.pending, 0);
});

test('outageTeller() says nothing of a watch that broke while the server is there, of refusals, and after the end', async () => {
  const end = new AbortController();
  const there = server();
  const failed = outageTeller(there.client, SERVER, end.signal, assert.fail);
  failed(REFUSED);
  failed(new KubeError('server-error', 'cannot watch pools: 500'));
  await (there.client.clock as FakeClock).advance(3000);
  assert.equal(there.asked, 1);
  there.fails = new KubeError('forbidden', 'cannot list pools');
  failed(REFUSED);
  await (there.client.clock as FakeClock).advance(3000);
  there.fails = REFUSED;
  end.abort();
  failed(REFUSED);
  await (there.client.clock as FakeClock).advance(3000);
  assert.equal(there.asked, 2);
});
