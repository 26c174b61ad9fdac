import { CliError } from './cli-error.ts';
import { withCluster, type ClusterFlags } from './cluster-access.ts';
import { clusterPicture } from './cluster-picture.ts';
import type { Environment } from './environment.ts';
import { interruptible } from './interruption.ts';
import { writeResult, type OutputFormat } from './output.ts';
import { readRolloutObjects } from './rollout-objects.ts';
import { explain, explanationText } from './why.ts';

export interface WhyFlags extends ClusterFlags {
  readonly output: OutputFormat;
}

/** `varve why`: one sentence about where a pool or a node is and why it is no further, and what that rests on. */
export async function whyCommand(what: string, flags: WhyFlags, environment: Environment): Promise<void> {
  const now = Date.now();
  const objects = await withCluster(flags, environment, (client) =>
    interruptible((signal) => readRolloutObjects(client, signal)),
  );
  const answer = explain(clusterPicture(objects, now), what);
  if (answer !== undefined) {
    writeResult(flags.output, answer, () => explanationText(answer));
    return;
  }
  const name = what.split('/').at(-1) ?? '';
  const isNode = objects.nodes.some(({ metadata }) => metadata.name === name);
  throw new CliError(
    'cluster',
    isNode && !/^(?:pool|mcp)/u.test(what)
      ? `node ${name} is in no MachineConfigPool, and nothing is asked of it: give it a label that the spec.nodeSelector of a pool selects`
      : `there is no MachineConfigPool or Node ${what}; varve status lists pools, kubectl get nodes the nodes`,
  );
}
