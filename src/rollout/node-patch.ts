import {
  CORDON_ANNOTATION,
  DESIRED_CONFIG_ANNOTATION,
  DESIRED_DRAIN_ANNOTATION,
  DESIRED_IMAGE_ANNOTATION,
  DISRUPTION_ANNOTATION,
  DISRUPTION_LEASE_ANNOTATION,
  LAST_APPLIED_DRAIN_ANNOTATION,
  PERMIT_ANNOTATION,
  POOL_LABELS_APPLIED_ANNOTATION,
  PREFETCH_IMAGE_ANNOTATION,
  UPDATE_TAINT,
  UPDATE_TAINT_EFFECT,
} from '../api/index.ts';
import { writeLease } from './lease.ts';
import type { NodeTaint, NodeTarget, RolloutNode } from './node-state.ts';
import { writeTold } from './permits.ts';
import type { NodeIntent } from './rollout-plan.ts';

/** A merge patch of a Node that is refused unless the Node is as it was seen. */
export interface NodePatch {
  readonly metadata: {
    readonly resourceVersion?: string;
    readonly annotations?: Readonly<Record<string, string | null>>;
    readonly labels?: Readonly<Record<string, string>>;
  };
  readonly spec?: { readonly taints?: readonly NodeTaint[] | null; readonly unschedulable?: true };
}

/**
 * All intents about one node as one merge patch.
 *
 * @param pool the pool whose rollout it is, which takes the lease
 * @param now milliseconds since 1970
 */
export function nodePatch(
  node: RolloutNode,
  intents: readonly NodeIntent[],
  pool: string,
  now: number,
): NodePatch {
  const annotations: Record<string, string | null> = {};
  const labels: Record<string, string> = {};
  let taints: readonly NodeTaint[] | undefined;
  let cordons = false;
  for (const intent of intents) {
    switch (intent.kind) {
      case 'assign':
        Object.assign(annotations, assigning(intent, pool, now));
        cordons = intent.drain;
        break;
      case 'unassign':
        for (const key of [DESIRED_CONFIG_ANNOTATION, DESIRED_IMAGE_ANNOTATION, DISRUPTION_ANNOTATION])
          annotations[key] = null;
        break;
      case 'prefetch':
        annotations[PREFETCH_IMAGE_ANNOTATION] = intent.image ?? null;
        break;
      case 'taint':
        taints = [...untainted(node), { key: UPDATE_TAINT, effect: UPDATE_TAINT_EFFECT }];
        break;
      case 'untaint':
        taints = untainted(node);
        break;
      case 'end-lease':
        annotations[DISRUPTION_LEASE_ANNOTATION] = null;
        break;
      case 'label':
        Object.assign(labels, intent.labels);
        annotations[POOL_LABELS_APPLIED_ANNOTATION] = 'true';
        break;
      case 'settings':
        Object.assign(annotations, intent.annotations);
        break;
    }
  }
  const { resourceVersion, annotations: found } = node.metadata;
  // Nothing is taken away that is not there: a patch that changes nothing would still be a request.
  const changes = Object.entries(annotations).filter(([key, value]) => (found?.[key] ?? null) !== value);
  return {
    metadata: {
      ...(resourceVersion === undefined ? {} : { resourceVersion }),
      ...(changes.length === 0 ? {} : { annotations: Object.fromEntries(changes) }),
      ...(Object.keys(labels).length === 0 ? {} : { labels }),
    },
    ...(taints === undefined && !cordons
      ? {}
      : {
          spec: {
            ...(taints === undefined ? {} : { taints: taints.length === 0 ? null : taints }),
            ...(cordons ? { unschedulable: true } : {}),
          },
        }),
  };
}

/** The node's taints but for the one that says that an update is in progress. */
export function untainted({ spec }: RolloutNode): readonly NodeTaint[] {
  return (spec?.taints ?? []).filter(({ key }) => key !== UPDATE_TAINT);
}

function assigning(
  { target, permit, note, drain }: Extract<NodeIntent, { readonly kind: 'assign' }>,
  pool: string,
  now: number,
): Readonly<Record<string, string | null>> {
  return {
    [DESIRED_CONFIG_ANNOTATION]: target.machineConfig,
    [DESIRED_IMAGE_ANNOTATION]: target.image ?? null,
    [DISRUPTION_ANNOTATION]: note ?? null,
    [PREFETCH_IMAGE_ANNOTATION]: null,
    [PERMIT_ANNOTATION]: writeTold({ permit: permit ?? '', at: now }),
    ...(permit === undefined ? {} : { [DISRUPTION_LEASE_ANNOTATION]: writeLease(pool) }),
    ...(drain ? drainBegins(target) : {}),
  };
}

/** As the agent would ask for it, and whoever drains would begin it; what was drained before says nothing of the node as it is now. */
function drainBegins({ machineConfig }: NodeTarget): Readonly<Record<string, string | null>> {
  return {
    [DESIRED_DRAIN_ANNOTATION]: `drain-${machineConfig}`,
    [LAST_APPLIED_DRAIN_ANNOTATION]: null,
    [CORDON_ANNOTATION]: 'Own',
  };
}
