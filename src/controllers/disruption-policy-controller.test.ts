import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MachineConfiguration } from '../api/index.ts';
import type { Informer, Outcome, Reconciliation, ResourceType } from '../kube/index.ts';
import { FakeClock, ObjectCache } from '../kube/index.ts';
import { mergePolicies } from '../machineconfig/index.ts';
import { disruptionPolicyController } from './disruption-policy-controller.ts';
import type { ControllerSupport } from './support.ts';

type Spec = Pick<MachineConfiguration['spec'], 'nodeDisruptionPolicy'>;

const USER = {
  files: [{ path: '/etc/motd', actions: [{ type: 'None' as const }] }],
} satisfies Spec['nodeDisruptionPolicy'];

function configuration(
  spec: Spec,
  more: Partial<MachineConfiguration> = {},
  metadata: object = {},
): MachineConfiguration {
  return {
    apiVersion: 'operator.openshift.io/v1',
    kind: 'MachineConfiguration',
    metadata: { name: 'cluster', uid: 'uid-1', resourceVersion: '5', generation: 3, ...metadata },
    spec: { logLevel: 'Normal', operatorLogLevel: 'Normal', ...spec },
    ...more,
  };
}

/** What the controller writes about this object, and how its run ends; nothing, if it never runs. */
async function run(
  object: MachineConfiguration,
): Promise<{ readonly writes: readonly unknown[]; readonly outcome: Outcome['kind'] | undefined }> {
  const writes: unknown[] = [];
  const cache = new ObjectCache<MachineConfiguration>();
  cache.replace([object]);
  const informer = {
    cache,
    synced: Promise.resolve(),
    subscribe: (handler: (change: { type: 'added'; object: MachineConfiguration }) => void) => {
      for (const one of cache.values()) handler({ type: 'added', object: one });
      return () => {};
    },
  } as unknown as Informer<MachineConfiguration>;
  const client = {
    clock: new FakeClock(),
    patch: (type: ResourceType, key: unknown, patch: unknown, more: { subresource?: string }) => {
      writes.push([type.kind, key, patch, more.subresource]);
      return Promise.resolve(object);
    },
  };
  const stop = new AbortController();
  const { promise: ended, resolve: end } = Promise.withResolvers<Outcome['kind'] | undefined>();
  const { controller } = disruptionPolicyController({
    client,
    view: { machineConfigurations: informer },
    onReconciled: ({ outcome }: Reconciliation) => end(outcome.kind),
  } as unknown as ControllerSupport);
  const running = controller.run(stop.signal);
  if (object.metadata.name !== 'cluster') setImmediate(() => end(undefined));
  const outcome = await ended;
  stop.abort();
  await running;
  return { writes, outcome };
}

test('disruptionPolicyController() writes the policies in force, and of which generation they are', async () => {
  const { writes, outcome } = await run(configuration({ nodeDisruptionPolicy: USER }));
  assert.equal(outcome, 'done');
  assert.deepEqual(writes, [
    [
      'MachineConfiguration',
      { namespace: '', name: 'cluster' },
      {
        type: 'merge',
        patch: {
          metadata: { uid: 'uid-1', resourceVersion: '5' },
          status: {
            observedGeneration: 3,
            nodeDisruptionPolicyStatus: { clusterPolicies: mergePolicies(USER) },
          },
        },
      },
      'status',
    ],
  ]);
});

function written(spec: Spec, observedGeneration: number): Partial<MachineConfiguration> {
  const clusterPolicies = mergePolicies(spec.nodeDisruptionPolicy);
  const status = { observedGeneration, nodeDisruptionPolicyStatus: { clusterPolicies } };
  return JSON.parse(JSON.stringify({ status })) as Partial<MachineConfiguration>;
}

test('disruptionPolicyController() writes nothing that is there', async () => {
  const spec = { nodeDisruptionPolicy: USER };
  const { writes } = await run(configuration(spec, written(spec, 3)));
  assert.deepEqual(writes, []);
});

test('disruptionPolicyController() writes anew what somebody changed, and another generation', async () => {
  const spec = { nodeDisruptionPolicy: USER };
  assert.equal((await run(configuration(spec, written({}, 3)))).writes.length, 1);
  assert.equal((await run(configuration(spec, written(spec, 2)))).writes.length, 1);
});

test('disruptionPolicyController() leaves alone what is being deleted, and other names', async () => {
  const gone = configuration({}, {}, { deletionTimestamp: '2026-01-01T00:00:00Z' });
  assert.deepEqual(await run(gone), { writes: [], outcome: 'done' });
  assert.deepEqual(await run(configuration({}, {}, { name: 'other' })), { writes: [], outcome: undefined });
});
