import { isDeepStrictEqual } from 'node:util';
import {
  CORDON_ANNOTATION,
  CURRENT_CONFIG_ANNOTATION,
  CURRENT_IMAGE_ANNOTATION,
  DESIRED_CONFIG_ANNOTATION,
  DESIRED_DRAIN_ANNOTATION,
  DESIRED_IMAGE_ANNOTATION,
  DRAIN_STARTED_ANNOTATION,
  LAST_APPLIED_DRAIN_ANNOTATION,
  POST_CONFIG_ACTION_ANNOTATION,
  STAGED_IMAGE_ANNOTATION,
  STATE_ANNOTATION,
  TOPOLOGY_ANNOTATION,
} from '../api/index.ts';
import { Controller, outcomes, type Change, type Outcome } from '../kube/index.ts';
import { drainPolicy } from '../rollout/index.ts';
import { NodeDrainer } from './node-drainer.ts';
import { clusterKey, type PoolNode } from './resources.ts';
import type { RolloutBoard } from './rollout-board.ts';
import type { RunningController } from './run-controllers.ts';
import type { ControllerSupport } from './support.ts';

/** Nodes that are drained at once: each waits for its API server most of the time. */
const CONCURRENCY = 16;

/** How a node that failed is tried again, in milliseconds: a conflict at once, a server that is away within seconds. */
const BACKOFF = { first: 5, factor: 2, longest: 5000, jitter: 0.1 };

/** Annotations of a Node that decide on its drain. */
const KEYS = [
  DESIRED_CONFIG_ANNOTATION,
  DESIRED_IMAGE_ANNOTATION,
  CURRENT_CONFIG_ANNOTATION,
  CURRENT_IMAGE_ANNOTATION,
  DESIRED_DRAIN_ANNOTATION,
  LAST_APPLIED_DRAIN_ANNOTATION,
  CORDON_ANNOTATION,
  DRAIN_STARTED_ANNOTATION,
  POST_CONFIG_ACTION_ANNOTATION,
  STAGED_IMAGE_ANNOTATION,
  STATE_ANNOTATION,
  TOPOLOGY_ANNOTATION,
];

/**
 * The drain controller (contract §3.9, without its sharp edges): does what agents ask for, cordons and evicts, and uncordons
 * what was not cordoned before. What it waits for is said within seconds; what it has to remember is on the Node.
 */
export function drainController(support: ControllerSupport, board: RolloutBoard): RunningController {
  const { client, view, onReconciled } = support;
  const drainer = new NodeDrainer(support, board);
  const controller = new Controller({
    name: 'drain',
    concurrency: CONCURRENCY,
    reconcile: ({ name }, { signal }): Promise<Outcome> => {
      const node = view.nodes.cache.get(clusterKey(name));
      if (node !== undefined) return drainer.take(node, signal);
      drainer.forget(name);
      return Promise.resolve(outcomes.done);
    },
    backoff: BACKOFF,
    clock: client.clock,
    ...(onReconciled === undefined ? {} : { onReconciled }),
  });
  const drained = (): readonly { readonly namespace: string; readonly name: string }[] =>
    drainer.waiting.map(clusterKey);
  controller.watch(view.nodes, (change) =>
    concernsDrain(change) ? [clusterKey(change.object.metadata.name)] : [],
  );
  // A budget that lets go, or another timeout, is no matter of the next minute.
  controller.watch(view.disruptionBudgets, drained);
  controller.watch(view.pools, (change) => {
    if (change.type === 'added') return [];
    const policyOf = ({ metadata }: typeof change.object): unknown =>
      drainPolicy(metadata.name, metadata.annotations);
    const isSame =
      change.type === 'updated' && isDeepStrictEqual(policyOf(change.old), policyOf(change.object));
    return isSame ? [] : drained();
  });
  board.listen((_pool, nodes) => {
    for (const name of nodes) {
      // Of thousands that wait for their turn a rollout has news all the time, and nothing for whoever drains.
      const node = view.nodes.cache.get(clusterKey(name));
      if (node === undefined || asksForDrain(node)) controller.enqueue(clusterKey(name));
    }
  });
  return { controller };
}

/** Whether what becomes of a node depends on what the rollout says of it; of one that is in service, or is to be, it does not. */
function asksForDrain({ metadata: { annotations } }: PoolNode): boolean {
  return annotations?.[DESIRED_DRAIN_ANNOTATION]?.startsWith('drain-') === true;
}

/** Kubelets and agents write their Nodes all the time, mostly of other things. */
function concernsDrain(change: Change<PoolNode>): boolean {
  if (change.type !== 'updated') return true;
  return !isDeepStrictEqual(factsOf(change.old), factsOf(change.object));
}

function factsOf({ metadata, spec }: PoolNode): unknown {
  const { uid, labels, annotations } = metadata;
  return [uid, labels, spec?.unschedulable === true, KEYS.map((key) => annotations?.[key])];
}
