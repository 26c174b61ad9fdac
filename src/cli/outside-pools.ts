import { primaryPool } from '../rollout/index.ts';
import type { RolloutObjects } from './rollout-objects.ts';

/** Why a node is in no pool, and what to do about it. @returns undefined: there is no such node, or it is in one */
export function outsidePools(
  { nodes, pools }: Pick<RolloutObjects, 'nodes' | 'pools'>,
  name: string,
): string | undefined {
  const node = nodes.find(({ metadata }) => metadata.name === name);
  if (node === undefined) return undefined;
  const selections = new Map(pools.map(({ metadata, spec }) => [metadata.name, spec]));
  const { labels } = node.metadata;
  const membership = primaryPool(labels, selections);
  const isNone = `node ${name} is in no MachineConfigPool, and nothing is asked of it`;
  if (membership.kind === 'member') return undefined;
  if (membership.kind === 'conflict')
    return `${isNone}: the custom pools ${membership.pools.join(' and ')} select it, and there may be one; change its labels, or the spec.nodeSelector of all but one`;
  const os = ['kubernetes.io/os', 'beta.kubernetes.io/os'].find((label) => labels?.[label] === 'windows');
  if (os !== undefined) return `${isNone}: its label ${os} says windows, which no pool configures`;
  return `${isNone}: give it a label that the spec.nodeSelector of a pool selects`;
}
