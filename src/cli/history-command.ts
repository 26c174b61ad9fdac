import { withCluster, type ClusterFlags } from './cluster-access.ts';
import type { Environment } from './environment.ts';
import { noPool } from './find-pool.ts';
import { interruptible } from './interruption.ts';
import { formatTable, writeResult, type OutputFormat } from './output.ts';
import { poolHistory, type PastImage, type PoolHistory } from './pool-history.ts';
import { formatAge } from './pool-summary.ts';
import { readRolloutObjects } from './rollout-objects.ts';

export interface HistoryFlags extends ClusterFlags {
  readonly output: OutputFormat;
}

/** `varve history`: every image that a pool had, as far as its builds are kept. */
export async function historyCommand(
  name: string,
  flags: HistoryFlags,
  environment: Environment,
): Promise<void> {
  const history = await withCluster(flags, environment, (client) =>
    interruptible(async (signal) => {
      const objects = await readRolloutObjects(client, signal);
      const pool = objects.pools.find(({ metadata }) => metadata.name === name);
      if (pool === undefined) throw noPool(name);
      return poolHistory(objects, pool);
    }),
  );
  writeResult(flags.output, history, () => historyText(history, Date.now()));
}

/** A history for people, the newest first. @param now milliseconds since 1970 */
export function historyText({ pool, rolledBackTo, images }: PoolHistory, now: number): string {
  if (images.length === 0) return `Pool ${pool} has had no image yet; varve status says what it waits for.\n`;
  const table = formatTable([
    ['NO', 'IMAGE', 'BUILT', 'BY', 'NODES', 'CHANGED'],
    ...images.toReversed().map((image) => row(image, now)),
  ]);
  const rolledBack =
    rolledBackTo === null
      ? ''
      : `  the pool was rolled back to ${rolledBackTo}; varve rollback ${pool} --undo has it follow its MachineConfigs again\n`;
  const unknown = images.some(({ by }) => by.length === 0)
    ? '  BY - where no MachineConfig that is there now was changed last for it: a later change, or a deletion, hides who did it\n'
    : '';
  return `${table}  * is what its nodes are to run; varve rollback ${pool} --to NO has them go back\n${unknown}${rolledBack}`;
}

function row({ number, image, built, by, nodes, changes, inForce }: PastImage, now: number): string[] {
  return [
    `${inForce ? '*' : ' '}${number}`,
    /@sha256:([0-9a-f]{12})/u.exec(image)?.[1] ?? '-',
    built === null ? '-' : `${formatAge(now - Date.parse(built))} ago`,
    by.length === 0 ? '-' : by.join(','),
    String(nodes.length),
    shortList(changes ?? []),
  ];
}

/** So many changes are named in a line; `-o json` has all. */
const NAMED = 3;

function shortList(items: readonly string[]): string {
  if (items.length === 0) return '-';
  const more = items.length - NAMED;
  return `${items.slice(0, NAMED).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}
