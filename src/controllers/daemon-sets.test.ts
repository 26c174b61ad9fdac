import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeClock, KubeError, type KubeClient, type KubeObject } from '../kube/index.ts';
import { DaemonSets } from './daemon-sets.ts';

const { signal } = new AbortController();

function client(answer: () => KubeObject): {
  readonly asked: string[];
  readonly clock: FakeClock;
  readonly client: Pick<KubeClient, 'get' | 'clock'>;
} {
  const asked: string[] = [];
  const clock = new FakeClock();
  const get = (
    _type: unknown,
    { namespace, name }: { namespace: string; name: string },
  ): Promise<unknown> => {
    asked.push(`${namespace}/${name}`);
    return new Promise((resolve) => {
      resolve(answer());
    });
  };
  return { asked, clock, client: { clock, get } as unknown as Pick<KubeClient, 'get' | 'clock'> };
}

const SET = { namespace: 'a', name: 'logs', uid: 'u1' };

test('DaemonSets asks once for a while', async () => {
  const server = client(() => ({ metadata: { name: 'logs', uid: 'u1' } }));
  const sets = new DaemonSets(server.client);
  await sets.look([SET, SET], signal);
  await sets.look([SET], signal);
  assert.deepEqual(server.asked, ['a/logs']);
  assert.equal(sets.isThere('u1'), true);
  await server.clock.advance(300_001);
  await sets.look([SET], signal);
  assert.equal(server.asked.length, 2);
});

test('a DaemonSet that is gone, or another one of its name, is not there', async () => {
  const gone = new DaemonSets(
    client(() => {
      throw new KubeError('not-found', 'cannot get DaemonSet');
    }).client,
  );
  await gone.look([SET], signal);
  assert.equal(gone.isThere('u1'), false);
  const other = new DaemonSets(client(() => ({ metadata: { name: 'logs', uid: 'u2' } })).client);
  await other.look([SET], signal);
  assert.equal(other.isThere('u1'), false);
});

test('what may not be asked counts as there, and a server that is away is no answer', async () => {
  const forbidden = new DaemonSets(
    client(() => {
      throw new KubeError('forbidden', 'cannot get DaemonSet');
    }).client,
  );
  await forbidden.look([SET], signal);
  assert.equal(forbidden.isThere('u1'), true);
  const away = new DaemonSets(
    client(() => {
      throw new KubeError('unavailable', 'cannot get DaemonSet');
    }).client,
  );
  await assert.rejects(away.look([SET], signal), { code: 'unavailable' });
});
