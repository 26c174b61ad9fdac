import { isDeepStrictEqual } from 'node:util';
import {
  API_VERSION,
  DESIRED_CONFIG_ANNOTATION,
  MACHINE_CONFIG_NODE_ANNOTATION,
  type MachineConfigNode,
} from '../api/index.ts';
import { Controller, keyOf, outcomes, type Change, type Outcome } from '../kube/index.ts';
import { nodePatch, primaryPool, releasedNode } from '../rollout/index.ts';
import { sayOfNode } from './drain-report.ts';
import { NodeAnswers } from './node-answers.ts';
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
 * Within so many milliseconds nodes are told of MachineConfigNodes that an earlier controller made and did not tell them of: their
 * agents have asked for them, so that thousands of nodes need not be written at once.
 */
const SPREAD = 60_000;

/**
 * Keeps for each node of a pool a MachineConfigNode that says what the node is to run (contract §1.5), and names it on the Node for
 * the agent, which does not watch it; takes from a node that no pool has any more what rollouts have left on it. A MachineConfigNode
 * goes with its Node, which owns it.
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
  /** Nodes with the names of their MachineConfigNodes, until the watch has told of it. */
  readonly #answers = new NodeAnswers();
  /** MachineConfigNodes with the specs that were written, until the watch has told of it. */
  readonly #written = new Map<string, MachineConfigNode>();
  /** The uids of MachineConfigNodes that were made and are not named yet. */
  readonly #made = new Map<string, string>();
  /** When a node is to be told of the MachineConfigNode that it has had for long. */
  readonly #due = new Map<string, number>();

  constructor(support: ControllerSupport, board: RolloutBoard) {
    this.#support = support;
    this.#board = board;
  }

  async reconcile(name: string, signal: AbortSignal): Promise<Outcome> {
    const { view } = this.#support;
    const node = view.nodes.cache.get(clusterKey(name));
    if (node === undefined || node.metadata.deletionTimestamp !== undefined) {
      this.#said.delete(name);
      this.#answers.forget(name);
      this.#due.delete(name);
      this.#made.delete(name);
      this.#written.delete(name);
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
      const made = await client.create(MACHINE_CONFIG_NODES, machineConfigNode(node, spec), { signal });
      // Named when the watch has told of it: what the Node says then would lead here again.
      this.#made.set(name, uidOf(made) ?? '');
      return outcomes.done;
    }
    if (isOfAnother(node, found)) {
      const uid = uidOf(found);
      await client.delete(MACHINE_CONFIG_NODES, clusterKey(name), {
        signal,
        ...(uid === undefined ? {} : { preconditions: { uid } }),
      });
      return outcomes.waiting(`MachineConfigNode ${name} is of an earlier Node of that name, and goes`);
    }
    if (found.metadata['deletionTimestamp'] !== undefined)
      return outcomes.waiting(`MachineConfigNode ${name} goes`);
    if (!isDeepStrictEqual(this.#specOf(found), spec)) {
      // Nobody else writes it, and that the agent has reported since is no reason to refuse it.
      const patch = { metadata: { uid: uidOf(found) ?? null }, spec };
      const options = { type: 'merge', patch } as const;
      this.#written.set(
        name,
        await client.patch(MACHINE_CONFIG_NODES, clusterKey(name), options, { signal }),
      );
    }
    const wait = this.#untilNamed(node, found);
    if (wait > 0) return outcomes.requeueAfter(wait);
    await this.#name(node, found, signal);
    return outcomes.done;
  }

  /** As the API server answered, where the watch has not told of that yet. */
  #specOf(found: MachineConfigNode): MachineConfigNode['spec'] {
    const { name } = found.metadata;
    const written = this.#written.get(name);
    if (written !== undefined && isNewer(written, found)) return written.spec;
    this.#written.delete(name);
    return found.spec;
  }

  /** How many milliseconds its Node does without the name of a MachineConfigNode. */
  #untilNamed(node: PoolNode, found: MachineConfigNode): number {
    const { clock } = this.#support.client;
    const { name } = node.metadata;
    // An agent that has been told of another one, or of none, waits for this.
    if (this.#namedBy(node) !== undefined || this.#made.get(name) === uidOf(found)) return 0;
    const due = this.#due.get(name) ?? clock.now() + clock.random() * SPREAD;
    this.#due.set(name, due);
    return due - clock.now();
  }

  /** Writes the uid of its MachineConfigNode onto a Node, unless it is there. */
  async #name(node: PoolNode, { metadata }: MachineConfigNode, signal: AbortSignal): Promise<void> {
    const { name, uid } = node.metadata;
    const own = metadata['uid'];
    this.#due.delete(name);
    this.#made.delete(name);
    if (typeof own !== 'string' || this.#namedBy(node) === own) return;
    const annotations = { [MACHINE_CONFIG_NODE_ANNOTATION]: own };
    const patch = { metadata: { uid: uid ?? null, annotations } };
    this.#answers.note(
      await this.#support.client.patch(NODES, clusterKey(name), { type: 'merge', patch }, { signal }),
    );
  }

  #namedBy(node: PoolNode): string | undefined {
    const { annotations } = this.#answers.newest(node).metadata;
    return annotations?.[MACHINE_CONFIG_NODE_ANNOTATION] || undefined;
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

function uidOf({ metadata }: MachineConfigNode): string | undefined {
  const { uid } = metadata;
  return typeof uid === 'string' ? uid : undefined;
}

/** Versions of one object are numbers that grow. */
function isNewer(one: MachineConfigNode, other: MachineConfigNode): boolean {
  const versionOf = ({ metadata }: MachineConfigNode): number => Number(metadata['resourceVersion']);
  return uidOf(one) === uidOf(other) && versionOf(one) > versionOf(other);
}
