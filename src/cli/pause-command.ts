import { clusterKey, POOLS } from '../controllers/index.ts';
import { withCluster, type ClusterFlags } from './cluster-access.ts';
import type { Environment } from './environment.ts';
import { findPool } from './find-pool.ts';
import { interruptible } from './interruption.ts';

/**
 * `varve pause` and `varve resume`: whether the nodes of a pool get what it wants. A paused pool goes on to render and to
 * build, and nodes that are on their way come to their end.
 */
export async function pauseCommand(
  name: string,
  paused: boolean,
  flags: ClusterFlags,
  environment: Environment,
): Promise<void> {
  await withCluster(flags, environment, (client) =>
    interruptible(async (signal) => {
      const pool = await findPool(client, name, signal);
      const word = paused ? 'paused' : 'resumed';
      if ((pool.spec.paused === true) === paused) {
        process.stdout.write(`pool ${name} is ${paused ? 'paused' : 'not paused'} already\n`);
        return;
      }
      await client.patch(POOLS, clusterKey(name), { type: 'merge', patch: { spec: { paused } } }, { signal });
      const then = paused
        ? `its images are built, and no further node is told to run one, until varve resume ${name}`
        : `its nodes get what it wants, one disruption at a time; varve watch shows them`;
      process.stdout.write(`pool ${name} is ${word}: ${then}\n`);
    }),
  );
}
