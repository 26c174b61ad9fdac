import type { Member } from './member.ts';
import { isNodeFailing } from './node-state.ts';

/** Whether workloads cannot be on the node, or are being moved off it. */
export function isOutOfService({ isReady, isBegun }: Member): boolean {
  return !isReady || isBegun;
}

/**
 * Whether the node takes one of the places that `maxUnavailable` gives (contract §3.4, §3.5): it is out of service, has its
 * turn, or was told something that it has not reached; one that gave up on what the pool does not want any more does not. A node
 * that nobody has told anything yet serves, other than in the reference: a new cluster is made of them.
 */
export function takesPlace(member: Member): boolean {
  if (isOutOfService(member) || member.permit !== undefined) return true;
  if (member.desired.config === '' || member.isDone) return false;
  return member.isAsked || !isNodeFailing(member.node);
}

/**
 * Whether the node is out of service for an update already, so that it takes no further place: Varve has begun with it, or a
 * person who cordoned it says that it may be updated as it is (`varve.dev/cordon: Kept`).
 */
export function isOutAnyway({ isBegun, cordon }: Member): boolean {
  return isBegun || cordon === 'kept';
}

/** Whether an update of the node is over, as far as workloads can tell; a person's cordon is not Varve's to wait for. */
export function isServing({ isHealthy, isBegun }: Member): boolean {
  return isHealthy && !isBegun;
}
