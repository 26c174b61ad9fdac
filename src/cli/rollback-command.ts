import { ROLLBACK_TO_ANNOTATION, type MachineConfigPool } from '../api/index.ts';
import { clusterKey, POOLS } from '../controllers/index.ts';
import type { KubeClient } from '../kube/index.ts';
import { CliError } from './cli-error.ts';
import { withCluster, type ClusterFlags } from './cluster-access.ts';
import type { Environment } from './environment.ts';
import { noPool } from './find-pool.ts';
import { interruptible } from './interruption.ts';
import { poolHistory } from './pool-history.ts';
import { chooseRollback } from './rollback-choice.ts';
import { readRolloutObjects } from './rollout-objects.ts';

export interface RollbackFlags extends ClusterFlags {
  readonly to?: string | undefined;
  readonly undo: boolean;
}

/**
 * `varve rollback`: has the nodes of a pool go back to an image that it had. That image is there: nothing is built, and nodes that
 * still have it download nothing. The pool stays there, whatever its MachineConfigs say, until `--undo`.
 */
export async function rollbackCommand(
  name: string,
  flags: RollbackFlags,
  environment: Environment,
): Promise<void> {
  if (flags.undo && flags.to !== undefined)
    throw new CliError(
      'input',
      'cannot go to an image and undo a rollback at once: leave --to or --undo away',
    );
  const said = await withCluster(flags, environment, (client) =>
    interruptible(async (signal) => {
      const objects = await readRolloutObjects(client, signal);
      const pool = objects.pools.find(({ metadata }) => metadata.name === name);
      if (pool === undefined) throw noPool(name);
      if (flags.undo) return undo(client, pool, signal);
      const image = chooseRollback(poolHistory(objects, pool), flags.to);
      await annotate(client, pool, image.configuration, signal);
      const paused = pool.spec.paused === true ? `; it is paused, and begins with varve resume ${name}` : '';
      return `pool ${name} goes back to image ${image.number}, ${image.image}, and stays there until varve rollback ${name} --undo${paused}; varve watch shows its nodes`;
    }),
  );
  process.stdout.write(`${said}\n`);
}

async function undo(client: KubeClient, pool: MachineConfigPool, signal: AbortSignal): Promise<string> {
  const { name } = pool.metadata;
  const at = pool.metadata.annotations?.[ROLLBACK_TO_ANNOTATION] ?? '';
  if (at === '') return `pool ${name} is not rolled back: it follows its MachineConfigs`;
  await annotate(client, pool, null, signal);
  return `pool ${name} follows its MachineConfigs again; varve watch shows its nodes`;
}

async function annotate(
  client: KubeClient,
  pool: MachineConfigPool,
  value: string | null,
  signal: AbortSignal,
): Promise<void> {
  const patch = { metadata: { annotations: { [ROLLBACK_TO_ANNOTATION]: value } } };
  await client.patch(POOLS, clusterKey(pool.metadata.name), { type: 'merge', patch }, { signal });
}
