import { isDeepStrictEqual } from 'node:util';
import { API_VERSION, DESIRED_CONFIG_ANNOTATION, type MachineConfigNode } from '../api/index.ts';
import { Controller, keyOf, outcomes, type Change, type Outcome } from '../kube/index.ts';
import { nodePatch, primaryPool, releasedNode } from '../rollout/index.ts';
import { sayOfNode } from './drain-report.ts';
import { patchSeen } from './patch-seen.ts';
import { clusterKey, MACHINE_CONFIG_NODES, NODES, type PoolNode } from './resources.ts';
import type { RolloutBoard } from './rollout-board.ts';
import type { RunningController } from './run-controllers.ts';
import type { ControllerSupport } from './support.ts';

/** Nodes that are kept at once. */
const CONCURRENCY = 8;

const BACKOFF = { first: 5, factor: 2, longest: 5000, jitter: 0.1 };

/** What stands for a configuration that nobody has decided on yet (contract §5.15). */
const NOT_YET_SET = 'not-yet-set';

/**
 * Keeps for each node of a pool a MachineConfigNode that says what the node is to run (contract §1.5), and takes from a
 * node that no pool has any more what rollouts have left on it. A MachineConfigNode goes with its Node, which owns it.
 */
export function nodeKeeper(support: ControllerSupport, board: RolloutBoard): RunningController {
  const { client, view, onReconciled } = support;
  const keeper = new NodeKeeper(support, board);
  const controller = new Controller({
    name: 'node',
    concurrency: CONCURRENCY,
    reconcile: ({ name }, { signal }) => keeper.reconcile(name, signal),
    backoff: BACKOFF,
    clock: client.clock,
    ...(onReconciled === undefined ? {} : { onReconciled }),
  });
  controller.watch(view.nodes, (change) =>
    concernsKeeper(change) ? [clusterKey(change.object.metadata.name)] : [],
  );
  controller.watch(view.machineConfigNodes, (change) => {
    const isSame = change.type === 'updated' && isDeepStrictEqual(change.old.spec, change.object.spec);
    return isSame ? [] : [clusterKey(change.object.metadata.name)];
  });
  controller.watch(view.pools, (change) => {
    const isSame =
      change.type === 'updated' &&
      isDeepStrictEqual(change.old.spec.nodeSelector, change.object.spec.nodeSelector);
    return isSame ? [] : view.nodes.cache.values().map(keyOf).toArray();
  });
  return { controller };
}

class NodeKeeper {
  readonly #support: ControllerSupport;
  readonly #board: RolloutBoard;
  /** What was said last of a node that is in no pool, or not in the one that was meant. */
  readonly #said = new Map<string, string>();

  constructor(support: ControllerSupport, board: RolloutBoard) {
    this.#support = support;
    this.#board = board;
  }

  async reconcile(name: string, signal: AbortSignal): Promise<Outcome> {
    const { view } = this.#support;
    const node = view.nodes.cache.get(clusterKey(name));
    if (node === undefined || node.metadata.deletionTimestamp !== undefined) {
      this.#said.delete(name);
      return outcomes.done;
    }
    this.#tellPools(node);
    const pool = this.#board.members.poolOf(name);
    if (pool !== undefined) return this.#keep(node, pool, signal);
    const { client } = this.#support;
    const now = client.clock.wall();
    const { intents } = releasedNode(node, now);
    if (intents.length > 0)
      await patchSeen(client, NODES, node, nodePatch(node, intents, '', now), { signal });
    return outcomes.done;
  }

  async #keep(node: PoolNode, pool: string, signal: AbortSignal): Promise<Outcome> {
    const { client, view } = this.#support;
    const { name } = node.metadata;
    const found = view.machineConfigNodes.cache.get(clusterKey(name));
    const spec: MachineConfigNode['spec'] = {
      node: { name },
      pool: { name: pool },
      configVersion: { desired: node.metadata.annotations?.[DESIRED_CONFIG_ANNOTATION] || NOT_YET_SET },
    };
    if (found === undefined) {
      await client.create(MACHINE_CONFIG_NODES, machineConfigNode(node, spec), { signal });
      return outcomes.done;
    }
    if (isOfAnother(node, found)) {
      const { uid } = found.metadata as { readonly uid?: string };
      await client.delete(MACHINE_CONFIG_NODES, clusterKey(name), {
        signal,
        ...(uid === undefined ? {} : { preconditions: { uid } }),
      });
      return outcomes.waiting(`MachineConfigNode ${name} is of an earlier Node of that name, and goes`);
    }
    if (found.metadata['deletionTimestamp'] !== undefined)
      return outcomes.waiting(`MachineConfigNode ${name} goes`);
    if (isDeepStrictEqual(found.spec, spec)) return outcomes.done;
    await patchSeen(client, MACHINE_CONFIG_NODES, found, { spec }, { signal });
    return outcomes.done;
  }

  /** Says that several custom pools have the node, and that a custom pool does not get it (contract §3.1). */
  #tellPools(node: PoolNode): void {
    const { view } = this.#support;
    const { name } = node.metadata;
    const pools = new Map(view.pools.cache.values().map(({ metadata, spec }) => [metadata.name, spec]));
    const message = membershipProblem(name, primaryPool(node.metadata.labels, pools));
    if (message === (this.#said.get(name) ?? '')) return;
    this.#said.set(name, message);
    if (message !== '') sayOfNode(this.#support, node, 'Warning', 'PoolConflict', message);
  }
}

/** What is wrong with the pools of a node, and what to do; empty if nothing is. */
function membershipProblem(node: string, membership: ReturnType<typeof primaryPool>): string {
  if (membership.kind === 'conflict') {
    const pools = membership.pools.join(', ');
    return `Node ${node} is selected by several custom MachineConfigPools, ${pools}, and none of them updates it: change its labels such that one of them selects it.`;
  }
  if (membership.kind === 'none' || membership.passedOver === undefined) return '';
  return `Node ${node} is of the control plane: MachineConfigPool ${membership.passedOver} selects it in vain, and master updates it. Take its labels for ${membership.passedOver} away.`;
}

function machineConfigNode({ metadata }: PoolNode, spec: MachineConfigNode['spec']): MachineConfigNode {
  const { name, uid } = metadata;
  return {
    apiVersion: API_VERSION,
    kind: 'MachineConfigNode',
    metadata: {
      name,
      ...(uid === undefined ? {} : { ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name, uid }] }),
    },
    spec,
  };
}

/** A Node that was deleted and made again is another one, with nothing done yet. */
function isOfAnother({ metadata }: PoolNode, found: MachineConfigNode): boolean {
  const owners: unknown = found.metadata['ownerReferences'];
  if (!Array.isArray(owners) || metadata.uid === undefined) return false;
  const nodes = owners.filter(
    (owner: unknown): owner is { readonly uid: unknown } =>
      typeof owner === 'object' &&
      owner !== null &&
      'kind' in owner &&
      owner.kind === 'Node' &&
      'uid' in owner,
  );
  return nodes.length > 0 && nodes.every(({ uid }) => uid !== metadata.uid);
}

/** Of a Node only what it is to run, its labels, and what a rollout leaves on it matter here. */
function concernsKeeper(change: Change<PoolNode>): boolean {
  if (change.type !== 'updated') return true;
  const factsOf = ({ metadata, spec }: PoolNode): unknown => [
    metadata.uid,
    metadata.labels,
    metadata.annotations,
    spec?.taints,
  ];
  return !isDeepStrictEqual(factsOf(change.old), factsOf(change.object));
}
