import type { DrainPolicy } from './drain-policy.ts';

/** What became of a pod of a node that is drained. */
export type PodEnd =
  /** It was asked to end, or ends, and is still there. */
  | { readonly kind: 'ending'; readonly pod: string; readonly graceEnds: number | undefined }
  /** Its disruption budget does not let it go now; `held` is a clause that names it. */
  | { readonly kind: 'held'; readonly pod: string; readonly held: string }
  /** The API server did not do it; `why` is what it said. */
  | { readonly kind: 'refused'; readonly pod: string; readonly why: string }
  /** Another one of the same name came to the node although it is cordoned. */
  | { readonly kind: 'returned'; readonly pod: string };

/** How far a drain is. */
export type DrainProgress =
  | { readonly kind: 'drained' }
  | {
      readonly kind: 'draining';
      /**
       * - `Draining`: pods are ending.
       * - `DrainBlocked`: a pod stays until something else changes.
       * - `DrainTimedOut`: the time of the pool for drains is over.
       */
      readonly reason: 'Draining' | 'DrainBlocked' | 'DrainTimedOut';
      /** Whole sentences that name every pod that is left, and what holds it. */
      readonly message: string;
      /** When to look again, in milliseconds from now. */
      readonly next: number;
    };

/** How long after its grace period a pod may take to be gone, in milliseconds; a kubelet needs a few seconds. */
const TOLERANCE = 15_000;

/** Pods that a message names. */
const MOST_NAMED = 8;

/** How soon it is tried again, in milliseconds: at first, at most, and at most once the time is over. */
const SOONEST = 250;
const LATEST = 5000;
const LATEST_WHEN_LATE = 15_000;

/**
 * Says how far a drain is, from what was left of the node's pods.
 *
 * @param since when the drain began; milliseconds since 1970 as `now`
 */
export function drainProgress(
  node: string,
  left: readonly PodEnd[],
  { timeout, whenLate }: Pick<DrainPolicy, 'timeout' | 'whenLate'>,
  since: number,
  now: number,
): DrainProgress {
  const isLate = isDrainLate(timeout, since, now);
  const forces = isLate && whenLate === 'Force';
  const waited = forces ? left.filter((end) => !isGivenUp(end, now)) : left;
  if (waited.length === 0) return { kind: 'drained' };
  const sentences = waited.toSorted(byPod).map((end) => explain(end, now));
  const more = sentences.length - MOST_NAMED;
  const named = [
    ...sentences.slice(0, MOST_NAMED),
    ...(more > 0 ? [`${more} more pods are in the same case.`] : []),
  ].join(' ');
  const isBlocked = waited.some((end) => end.kind !== 'ending' || isOverdue(end, now));
  const minutes = describeDuration(timeout);
  const late = forces
    ? `Node ${node} was not drained within ${minutes}; its pods are deleted now, as the pool's drain policy Force has it.`
    : `Node ${node} was not drained within ${minutes}; it is tried again until it is.`;
  const pause = Math.max(SOONEST, (now - since) / 10);
  return {
    kind: 'draining',
    reason: isLate ? 'DrainTimedOut' : isBlocked ? 'DrainBlocked' : 'Draining',
    message: isLate ? `${late} ${named}` : named,
    next: Math.min(pause, isLate ? LATEST_WHEN_LATE : LATEST),
  };
}

/** Whether the time that the pool gives a drain is over. */
export function isDrainLate(timeout: number, since: number, now: number): boolean {
  return now - since >= timeout;
}

/** A duration as a person would write it. */
export function describeDuration(milliseconds: number): string {
  const seconds = Math.round(milliseconds / 1000);
  if (seconds % 3600 === 0 && seconds > 0) return `${seconds / 3600} h`;
  return seconds % 60 === 0 && seconds > 0 ? `${seconds / 60} min` : `${seconds} s`;
}

/** Whether the policy `Force` waits for it no longer: it has had its time, or comes back whatever is done. */
function isGivenUp(end: PodEnd, now: number): boolean {
  return end.kind === 'returned' || (end.kind === 'ending' && isOverdue(end, now));
}

function isOverdue({ graceEnds }: Extract<PodEnd, { readonly kind: 'ending' }>, now: number): boolean {
  return graceEnds !== undefined && now - graceEnds >= TOLERANCE;
}

function explain(end: PodEnd, now: number): string {
  const { pod } = end;
  switch (end.kind) {
    case 'ending':
      return isOverdue(end, now)
        ? `Pod ${pod} has been asked to end, its grace period is over, and it is still there: see whether the kubelet of its node works, and the pod's finalizers.`
        : `Pod ${pod} is ending.`;
    case 'held':
      return `Pod ${pod} is held by ${end.held}.`;
    case 'refused':
      return `Pod ${pod} could not be evicted: ${end.why}.`;
    case 'returned':
      return `Pod ${pod} comes back although the node is cordoned: it names the node, or tolerates the taint node.kubernetes.io/unschedulable.`;
  }
}

function byPod({ pod: one }: PodEnd, { pod: other }: PodEnd): number {
  return one < other ? -1 : Number(one > other);
}
