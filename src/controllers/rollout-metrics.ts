import { Gauge, type Registry } from 'prom-client';
import {
  DRAIN_STARTED_ANNOTATION,
  findCondition,
  isConditionTrue,
  REASON_ANNOTATION,
  STATE_ANNOTATION,
  UPDATE_TAINT,
  type MachineConfigPool,
} from '../api/index.ts';
import { cordonOf, countPlaces, drainStart, primaryPool, readPermits } from '../rollout/index.ts';
import type { ClusterView } from './cluster-view.ts';
import { numbers } from './process-metrics.ts';
import { clusterKey, type PoolNode } from './resources.ts';

/** What of the cluster is counted. */
type View = Pick<ClusterView, 'machineConfigNodes' | 'nodes' | 'pools'>;

/** Characters of a reason in a label: a longer one is for the Node, and would be a series of its own each time. */
const LONGEST_REASON = 80;

/** The numbers of rollouts and drains (contract §5.17). */
export function addRollout(registry: Registry, view: View): void {
  addPoolCounts(registry, view);
  addPoolNodes(registry, view);
  addNodes(registry, view);
}

function addPoolCounts(registry: Registry, { pools }: View): void {
  type Count = 'machineCount' | 'updatedMachineCount' | 'degradedMachineCount' | 'unavailableMachineCount';
  const count =
    (member: Count) =>
    ({ status }: MachineConfigPool): number =>
      status?.[member] ?? 0;
  numbers(
    registry,
    'pool',
    () => pools.cache.values(),
    ({ metadata }) => metadata.name,
    {
      mco_machine_count: ['Nodes of the pool.', count('machineCount')],
      mco_updated_machine_count: ['Nodes that run what the pool wants.', count('updatedMachineCount')],
      mco_degraded_machine_count: ['Nodes that have failed at it.', count('degradedMachineCount')],
      mco_unavailable_machine_count: [
        'Nodes that are out of service, or may be at any moment.',
        count('unavailableMachineCount'),
      ],
      varve_pool_paused: [
        'Whether a person has paused the pool.',
        ({ spec }) => Number(spec.paused === true),
      ],
      varve_rollout_halted: [
        'Whether the rollout of the pool waits for a person: its condition RolloutHalted says for what.',
        ({ status }) => Number(isConditionTrue(status?.conditions, 'RolloutHalted')),
      ],
      varve_rollout_permits: [
        'Nodes of the pool that may be out of service for an update.',
        ({ metadata }) => countPlaces(readPermits(metadata.annotations)),
      ],
    },
  );
}

function addPoolNodes(registry: Registry, view: View): void {
  const byPool = (): Iterable<readonly [pool: string, nodes: readonly PoolNode[]]> => {
    const found = Map.groupBy(members(view), ({ pool }) => pool);
    return view.pools.cache
      .values()
      .map(
        ({ metadata }) => [metadata.name, (found.get(metadata.name) ?? []).map(({ node }) => node)] as const,
      );
  };
  const counted = (is: (node: PoolNode) => boolean) => (pool: readonly [string, readonly PoolNode[]]) =>
    pool[1].filter(is).length;
  numbers(registry, 'pool', byPool, ([pool]) => pool, {
    varve_nodes_draining: ['Nodes that are being drained.', counted(isDraining)],
    varve_drain_oldest_seconds: [
      'How long the oldest drain of the pool that is not done has taken.',
      ([, nodes]) => {
        const starts = nodes.map(drainStart).filter((at) => at !== undefined);
        return starts.length === 0 ? 0 : Math.max(0, (Date.now() - Math.min(...starts)) / 1000);
      },
    ],
    varve_nodes_cordoned: [
      'Nodes that are cordoned for an update.',
      counted((node) => cordonOf(node) === 'own'),
    ],
    varve_nodes_cordoned_by_person: [
      'Nodes that a person has cordoned.',
      counted((node) => ['kept', 'person'].includes(cordonOf(node))),
    ],
    varve_nodes_tainted: [
      'Nodes that do not run yet what their pool wants, as their taint tells the scheduler.',
      counted(({ spec }) => spec?.taints?.some(({ key }) => key === UPDATE_TAINT) === true),
    ],
  });
}

function addNodes(registry: Registry, view: View): void {
  const { nodes, machineConfigNodes } = view;
  numbers(
    registry,
    'node',
    () => {
      const pools = poolsOf(view);
      return nodes.cache.values().filter((node) => isMisplaced(pools, node));
    },
    ({ metadata }) => metadata.name,
    { mcc_pool_alert: ['Nodes that custom pools select in vain, or several of them.', () => 1] },
  );
  numbers(
    registry,
    'node',
    () => nodes.cache.values().filter(isDraining),
    ({ metadata }) => metadata.name,
    {
      mcc_drain_err: [
        'Whether the node, which is being drained, was not drained within the time that its pool gives.',
        ({ metadata }) => {
          const found = machineConfigNodes.cache.get(clusterKey(metadata.name));
          return Number(findCondition(found?.status?.conditions, 'Drained')?.reason === 'DrainTimedOut');
        },
      ],
    },
  );
  // Four labels, which the others have no need of.
  void new Gauge({
    name: 'mco_state',
    help: 'What the agent of a node says of it, as labels.',
    labelNames: ['node', 'pool', 'state', 'reason'],
    registers: [registry],
    collect() {
      this.reset();
      for (const { node, pool } of members(view)) {
        const { name, annotations } = node.metadata;
        const state = annotations?.[STATE_ANNOTATION];
        if (state === undefined) continue;
        const reason = (annotations?.[REASON_ANNOTATION] ?? '').slice(0, LONGEST_REASON);
        this.set({ node: name, pool, state, reason }, 1);
      }
    },
  });
}

function isDraining({ metadata }: PoolNode): boolean {
  return metadata.annotations?.[DRAIN_STARTED_ANNOTATION] !== undefined;
}

/** Nodes of pools. */
function* members(view: View): Generator<{ readonly node: PoolNode; readonly pool: string }, void, void> {
  const pools = poolsOf(view);
  for (const node of view.nodes.cache.values()) {
    const membership = primaryPool(node.metadata.labels, pools);
    if (membership.kind === 'member') yield { node, pool: membership.pool };
  }
}

function isMisplaced(pools: ReturnType<typeof poolsOf>, { metadata }: PoolNode): boolean {
  const membership = primaryPool(metadata.labels, pools);
  return (
    membership.kind === 'conflict' || (membership.kind === 'member' && membership.passedOver !== undefined)
  );
}

function poolsOf({ pools }: View): ReadonlyMap<string, MachineConfigPool['spec']> {
  return new Map(pools.cache.values().map(({ metadata, spec }) => [metadata.name, spec]));
}
