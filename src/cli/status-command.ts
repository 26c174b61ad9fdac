import { OS_BUILDS, OS_CONFIGS, POOLS } from '../controllers/index.ts';
import { withCluster, type ClusterFlags } from './cluster-access.ts';
import { summarizeCluster } from './cluster-summary.ts';
import type { Environment } from './environment.ts';
import { interruptible } from './interruption.ts';
import { listAll } from './list-all.ts';
import { writeResult, type OutputFormat } from './output.ts';
import { statusText } from './status-text.ts';

export interface StatusFlags extends ClusterFlags {
  readonly output: OutputFormat;
}

/** `varve status`: what each pool of a cluster runs and waits for, from API objects alone. */
export async function statusCommand(flags: StatusFlags, environment: Environment): Promise<void> {
  const objects = await withCluster(flags, environment, (client) =>
    interruptible(async (signal) => {
      const [pools, osConfigs, osBuilds] = await Promise.all([
        listAll(client, POOLS, signal),
        listAll(client, OS_CONFIGS, signal),
        listAll(client, OS_BUILDS, signal),
      ]);
      return { pools, osConfigs, osBuilds };
    }),
  );
  const now = Date.now();
  const summary = summarizeCluster(objects, now);
  writeResult(flags.output, summary, () => statusText(summary, now));
}
