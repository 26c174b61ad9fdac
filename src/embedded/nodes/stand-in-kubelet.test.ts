import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { FakeClock, type KubeClient, KubeError } from '../../kube/index.ts';
import { StandInKubelet } from './stand-in-kubelet.ts';

const BOOT = {
  bootId: 'b1',
  osImage: 'os',
  kernelVersion: '6',
  agentArguments: [],
  agentEnvironment: {},
};

/** A kubelet on an API server that has no pods, and what it writes, in order. */
function start(t: TestContext): { kubelet: StandInKubelet; clock: FakeClock; written: string[] } {
  const clock = new FakeClock();
  const written: string[] = [];
  let hasLease = false;
  const client = {
    clock,
    list: () => Promise.resolve({ items: [], resourceVersion: '1' }),
    watch: async function* (_: unknown, { signal }: { signal: AbortSignal }) {
      yield { type: 'BOOKMARK', resourceVersion: '1', endsInitialEvents: true };
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
    },
    get: () => Promise.resolve({ metadata: { name: 'n', uid: 'u' } }),
    create: ({ plural }: { plural: string }) => {
      written.push(`create ${plural}`);
      hasLease = true;
      return Promise.resolve({});
    },
    patch: ({ plural }: { plural: string }, _: unknown, { patch }: { patch: object }) => {
      if (plural === 'leases' && !hasLease)
        return Promise.reject(new KubeError('not-found', 'there is none'));
      const [ready] = [...JSON.stringify(patch).matchAll(/"type":"Ready","status":"(\w+)"/gu)];
      written.push([plural, ready?.[1]].filter((part) => part !== undefined).join(' '));
      return Promise.resolve({});
    },
  };
  const reported: string[] = [];
  const kubelet = new StandInKubelet({
    client: client as unknown as KubeClient,
    node: 'n',
    architecture: 'amd64',
    clock,
    report: (message) => reported.push(message),
  });
  const ending = new AbortController();
  const running = kubelet.run(ending.signal);
  t.after(async () => {
    assert.deepEqual(reported, []);
    ending.abort();
    await running;
  });
  return { kubelet, clock, written };
}

test('StandInKubelet has a Lease before it says that its node is ready, and renews that alone', async (t) => {
  const { kubelet, clock, written } = start(t);
  await clock.advance(100);
  assert.deepEqual(written, []);
  kubelet.booted(BOOT);
  await clock.advance(100);
  assert.deepEqual(written, ['create leases', 'nodes True']);
  await clock.advance(30_000);
  assert.deepEqual(written.slice(2), ['leases', 'leases', 'leases']);
  kubelet.down(true);
  await clock.advance(30_000);
  assert.deepEqual(written.slice(5), ['nodes False']);
});

test('StandInKubelet says again that its node is ready where others may have taken it for lost', async (t) => {
  const { kubelet, clock, written } = start(t);
  kubelet.booted(BOOT);
  await clock.advance(5000);
  written.length = 0;
  // The computer sleeps: no timer ran, and the day went on.
  clock.jump(3_600_000);
  await clock.advance(10_000);
  assert.deepEqual(written, ['leases', 'nodes True']);
  await clock.advance(10_000);
  assert.deepEqual(written, ['leases', 'nodes True', 'leases']);
});

test('StandInKubelet says nothing of a node whose power was cut', async (t) => {
  const { kubelet, clock, written } = start(t);
  kubelet.booted(BOOT);
  await clock.advance(100);
  written.length = 0;
  kubelet.down(false);
  await clock.advance(60_000);
  assert.deepEqual(written, []);
});
