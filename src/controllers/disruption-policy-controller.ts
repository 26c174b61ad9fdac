import { isDeepStrictEqual } from 'node:util';
import { outcomes, type Outcome } from '../kube/index.ts';
import { mergePolicies } from '../machineconfig/index.ts';
import { CLUSTER } from './os-image-source.ts';
import { patchSeen } from './patch-seen.ts';
import { poolController } from './pool-controller.ts';
import { MACHINE_CONFIGURATIONS, clusterKey } from './resources.ts';
import type { RunningController } from './run-controllers.ts';
import type { ControllerSupport } from './support.ts';

/**
 * Says in the status of the MachineConfiguration `cluster` which disruption policies are in force: the defaults with the
 * user's own (contract §5.11, merge). Where there is no such object the defaults are, and nobody is told.
 */
export function disruptionPolicyController(support: ControllerSupport): RunningController {
  const { view } = support;
  const controller = poolController(support, {
    name: 'disruption-policy',
    reconcile: (_key, { signal }) => reconcile(support, signal),
  });
  controller.watch(view.machineConfigurations, ({ object }) =>
    object.metadata.name === CLUSTER ? [clusterKey(CLUSTER)] : [],
  );
  return { controller };
}

async function reconcile({ client, view }: ControllerSupport, signal: AbortSignal): Promise<Outcome> {
  const found = view.machineConfigurations.cache.get(clusterKey(CLUSTER));
  if (found === undefined || found.metadata['deletionTimestamp'] !== undefined) return outcomes.done;
  const clusterPolicies = mergePolicies(found.spec.nodeDisruptionPolicy);
  const generation: unknown = found.metadata['generation'];
  const observedGeneration = typeof generation === 'number' ? generation : 1;
  const { status } = found;
  const isSaid =
    status?.observedGeneration === observedGeneration &&
    isDeepStrictEqual(status.nodeDisruptionPolicyStatus?.clusterPolicies, clusterPolicies);
  if (isSaid) return outcomes.done;
  const patch = { status: { observedGeneration, nodeDisruptionPolicyStatus: { clusterPolicies } } };
  await patchSeen(client, MACHINE_CONFIGURATIONS, found, patch, { subresource: 'status', signal });
  return outcomes.done;
}
