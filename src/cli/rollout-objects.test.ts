import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MACHINE_CONFIG_NODES, MACHINE_CONFIGURATIONS, PODS, POOLS } from '../controllers/index.ts';
import { FakeClock, isKubeError, KubeError, type KubeClient, type ResourceType } from '../kube/index.ts';
import { followRolloutObjects, readRolloutObjects, type RolloutObjects } from './rollout-objects.ts';

/** A cluster with one pool, where a user may not see these kinds. */
function clientWithout(...types: readonly ResourceType[]): KubeClient {
  const refuse = ({ kind }: ResourceType): void => {
    if (types.some((type) => type.kind === kind)) throw new KubeError('forbidden', `cannot list ${kind}`);
  };
  const pool = { metadata: { name: 'worker', resourceVersion: '1' }, spec: {} };
  const client = {
    clock: new FakeClock(),
    list: async (type: ResourceType) => {
      await Promise.resolve();
      refuse(type);
      return { items: type.kind === POOLS.kind ? [pool] : [], continue: '', resourceVersion: '1' };
    },
    async *watch(type: ResourceType, { signal }: { readonly signal: AbortSignal }) {
      await Promise.resolve();
      refuse(type);
      if (type.kind === POOLS.kind) yield { type: 'ADDED', object: pool };
      yield { type: 'BOOKMARK', resourceVersion: '1', endsInitialEvents: true };
      await new Promise((resolve) => {
        signal.addEventListener('abort', resolve, { once: true });
      });
    },
  };
  return client as unknown as KubeClient;
}

const OPTIONAL = [MACHINE_CONFIG_NODES, MACHINE_CONFIGURATIONS, PODS];

test('what a user may not see counts as not there, whether it is read once or followed', async () => {
  const client = clientWithout(...OPTIONAL);
  const stop = new AbortController();
  const once = await readRolloutObjects(client, stop.signal);
  let followed: RolloutObjects | undefined;
  await followRolloutObjects(client, stop.signal, (objects) => {
    followed = objects;
    stop.abort();
  });
  assert.deepEqual(followed, once);
  assert.deepEqual(
    once.pools.map(({ metadata }) => metadata.name),
    ['worker'],
  );
});

test('who may not see pools gets an error, whether they are read once or followed', async () => {
  const client = clientWithout(POOLS);
  const { signal } = new AbortController();
  const isForbidden = (error: unknown): boolean => isKubeError(error, 'forbidden');
  await assert.rejects(readRolloutObjects(client, signal), isForbidden);
  await assert.rejects(
    followRolloutObjects(client, signal, () => assert.fail('nothing is known')),
    isForbidden,
  );
});
