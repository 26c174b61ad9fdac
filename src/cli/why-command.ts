import { CliError } from './cli-error.ts';
import { withCluster, type ClusterFlags } from './cluster-access.ts';
import { clusterPicture } from './cluster-picture.ts';
import type { Environment } from './environment.ts';
import { interruptible } from './interruption.ts';
import { outsidePools } from './outside-pools.ts';
import { writeResult, type OutputFormat } from './output.ts';
import { readRolloutObjects } from './rollout-objects.ts';
import { explain, explanationText, readAsked } from './why.ts';

export interface WhyFlags extends ClusterFlags {
  readonly output: OutputFormat;
}

/** `varve why`: one sentence about where a pool or a node is and why it is no further, and what that rests on. */
export async function whyCommand(what: string, flags: WhyFlags, environment: Environment): Promise<void> {
  const now = Date.now();
  const objects = await withCluster(flags, environment, (client) =>
    interruptible((signal) => readRolloutObjects(client, signal)),
  );
  const asked = readAsked(what);
  const answer = explain(clusterPicture(objects, now), asked);
  if (answer !== undefined) {
    writeResult(flags.output, answer, () => explanationText(answer));
    return;
  }
  const outside = asked.node ? outsidePools(objects, asked.name) : undefined;
  throw new CliError(
    'cluster',
    outside ??
      `there is no MachineConfigPool or Node ${what}; varve status lists pools, kubectl get nodes the nodes`,
  );
}
