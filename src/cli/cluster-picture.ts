import {
  CURRENT_CONFIG_ANNOTATION,
  CURRENT_IMAGE_ANNOTATION,
  REASON_ANNOTATION,
  STATE_ANNOTATION,
  findCondition,
} from '../api/index.ts';
import { compareText } from '../ignition/index.ts';
import type { NodePlan, NodeReason, PoolPlan } from '../rollout/index.ts';
import { summarizeCluster, type BuildSummary } from './cluster-summary.ts';
import { withRollback, type PoolSummary } from './pool-summary.ts';
import type { RolloutObjects } from './rollout-objects.ts';
import { viewRollouts, type PoolRolloutView } from './rollout-view.ts';

/** What a cluster's pools, builds and nodes are doing at one moment. */
export interface ClusterPicture {
  readonly pools: readonly PoolPicture[];
  /** Those that nodes get or wait for, and those under way. */
  readonly builds: readonly BuildSummary[];
  readonly nodes: readonly NodePicture[];
}

/** A pool, with what its rollout waits for. */
export interface PoolPicture extends PoolSummary {
  readonly rollout: { readonly progress: PoolPlan['progress']; readonly reason: NodeReason };
}

/** A node of a pool. What there is not is null. */
export interface NodePicture {
  readonly name: string;
  readonly pool: string;
  readonly progress: NodePlan['progress'];
  readonly reason: NodeReason;
  /** A whole sentence: what it waits for, and what a person can do. */
  readonly message: string;
  /** What it runs. */
  readonly configuration: string | null;
  readonly image: string | null;
  /** What its agent says of itself. */
  readonly agent: { readonly state: string | null; readonly reason: string | null };
  /** What keeps its drain from its end. */
  readonly drain: string | null;
}

/** A node's progress in a word. One that a paused pool keeps is not stuck for anybody who reads that. */
export function progressWord({ progress, reason }: Pick<NodePicture, 'progress' | 'reason'>): string {
  return reason === 'PoolPaused' && progress === 'stuck' ? 'paused' : progress;
}

/** Draws the picture of these objects. @param now milliseconds since 1970 */
export function clusterPicture(objects: RolloutObjects, now: number): ClusterPicture {
  const rollouts = viewRollouts(objects, now);
  const { pools, builds } = summarizeCluster(objects, now);
  return {
    pools: pools.map((pool) => poolPicture(pool, rollouts.get(pool.name))),
    builds: builds.filter(({ inForce, state }) => inForce || UNDER_WAY.has(state)),
    nodes: [...rollouts]
      .flatMap(([pool, { nodes }]) => nodes.map((plan) => nodePicture(objects, pool, plan)))
      .toSorted((one, other) => compareText(one.name, other.name)),
  };
}

const UNDER_WAY: ReadonlySet<string> = new Set(['initial', 'prepared', 'building']);

/** Of a pool with an image the rollout knows best what is waited for; before that, its build does. */
function poolPicture(pool: PoolSummary, rollout: PoolRolloutView | undefined): PoolPicture {
  if (rollout === undefined) return { ...pool, rollout: { progress: 'waiting', reason: 'NotRendered' } };
  const { progress, reason, message } = rollout.plan;
  const speaks =
    pool.nodes.total > 0 && pool.image !== null && pool.state !== 'degraded' && progress !== 'updated';
  const state = progress === 'halted' ? 'degraded' : progress === 'paused' ? 'paused' : 'updating';
  return {
    ...pool,
    ...(speaks ? { state, message: withRollback(withoutName(message, pool.name), { ...pool, state }) } : {}),
    rollout: { progress, reason },
  };
}

/** A pool's sentence stands below its name. */
function withoutName(message: string, name: string): string {
  return message.replace(`MachineConfigPool ${name}: `, '').replace(`MachineConfigPool ${name} `, '');
}

function nodePicture(objects: RolloutObjects, pool: string, plan: NodePlan): NodePicture {
  const { name, progress, reason, message } = plan;
  const node = objects.nodes.find(({ metadata }) => metadata.name === name);
  const said = (key: string): string | null => node?.metadata.annotations?.[key] || null;
  const conditions = objects.machineConfigNodes.find(({ metadata }) => metadata.name === name)?.status
    ?.conditions;
  const drained = findCondition(conditions, 'Drained');
  // Unknown is what whoever drains says of it; False and True are the agent's words for before and after.
  const drain = reason === 'Draining' && drained?.status === 'Unknown' ? drained.message || null : null;
  return {
    name,
    pool,
    progress,
    reason,
    message,
    configuration: said(CURRENT_CONFIG_ANNOTATION),
    image: said(CURRENT_IMAGE_ANNOTATION),
    agent: { state: said(STATE_ANNOTATION), reason: said(REASON_ANNOTATION) },
    drain,
  };
}
