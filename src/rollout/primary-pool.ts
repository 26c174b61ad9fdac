import { isEmptySelector, matchesSelector } from '../api/index.ts';
import type { MachineConfigPool } from '../api/index.ts';

/** What decides on the nodes of a pool. */
export type NodeSelection = Pick<MachineConfigPool['spec'], 'nodeSelector'>;

/**
 * Which pool updates a node.
 * - `none`: no pool, or its operating system is not one that pools configure.
 * - `conflict`: several custom pools select it; none of them updates it until a person decides.
 */
export type Membership =
  | { readonly kind: 'none' }
  | {
      readonly kind: 'member';
      readonly pool: string;
      /** The custom pool that selects the node in vain, since it is of the control plane. */
      readonly passedOver?: string;
    }
  | { readonly kind: 'conflict'; readonly pools: readonly string[] };

const OS_LABELS = ['kubernetes.io/os', 'beta.kubernetes.io/os'];
const NONE: Membership = { kind: 'none' };

/**
 * The primary pool of a node (contract §3.1): a custom pool goes before `worker`, `master` before every other. Two custom pools
 * are one too many.
 *
 * @param pools all there are, by name
 */
export function primaryPool(
  labels: Readonly<Record<string, string>> | undefined,
  pools: ReadonlyMap<string, NodeSelection>,
): Membership {
  if (OS_LABELS.some((label) => labels?.[label] === 'windows')) return NONE;
  const matching: string[] = [];
  for (const [name, { nodeSelector }] of pools) {
    // Other than elsewhere, an empty selector is no selector here.
    if (nodeSelector === undefined || isEmptySelector(nodeSelector)) continue;
    if (matchesSelector(nodeSelector, labels)) matching.push(name);
  }
  const custom = matching.filter((name) => name !== 'master' && name !== 'worker').sort();
  const [first, second] = custom;
  if (second !== undefined) return { kind: 'conflict', pools: custom };
  const isMaster = matching.includes('master');
  if (first !== undefined) {
    return isMaster ? { kind: 'member', pool: 'master', passedOver: first } : { kind: 'member', pool: first };
  }
  if (isMaster) return { kind: 'member', pool: 'master' };
  return matching.includes('worker') ? { kind: 'member', pool: 'worker' } : NONE;
}
