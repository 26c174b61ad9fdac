import {
  degradedReason,
  isNodeAtTarget,
  isNodeDegraded,
  isNodeDone,
  isNodeReady,
  isNodeUnavailable,
  type NodeTarget,
  type RolloutNode,
} from './node-state.ts';

/** How far the nodes of a pool are (contract §3.7). */
export interface NodeCounts {
  readonly total: number;
  /** Nodes that run the target. */
  readonly updated: number;
  /** Of these, those that workloads can be on. */
  readonly ready: number;
  readonly unavailable: number;
  /** Nodes whose agent gave up, by name, with what it says. */
  readonly degraded: readonly { readonly name: string; readonly reason: string }[];
}

/** @param target undefined while there is nothing for the nodes to run */
export function countNodes(nodes: Iterable<RolloutNode>, target: NodeTarget | undefined): NodeCounts {
  let total = 0;
  let updated = 0;
  let ready = 0;
  let unavailable = 0;
  const degraded: { name: string; reason: string }[] = [];
  for (const node of nodes) {
    total += 1;
    if (target !== undefined && isNodeAtTarget(node, target) && isNodeDone(node)) {
      updated += 1;
      if (isNodeReady(node)) ready += 1;
    }
    if (isNodeUnavailable(node)) unavailable += 1;
    if (isNodeDegraded(node)) degraded.push({ name: node.metadata.name, reason: degradedReason(node) });
  }
  // The same nodes make the same message, in whatever order they came.
  degraded.sort((left, right) => (left.name < right.name ? -1 : 1));
  return { total, updated, ready, unavailable, degraded };
}
