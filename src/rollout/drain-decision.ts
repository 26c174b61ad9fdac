import {
  CORDON_ANNOTATION,
  CURRENT_CONFIG_ANNOTATION,
  CURRENT_IMAGE_ANNOTATION,
  DESIRED_CONFIG_ANNOTATION,
  DESIRED_DRAIN_ANNOTATION,
  DESIRED_IMAGE_ANNOTATION,
  DISRUPTION_LEASE_ANNOTATION,
  DRAIN_STARTED_ANNOTATION,
  LAST_APPLIED_DRAIN_ANNOTATION,
  POST_CONFIG_ACTION_ANNOTATION,
  STATE_ANNOTATION,
  TOPOLOGY_ANNOTATION,
} from '../api/index.ts';
import { formatTime } from '../schema/index.ts';
import { cordoning, cordonOf, uncordons } from './cordon.ts';
import { parseDrainRequest } from './drain-request.ts';
import { readLease } from './lease.ts';
import { untainted } from './node-patch.ts';
import { isNodeHealthy, type NodeTaint, type RolloutNode } from './node-state.ts';
import { releasedNode } from './released-node.ts';
import type { NodePlan } from './rollout-plan.ts';
import { rebootsWhenDrained } from './staged-node.ts';

/** All that is decided from, beside the node. */
export interface DrainSurroundings {
  /** What the rollout says of the node; absent: no pool updates it. */
  readonly plan: Pick<NodePlan, 'drain' | 'message'> | undefined;
  /** The cluster has no other node that pods could go to. */
  readonly isOnlyNode: boolean;
  /** Why pods of the node can never be evicted; empty where nothing is known to be in the way, or force is allowed. */
  readonly impossible: readonly string[];
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** What changes of a Node; null takes an annotation away. */
export interface DrainPatch {
  readonly annotations: Readonly<Record<string, string | null>>;
  readonly unschedulable?: boolean;
  /** All that are to be left, where one goes. */
  readonly taints?: readonly NodeTaint[];
}

/** What is to be done with a node. Patches are of the node that was seen and of no later one. */
export type DrainStep =
  | { readonly kind: 'nothing' }
  /** The request cannot be understood. */
  | { readonly kind: 'invalid'; readonly message: string }
  /** The drain does not begin; the patch notes since when it is asked for, if nothing does yet. */
  | {
      readonly kind: 'hold';
      readonly reason: 'DrainHeld' | 'NotInPool' | 'DrainImpossible';
      readonly message: string;
      readonly patch?: DrainPatch;
    }
  /** No new pods from now on; after that the pods that are there are evicted. */
  | { readonly kind: 'cordon'; readonly patch: DrainPatch }
  /** Cordoned, and pods may be on it. */
  | {
      readonly kind: 'evict';
      /** When the drain began, in milliseconds since 1970; `start` notes it where nothing does yet. */
      readonly since: number;
      readonly start?: DrainPatch;
      /** Its agent has not said since the node was told what to run that it is at work: no pod goes for one that may not be there. */
      readonly awaitsAgent: boolean;
      readonly drained: DrainPatch;
    }
  /** Nothing is evicted, since there is no place for the pods but this. */
  | { readonly kind: 'skip'; readonly patch: DrainPatch }
  | { readonly kind: 'uncordon'; readonly patch: DrainPatch; readonly staysCordoned: boolean }
  /** The drain is given up, and what was done for it undone. */
  | { readonly kind: 'release'; readonly patch: DrainPatch };

const NOTHING: DrainStep = { kind: 'nothing' };

/**
 * What whoever drains nodes does next with one: a function of what the API says and of nothing else, so that it may be killed
 * anywhere (contract §3.9, without its sharp edges). Only a cordon that was noted as one's own, in the same write, is lifted.
 */
export function decideDrain(node: RolloutNode, surroundings: DrainSurroundings): DrainStep {
  const { annotations = {} } = node.metadata;
  const desired = annotations[DESIRED_DRAIN_ANNOTATION] ?? '';
  if (desired === '') return giveBack(node);
  const request = parseDrainRequest(desired);
  if (request === undefined) {
    const message = `The annotation ${DESIRED_DRAIN_ANNOTATION} of Node ${node.metadata.name} is ${JSON.stringify(desired.slice(0, 300))}, and has to be drain-CONFIG or uncordon-CONFIG.`;
    return { kind: 'invalid', message };
  }
  if (request.verb === 'uncordon') return uncordon(node, desired, surroundings.now);
  // It is going down; when it is back its agent asks for what it needs.
  if (annotations[POST_CONFIG_ACTION_ANNOTATION] === 'Rebooting') return NOTHING;
  return drain(node, desired, surroundings);
}

/** Since when a node has been drained, in milliseconds since 1970. */
export function drainStart({ metadata }: RolloutNode): number | undefined {
  const at = Date.parse(metadata.annotations?.[DRAIN_STARTED_ANNOTATION] ?? '');
  return Number.isNaN(at) ? undefined : at;
}

function drain(
  node: RolloutNode,
  desired: string,
  { plan, isOnlyNode, impossible, now }: DrainSurroundings,
): DrainStep {
  const { annotations = {}, name } = node.metadata;
  const cordon = cordonOf(node);
  const since = drainStart(node);
  const isUnderWay =
    since !== undefined || annotations[LAST_APPLIED_DRAIN_ANNOTATION]?.startsWith('drain-') === true;
  // A person may have set the mark `Kept`: what they have cordoned is to be updated as it is.
  const mark = annotations[CORDON_ANNOTATION];
  const hasBegun = mark === 'Own' || (mark !== undefined && isUnderWay);
  if (plan === undefined) {
    const given = giveBack(node);
    // Its agent may be about to reboot it until it has been told to stay where it is.
    if (given.kind !== 'nothing' && (!hasBegun || releasedNode(node, now).uncordon)) return given;
    const message = `Node ${name} is in no MachineConfigPool, and is not drained.`;
    return { kind: 'hold', reason: 'NotInPool', message };
  }
  if (cordon !== 'none' && annotations[LAST_APPLIED_DRAIN_ANNOTATION] === desired) return NOTHING;
  if (!hasBegun && plan.drain !== 'permitted')
    return { kind: 'hold', reason: 'DrainHeld', message: plan.message };
  const cordons = cordoning(node);
  const marked = cordons === undefined ? {} : { [CORDON_ANNOTATION]: cordons.mark };
  const done = { [LAST_APPLIED_DRAIN_ANNOTATION]: desired, [DRAIN_STARTED_ANNOTATION]: null };
  if (isOnlyNode || annotations[TOPOLOGY_ANNOTATION] === 'SingleReplica') {
    const patch = patchOf(node, { ...marked, ...done });
    return { kind: 'skip', patch: cordon === 'none' ? { ...patch, unschedulable: true } : patch };
  }
  const started = { [DRAIN_STARTED_ANNOTATION]: formatTime(now) };
  if (impossible.length > 0 && !(hasBegun && isUnderWay)) {
    const hold = { kind: 'hold', reason: 'DrainImpossible', message: impossible.join(' ') } as const;
    const noted = since === undefined ? started : {};
    if (hasBegun) {
      // It was cordoned as it was told what to run, and nothing else has been done to it.
      const patch = patchOf(node, { ...noted, [CORDON_ANNOTATION]: null });
      return { ...hold, patch: cordon === 'own' ? { ...patch, unschedulable: false } : patch };
    }
    return since === undefined ? { ...hold, patch: patchOf(node, noted) } : hold;
  }
  if (cordons === undefined) {
    const start = since === undefined ? { start: patchOf(node, started) } : {};
    const state = annotations[STATE_ANNOTATION];
    const isSilent = state === 'Done';
    // From here on the node is its agent's, until that says something else.
    const next = rebootsWhenDrained(node)
      ? {
          [POST_CONFIG_ACTION_ANNOTATION]: 'Rebooting',
          ...(isSilent ? { [STATE_ANNOTATION]: 'Working' } : {}),
        }
      : {};
    const drained = patchOf(node, { ...done, ...next });
    // Whoever asks for a drain is at work; that somebody else asked in its name tells nothing of that.
    const isStopped = state === 'Degraded' || state === 'Unreconcilable';
    const awaitsAgent = isSilent || (isStopped && !isUnderWay);
    return { kind: 'evict', since: since ?? now, ...start, awaitsAgent, drained };
  }
  // Where somebody lifted our cordon pods may have come, and the time begins anew; a drain that was held goes on counting.
  const patch = patchOf(node, {
    ...(!hasBegun && since !== undefined ? {} : started),
    ...marked,
    // What was drained before says nothing of the node as it is now.
    ...(cordon === 'none' ? { [LAST_APPLIED_DRAIN_ANNOTATION]: null } : {}),
  });
  return { kind: 'cordon', patch: cordon === 'none' ? { ...patch, unschedulable: true } : patch };
}

function uncordon(node: RolloutNode, desired: string, now: number): DrainStep {
  if (node.metadata.annotations?.[LAST_APPLIED_DRAIN_ANNOTATION] === desired)
    return cordonOf(node) === 'kept' ? NOTHING : giveBack(node);
  const patch = patchOf(node, {
    [LAST_APPLIED_DRAIN_ANNOTATION]: desired,
    [CORDON_ANNOTATION]: null,
    [DRAIN_STARTED_ANNOTATION]: null,
  });
  const lifts = uncordons(node);
  const rest = endOfUpdate(node, now);
  return {
    kind: 'uncordon',
    patch: {
      ...patch,
      ...rest,
      annotations: { ...patch.annotations, ...rest.annotations },
      ...(lifts ? { unschedulable: false } : {}),
    },
    staysCordoned: !lifts && cordonOf(node) !== 'none',
  };
}

/**
 * What the rollout would take from the node as soon as it serves again, the lease and the taint, in the same breath: with
 * thousands of nodes it is a request of each. Only of one that runs what it was told last.
 */
function endOfUpdate(node: RolloutNode, now: number): DrainPatch {
  const { annotations = {} } = node.metadata;
  const isThere =
    annotations[CURRENT_CONFIG_ANNOTATION] !== undefined &&
    annotations[CURRENT_CONFIG_ANNOTATION] === annotations[DESIRED_CONFIG_ANNOTATION] &&
    annotations[CURRENT_IMAGE_ANNOTATION] === annotations[DESIRED_IMAGE_ANNOTATION];
  if (!isThere) return { annotations: {} };
  const gives = isNodeHealthy(node) && readLease(annotations, now).kind === 'ours';
  const taints = untainted(node);
  return {
    annotations: gives ? { [DISRUPTION_LEASE_ANNOTATION]: null } : {},
    ...(taints.length < (node.spec?.taints ?? []).length ? { taints } : {}),
  };
}

/** Undoes what was done for a drain that nobody wants any more. */
function giveBack(node: RolloutNode): DrainStep {
  const last = node.metadata.annotations?.[LAST_APPLIED_DRAIN_ANNOTATION];
  const patch = patchOf(node, {
    [CORDON_ANNOTATION]: null,
    [DRAIN_STARTED_ANNOTATION]: null,
    ...(last?.startsWith('drain-') === true ? { [LAST_APPLIED_DRAIN_ANNOTATION]: null } : {}),
  });
  if (Object.keys(patch.annotations).length === 0) return NOTHING;
  return { kind: 'release', patch: uncordons(node) ? { ...patch, unschedulable: false } : patch };
}

/** What of these annotations is not so already. */
function patchOf({ metadata }: RolloutNode, wanted: Readonly<Record<string, string | null>>): DrainPatch {
  const { annotations = {} } = metadata;
  const news = Object.entries(wanted).filter(([key, value]) => (annotations[key] ?? null) !== value);
  return { annotations: Object.fromEntries(news) };
}
