import {
  CURRENT_CONFIG_ANNOTATION,
  CURRENT_IMAGE_ANNOTATION,
  DESIRED_CONFIG_ANNOTATION,
  DESIRED_DRAIN_ANNOTATION,
  DESIRED_IMAGE_ANNOTATION,
  DRIFT_POLICY_ANNOTATION,
  DISRUPTION_ANNOTATION,
  LAST_APPLIED_DRAIN_ANNOTATION,
  POST_CONFIG_ACTION_ANNOTATION,
  PREFETCH_IMAGE_ANNOTATION,
  REBOOT_ANNOTATION,
  RETRY_ANNOTATION,
  TOPOLOGY_ANNOTATION,
} from '../api/index.ts';
import type { DriftPolicy } from './drift-report.ts';

/** A Node, as far as its agent looks at it. */
export interface AgentNode {
  readonly metadata: { readonly name: string; readonly annotations?: Readonly<Record<string, string>> };
  readonly spec?: { readonly unschedulable?: boolean };
}

/** What a Node asks of its agent, and what the agent said of it last. Empty annotations count as absent. */
export interface NodeWishes {
  readonly desiredConfig: string | undefined;
  readonly desiredImage: string | undefined;
  readonly currentConfig: string | undefined;
  readonly currentImage: string | undefined;
  /** `drain-CONFIG` or `uncordon-CONFIG`: what the agent asked for, and what was done last (contract §3.9). */
  readonly desiredDrain: string | undefined;
  readonly lastAppliedDrain: string | undefined;
  /** No new pods come to the node. */
  readonly unschedulable: boolean;
  /** The agent had said that it reboots the node. */
  readonly rebooting: boolean;
  /** The cluster has one control plane node and no place to drain it to (contract §3.9). */
  readonly alone: boolean;
  /** A person's word to try again what was given up; any new value counts once. */
  readonly retry: string | undefined;
  /** What becomes of image-owned files that were changed on the node. */
  readonly driftPolicy: DriftPolicy;
  /** What the change to `desiredImage` costs, as the annotation has it: `readDisruptionNote` reads it. */
  readonly disruption: string | undefined;
  /** An image to have at hand before its turn comes. */
  readonly prefetchImage: string | undefined;
  /** A reboot may be one of the user space alone. */
  readonly softReboot: boolean;
}

export function nodeWishes({ metadata, spec }: AgentNode): NodeWishes {
  const annotation = (key: string): string | undefined => {
    const value = metadata.annotations?.[key];
    return value === '' ? undefined : value;
  };
  return {
    desiredConfig: annotation(DESIRED_CONFIG_ANNOTATION),
    desiredImage: annotation(DESIRED_IMAGE_ANNOTATION),
    currentConfig: annotation(CURRENT_CONFIG_ANNOTATION),
    currentImage: annotation(CURRENT_IMAGE_ANNOTATION),
    desiredDrain: annotation(DESIRED_DRAIN_ANNOTATION),
    lastAppliedDrain: annotation(LAST_APPLIED_DRAIN_ANNOTATION),
    unschedulable: spec?.unschedulable === true,
    rebooting: annotation(POST_CONFIG_ACTION_ANNOTATION) === 'Rebooting',
    alone: annotation(TOPOLOGY_ANNOTATION) === 'SingleReplica',
    retry: annotation(RETRY_ANNOTATION),
    // A change on a node had a reason that nobody may know yet, so only who says so has it undone.
    driftPolicy: annotation(DRIFT_POLICY_ANNOTATION) === 'Heal' ? 'Heal' : 'Report',
    disruption: annotation(DISRUPTION_ANNOTATION),
    prefetchImage: annotation(PREFETCH_IMAGE_ANNOTATION),
    softReboot: annotation(REBOOT_ANNOTATION) === 'Soft',
  };
}

/**
 * Whether the node is drained for this configuration. It has to be cordoned as well: a drain controller that finds the
 * node schedulable again drains it anew (contract §3.9), and until then pods may be on it.
 */
export function isDrained(node: NodeWishes, config: string): boolean {
  const asked = `drain-${config}`;
  return node.desiredDrain === asked && node.lastAppliedDrain === asked && node.unschedulable;
}
