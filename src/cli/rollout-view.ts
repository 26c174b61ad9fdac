import type { MachineConfigPool } from '../api/index.ts';
import { findCondition } from '../api/index.ts';
import { controlPlaneMembers, ImageChanges, type PoolNode } from '../controllers/index.ts';
import { ObjectCache, type KubeObject } from '../kube/index.ts';
import { buildInForce, imageMode, layeredGate, type LayeredGate } from '../machineconfig/index.ts';
import {
  permitsPool,
  planRollout,
  PoolMembers,
  type NodePlan,
  type PeerPool,
  type PoolPlan,
} from '../rollout/index.ts';
import type { RolloutObjects } from './rollout-objects.ts';

/** What the rollout of one pool comes to. */
export interface PoolRolloutView {
  readonly plan: PoolPlan;
  readonly nodes: readonly NodePlan[];
}

/**
 * Asks the rollout engine about every pool, from objects alone: what it says here is what the controllers decide from the same
 * objects, whether or not they run.
 *
 * @param now milliseconds since 1970
 */
export function viewRollouts(objects: RolloutObjects, now: number): ReadonlyMap<string, PoolRolloutView> {
  const members = new PoolMembers<PoolNode>();
  for (const { metadata, spec } of objects.pools) members.putPool(metadata.name, spec);
  for (const node of objects.nodes) members.putNode(node);
  const view: View = {
    objects,
    now,
    nodesOf: (pool) => [...members.nodesOf(pool)],
    changes: new ImageChanges({
      machineConfigs: { cache: cached(objects.machineConfigs) },
      machineConfigurations: { cache: cached(objects.machineConfigurations) },
    }),
    controlPlane: controlPlaneMembers({
      nodes: { cache: cached(objects.nodes) },
      controlPlanePods: { cache: cached(objects.controlPlanePods) },
    }),
  };
  return new Map(objects.pools.map((pool) => [pool.metadata.name, viewPool(view, pool)]));
}

interface View {
  readonly objects: RolloutObjects;
  readonly now: number;
  readonly nodesOf: (pool: string) => readonly PoolNode[];
  readonly changes: ImageChanges;
  readonly controlPlane: ReturnType<typeof controlPlaneMembers>;
}

function viewPool(view: View, pool: MachineConfigPool): PoolRolloutView {
  const { objects, nodesOf, changes, controlPlane, now } = view;
  const { name } = pool.metadata;
  const gate = gateOf(objects, pool);
  const nodes = nodesOf(name);
  const permits = permitsPool(name, (other) => poolOf(objects, other) !== undefined);
  const holder = permits === name ? undefined : poolOf(objects, permits);
  const peer = peerOf(view, name);
  const halted = findCondition(pool.status?.conditions, 'RolloutHalted');
  // Only the controllers ask the registry.
  const isGone = halted?.status === 'True' && halted.reason === 'ImageGone';
  const plan = planRollout({
    pool,
    gate,
    ...(isGone ? { imageProblem: halted.message ?? '' } : {}),
    nodes: nodes.map((node) => {
      const found = objects.machineConfigNodes.find(({ metadata }) => metadata.name === node.metadata.name);
      return { node, ...(found === undefined ? {} : { machineConfigNode: found }) };
    }),
    changes: changes.to(gate, nodes),
    ...(holder === undefined ? {} : { permitsPool: holder }),
    ...(peer === undefined ? {} : { peer }),
    controlPlane,
    now,
  });
  return { plan: plan.pool, nodes: plan.nodes };
}

/** What the nodes of a pool may be told to run; what the controllers' flags add is not known here. */
function gateOf({ osConfigs, osBuilds }: RolloutObjects, pool: MachineConfigPool): LayeredGate {
  const { osConfig } = imageMode(pool, osConfigs, undefined);
  if (osConfig === undefined) return layeredGate(undefined, undefined);
  return layeredGate(osConfig, buildInForce(pool, osConfig, osBuilds));
}

/** Whose turn to be out of service depends on each other. */
const PEERS: Readonly<Record<string, string>> = { master: 'arbiter', arbiter: 'master' };

function peerOf({ objects, nodesOf }: View, pool: string): PeerPool | undefined {
  const peer = poolOf(objects, PEERS[pool] ?? '');
  if (peer === undefined) return undefined;
  const { name } = peer.metadata;
  return {
    name,
    isPaused: peer.spec.paused === true,
    gate: gateOf(objects, peer),
    nodes: nodesOf(name),
  };
}

function poolOf({ pools }: RolloutObjects, name: string): MachineConfigPool | undefined {
  return pools.find(({ metadata }) => metadata.name === name);
}

function cached<T extends KubeObject>(objects: readonly T[]): ObjectCache<T> {
  const cache = new ObjectCache<T>();
  cache.replace(objects);
  return cache;
}
