import { TOPOLOGY_ANNOTATION } from '../api/index.ts';
import { changeFor } from './change-cost.ts';
import { cordonOf } from './cordon.ts';
import { describePlaces } from './describe-places.ts';
import type { Member } from './member.ts';
import { leaseObjection, type Wait } from './obstacles.ts';
import { isOutAnyway, isOutOfService } from './occupancy.ts';
import type { Pass } from './pass.ts';
import { quorumObjection } from './quorum.ts';
import { hasStaged } from './staged-node.ts';
import { budgetSpent, type Turn } from './turns.ts';

/** Whether a node may be drained now. */
export type DrainVerdict =
  /** There is nothing to drain it for. */
  { readonly kind: 'none' } | { readonly kind: 'permitted' } | ({ readonly kind: 'held' } & Wait);

/** What a pass says of drains. */
export interface Drains {
  /** By node. */
  readonly drains: ReadonlyMap<string, DrainVerdict>;
  /** Nodes that are told what to run in this pass, and whose drain begins with that. */
  readonly atOnce: ReadonlySet<string>;
}

/**
 * Decides which drains may begin. A node got its turn some time ago, and much may have happened since: the pool was paused, other
 * nodes went down or failed, another image is to come. A drain that has begun is never held.
 */
export function decideDrains(pass: Pass, turns: ReadonlyMap<string, Turn>): Drains {
  const drains = new Map<string, DrainVerdict>();
  const atOnce = new Set<string>();
  const out = new Set(pass.members.filter(isOutOfService).map(({ name }) => name));
  for (const member of pass.members) {
    const turn = turns.get(member.name) ?? { kind: 'none' };
    const verdict = verdictOn(pass, member, turn, out);
    drains.set(member.name, verdict);
    const isAtOnce = isReadyToDrain(pass, member, turn) && objectionTo(pass, member, out) === undefined;
    if (isAtOnce) atOnce.add(member.name);
    if (isAtOnce || (verdict.kind === 'permitted' && member.asksDrain)) out.add(member.name);
  }
  return { drains, atOnce };
}

/** Whether a node that is told what to run has it staged: its agent would ask for the drain next. */
function isReadyToDrain(pass: Pass, member: Member, turn: Turn): boolean {
  if (turn.kind !== 'assign' || turn.permit === undefined) return false;
  const { target, node, cordon, isBegun } = member;
  const change = changeFor(pass, member);
  return (
    target?.image !== undefined &&
    hasStaged(node, target.image) &&
    change.cost === 'disruption' &&
    change.note === undefined &&
    cordon === 'none' &&
    !isBegun &&
    node.metadata.annotations?.[TOPOLOGY_ANNOTATION] !== 'SingleReplica'
  );
}

function verdictOn(pass: Pass, member: Member, turn: Turn, out: ReadonlySet<string>): DrainVerdict {
  const { name, isLeftAlone, isDone, isBegun, isTold, desired } = member;
  if (isLeftAlone || isDone || desired.config === '') return { kind: 'none' };
  if (isBegun) return { kind: 'permitted' };
  const held = (wait: Wait): DrainVerdict => ({ ...wait, kind: 'held' });
  const { hold } = pass.aim;
  if (hold !== undefined && hold.reason !== 'ImageGone') return held(hold);
  if (turn.kind === 'wait') return held(turn);
  if (turn.kind !== 'none' || !isTold) {
    const message = `Node ${name} is about to be told what to run`;
    return held({ reason: 'Assigned', message, needsPerson: false });
  }
  const objection = objectionTo(pass, member, out);
  return objection === undefined ? { kind: 'permitted' } : held(objection);
}

/** Why a node that has its turn is not drained now. */
function objectionTo(pass: Pass, member: Member, out: ReadonlySet<string>): Wait | undefined {
  const { name } = member;
  const lease = leaseObjection(pass, member);
  if (lease !== undefined) return lease;
  const { failures, policy, snapshot } = pass;
  if (failures.size >= policy.failureBudget && !failures.has(name)) {
    return { reason: 'FailureBudgetSpent', message: budgetSpent(pass), needsPerson: true };
  }
  const quorum = quorumObjection(snapshot, pass, holdersBefore(pass, member), member);
  if (quorum !== undefined) return { ...quorum, needsPerson: false };
  const others = out.size - (out.has(name) ? 1 : 0);
  if (others < policy.maxUnavailable) return undefined;
  const message = `Node ${name} is not drained yet: ${describePlaces(pass, out, name)}`;
  return { reason: 'MaxUnavailable', message, needsPerson: false };
}

/**
 * Nodes with a permit whose turn to be drained comes before this one's: two of the control plane have one together where a person
 * has said of a node that they cordoned that it may be updated as it is, and may be of two pools, of which neither hears of the
 * other's drains in time. Whoever is out of service already goes first, then who waits longest.
 */
function holdersBefore({ permits, byName, snapshot }: Pass, { name }: Member): ReadonlySet<string> {
  const kept = new Set(
    (snapshot.peer?.nodes ?? [])
      .filter((node) => cordonOf(node) === 'kept')
      .map((node) => node.metadata.name),
  );
  const order = Object.entries(permits).map(([holder, { since }]): [string, boolean, number] => {
    const member = byName.get(holder);
    return [holder, member === undefined ? kept.has(holder) : isOutAnyway(member), since];
  });
  order.sort(
    ([one, isOneOut, a], [other, isOtherOut, b]) =>
      Number(isOtherOut) - Number(isOneOut) || a - b || (one < other ? -1 : 1),
  );
  const place = order.findIndex(([holder]) => holder === name);
  return new Set(order.slice(0, Math.max(0, place)).map(([holder]) => holder));
}
