import {
  CURRENT_CONFIG_ANNOTATION,
  CURRENT_IMAGE_ANNOTATION,
  DESIRED_CONFIG_ANNOTATION,
  DESIRED_IMAGE_ANNOTATION,
  REASON_ANNOTATION,
  STATE_ANNOTATION,
} from '../api/index.ts';

/** A Node, as far as a rollout looks at it. */
export interface RolloutNode {
  readonly metadata: {
    readonly name: string;
    readonly resourceVersion?: string;
    readonly creationTimestamp?: string;
    readonly deletionTimestamp?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly spec?: { readonly unschedulable?: boolean; readonly taints?: readonly NodeTaint[] };
  readonly status?: { readonly conditions?: readonly NodeCondition[] };
}

/** A taint of a Node; members that nobody looks at are kept. */
export interface NodeTaint {
  readonly key: string;
  readonly effect: string;
  readonly value?: string;
}

/** A condition of a Node. `lastTransitionTime` is read of `Ready` only. */
export interface NodeCondition {
  readonly type: string;
  readonly status: string;
  readonly reason?: string;
  readonly lastTransitionTime?: string;
}

/** What the nodes of a pool are to run; without an image, the configuration file by file. */
export interface NodeTarget {
  readonly machineConfig: string;
  readonly image?: string;
}

/** What a condition has to say where it is there; others do not count, nor does one that is missing (contract §3.4). */
const HEALTHY: Readonly<Record<string, string>> = {
  Ready: 'True',
  DiskPressure: 'False',
  NetworkUnavailable: 'False',
};

/** Whether workloads can be on the node. */
export function isNodeReady(node: RolloutNode): boolean {
  return node.spec?.unschedulable !== true && isNodeHealthy(node);
}

/** Whether workloads could be on the node, if it is not cordoned. */
export function isNodeHealthy({ status }: RolloutNode): boolean {
  return (status?.conditions ?? []).every(({ type, status: is }) => (HEALTHY[type] ?? is) === is);
}

/** Whether the agent has reached what was asked of it last, whatever that is. */
export function isNodeDone(node: RolloutNode): boolean {
  const current = annotation(node, CURRENT_CONFIG_ANNOTATION);
  return (
    current !== '' &&
    current === annotation(node, DESIRED_CONFIG_ANNOTATION) &&
    annotation(node, CURRENT_IMAGE_ANNOTATION) === annotation(node, DESIRED_IMAGE_ANNOTATION) &&
    annotation(node, STATE_ANNOTATION) === 'Done'
  );
}

/**
 * Whether the agent gave up on the way to something else than what runs: another configuration, or another image of the same
 * one, which the reference does not count (contract §3.4, §7.2 row 21).
 */
export function isNodeFailing(node: RolloutNode): boolean {
  const isElsewhere =
    annotation(node, CURRENT_CONFIG_ANNOTATION) !== annotation(node, DESIRED_CONFIG_ANNOTATION) ||
    annotation(node, CURRENT_IMAGE_ANNOTATION) !== annotation(node, DESIRED_IMAGE_ANNOTATION);
  return isElsewhere && isNodeDegraded(node);
}

/** Whether the node is out of service, or may be at any moment. */
export function isNodeUnavailable(node: RolloutNode): boolean {
  return !isNodeReady(node) || (!isNodeDone(node) && !isNodeFailing(node));
}

/** Whether anything was ever asked of the node. */
export function isNodeTold(node: RolloutNode): boolean {
  return annotation(node, DESIRED_CONFIG_ANNOTATION) !== '';
}

/** Whether the agent says that it cannot go on. */
export function isNodeDegraded(node: RolloutNode): boolean {
  const state = annotation(node, STATE_ANNOTATION);
  return state === 'Degraded' || state === 'Unreconcilable';
}

/** What the agent says about that; empty if it says nothing. */
export function degradedReason(node: RolloutNode): string {
  return annotation(node, REASON_ANNOTATION);
}

/** Whether the node has been asked for this, whether or not it is there. */
export function isNodeAtTarget(node: RolloutNode, { machineConfig, image }: NodeTarget): boolean {
  return (
    machineConfig !== '' &&
    annotation(node, DESIRED_CONFIG_ANNOTATION) === machineConfig &&
    annotation(node, DESIRED_IMAGE_ANNOTATION) === (image ?? '')
  );
}

function annotation({ metadata }: RolloutNode, key: string): string {
  return metadata.annotations?.[key] ?? '';
}
