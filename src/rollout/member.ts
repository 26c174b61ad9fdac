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
  STATE_ANNOTATION,
} from '../api/index.ts';
import type { Aim } from './aim.ts';
import { cordonOf, type Cordon } from './cordon.ts';
import { type DisruptionLease, readLease } from './lease.ts';
import {
  isNodeAtTarget,
  isNodeDegraded,
  isNodeDone,
  isNodeHealthy,
  isNodeReady,
  type NodeTarget,
  type RolloutNode,
} from './node-state.ts';
import { type Permit, type Permits, readTold, type Told } from './permits.ts';
import type { NodeSnapshot } from './snapshot.ts';

/** A configuration and an image as annotations have them: empty where there is none. */
export interface Version {
  readonly config: string;
  readonly image: string;
}

/** A node of the pool, as the rules look at it. */
export interface Member {
  readonly name: string;
  readonly node: RolloutNode;
  readonly facts: NodeSnapshot;
  /** What the pool wants of it; undefined: nobody knows, or the node is left alone. */
  readonly target: NodeTarget | undefined;
  /** The pool is not in image mode, and the node runs no image: nothing is done with it. */
  readonly isLeftAlone: boolean;
  readonly current: Version;
  readonly desired: Version;
  readonly permit: Permit | undefined;
  /** Not read of a node that is done and without a permit. */
  readonly told: Told | undefined;
  /** It has its turn, and knows. */
  readonly isTold: boolean;
  readonly cordon: Cordon;
  readonly lease: DisruptionLease;
  readonly isRebooting: boolean;
  /** {@link hasUpdateBegun}. */
  readonly isBegun: boolean;
  /** Conditions are as they should be; a cordon does not count. */
  readonly isHealthy: boolean;
  /** Contract §3.4: {@link isHealthy}, and not cordoned. */
  readonly isReady: boolean;
  readonly isDegraded: boolean;
  /** Contract §3.4: it runs what it was told last, and says so. */
  readonly isDone: boolean;
  /** It has been told to run the target. */
  readonly isAsked: boolean;
  /** It runs the target. */
  readonly isUpdated: boolean;
  readonly isDeleting: boolean;
  /** An agent has written something about this node. */
  readonly hasAgent: boolean;
  /** The agent asks for a drain that has not been done. */
  readonly asksDrain: boolean;
}

export function readMember(facts: NodeSnapshot, aim: Aim, permits: Permits, now: number): Member {
  const { node } = facts;
  const { name, annotations } = node.metadata;
  const annotation = (key: string): string => annotations?.[key] ?? '';
  const current = {
    config: annotation(CURRENT_CONFIG_ANNOTATION),
    image: annotation(CURRENT_IMAGE_ANNOTATION),
  };
  const desired = {
    config: annotation(DESIRED_CONFIG_ANNOTATION),
    image: annotation(DESIRED_IMAGE_ANNOTATION),
  };
  const permit = permits[name];
  const asked = annotation(DESIRED_DRAIN_ANNOTATION);
  const applied = annotation(LAST_APPLIED_DRAIN_ANNOTATION);
  const isRebooting = annotation(POST_CONFIG_ACTION_ANNOTATION) === 'Rebooting';
  const isCordoned = node.spec?.unschedulable === true;
  const isBegun = hasUpdateBegun(node);
  const lease = readLease(annotations, now);
  const isLeftAlone =
    !aim.isLayered &&
    current.image === '' &&
    desired.image === '' &&
    permit === undefined &&
    lease.kind !== 'ours' &&
    !isBegun;
  const target = isLeftAlone ? undefined : aim.target;
  const isDone = isNodeDone(node);
  // Of thousands of nodes most are at rest, and what they were told when is past.
  const told = isDone && permit === undefined ? undefined : readTold(annotations);
  const isAsked = target !== undefined && isNodeAtTarget(node, target);
  return {
    name,
    node,
    facts,
    target,
    isLeftAlone,
    current,
    desired,
    permit,
    told,
    isTold: permit !== undefined && told?.permit === permit.id,
    cordon: cordonOf(node),
    lease,
    isRebooting,
    isBegun,
    isHealthy: isNodeHealthy(node),
    isReady: isNodeReady(node),
    isDegraded: isNodeDegraded(node),
    isDone,
    isAsked,
    isUpdated: isAsked && isDone,
    isDeleting: node.metadata.deletionTimestamp !== undefined,
    hasAgent:
      current.config !== '' ||
      annotation(STATE_ANNOTATION) !== '' ||
      (facts.machineConfigNode?.status?.conditions ?? []).length > 0,
    asksDrain: asked.startsWith('drain-') && (asked !== applied || !isCordoned),
  };
}

/** Whether a node's drain has begun, or was done, or it reboots: only finishing the update brings it back. */
export function hasUpdateBegun({ metadata, spec }: RolloutNode): boolean {
  const annotation = (key: string): string => metadata.annotations?.[key] ?? '';
  const mark = annotation(CORDON_ANNOTATION);
  return (
    annotation(POST_CONFIG_ACTION_ANNOTATION) === 'Rebooting' ||
    mark === 'Own' ||
    (spec?.unschedulable === true && annotation(LAST_APPLIED_DRAIN_ANNOTATION).startsWith('drain-')) ||
    (mark === 'Kept' && annotation(DRAIN_STARTED_ANNOTATION) !== '')
  );
}

/** Whether two references name one image: digests count, and not the registry that they name (contract §7.8). */
export function sameImage(one: string, other: string): boolean {
  if (one === other) return true;
  const digest = (image: string): string => image.slice(image.lastIndexOf('@') + 1);
  return one !== '' && other !== '' && digest(one) === digest(other);
}
