import { POOL_LABELS_APPLIED_ANNOTATION } from '../api/index.ts';
import { changeFor } from './change-cost.ts';
import {
  agentObjection,
  cordonObjection,
  leaseObjection,
  readinessObjection,
  type Wait,
} from './obstacles.ts';
import type { Member } from './member.ts';
import { describePlaces } from './describe-places.ts';
import { isOutAnyway, isOutOfService, isServing } from './occupancy.ts';
import type { Pass } from './pass.ts';
import type { Permit } from './permits.ts';
import type { Pulls } from './pulls.ts';
import { peerObjection, quorumObjection } from './quorum.ts';

/** What a pass comes to for one node. */
export type Turn =
  /** Nothing to tell it: it is there, on its way, or no concern of this rollout. */
  | { readonly kind: 'none' }
  /** It is told what to run; without a permit where that disrupts nothing. */
  | { readonly kind: 'assign'; readonly permit?: Permit }
  /** It gets a permit, and is told in the next pass. */
  | { readonly kind: 'grant' }
  /** It gets the labels of the custom pool that it first booted with. */
  | { readonly kind: 'label' }
  | ({ readonly kind: 'wait' } & Wait);

/** What has come of the nodes before. */
interface SoFar {
  /** Nodes that take a place. */
  readonly places: ReadonlySet<string>;
  /** Of these, those that are out of service, or have their turn and know. */
  readonly taken: ReadonlySet<string>;
  /** Nodes that have a permit and keep it, or get one. */
  readonly holders: ReadonlySet<string>;
  /** Nodes that get one in this pass. */
  readonly granted: ReadonlySet<string>;
  readonly pulls: Pulls;
}

const NONE: Turn = { kind: 'none' };

/** Decides who gets their turn, in order; every node is in the answer. */
export function decideTurns(pass: Pass, pulls: Pulls): ReadonlyMap<string, Turn> {
  const turns = new Map<string, Turn>();
  const places = new Set(pass.places);
  const holders = new Set(Object.keys(pass.permits).filter((name) => !pass.over.has(name)));
  const granted = new Set<string>();
  const taken = new Set([...places].filter((name) => isTaken(pass.byName.get(name))));
  for (const member of pass.members) {
    const turn = turnOf(pass, member, { places, taken, holders, granted, pulls });
    turns.set(member.name, turn);
    if (turn.kind === 'assign' && turn.permit !== undefined) taken.add(member.name);
    if (turn.kind !== 'grant') continue;
    holders.add(member.name);
    granted.add(member.name);
    places.add(member.name);
    pulls.begin(member);
  }
  return turns;
}

/** Whether a node that takes a place is not only about to; what another pool has told it its drain waits for. */
function isTaken(member: Member | undefined): boolean {
  return member !== undefined && (isOutOfService(member) || (member.permit !== undefined && member.isTold));
}

function turnOf(pass: Pass, member: Member, soFar: SoFar): Turn {
  const { target, isLeftAlone, isDeleting, isAsked, isTold, isDone, isRebooting, permit } = member;
  const { hold } = pass.aim;
  if (isLeftAlone || isDeleting) return NONE;
  if (isAsked && (permit === undefined ? isDone : isTold && !hasLostLease(member))) return NONE;
  if (hold !== undefined) return { kind: 'wait', ...hold };
  if (target === undefined) return NONE;
  // It has gone too far to turn round, and is told when it is back.
  if (isRebooting && permit !== undefined) return NONE;
  const lease = leaseObjection(pass, member);
  if (permit !== undefined) {
    // It is back: first its permit ends, which another node may need.
    if (isTold && isDone && isServing(member)) return NONE;
    const isFresh = isTold ? undefined : freshObjection(pass, member, soFar);
    const objection = lease ?? isFresh;
    if (objection !== undefined) return { kind: 'wait', ...objection };
    // What a cache that lags shows of the node must not pass for the end of this turn.
    return isTold && isDone ? { kind: 'grant' } : { kind: 'assign', permit };
  }
  if (changeFor(pass, member).cost === 'nothing') return isAsked ? NONE : { kind: 'assign' };
  if (isFirstBootOfAnother(member)) return { kind: 'label' };
  const objection = lease ?? agentObjection(pass, member) ?? objectionTo(pass, member, soFar);
  return objection === undefined ? { kind: 'grant' } : { kind: 'wait', ...objection };
}

/** Why a node with a permit is not told what to run yet: it may have got the permit long before its place was free. */
function freshObjection(pass: Pass, member: Member, { taken, granted, pulls }: SoFar): Wait | undefined {
  const { failures, policy, policyProblems } = pass;
  const { name } = member;
  const [problem] = policyProblems;
  if (problem !== undefined) return { reason: 'PolicyInvalid', message: problem, needsPerson: true };
  const self = cordonObjection(member) ?? readinessObjection(pass, member);
  if (self !== undefined) return self;
  if (isOutAnyway(member)) return undefined;
  if (failures.size >= policy.failureBudget && !failures.has(name)) {
    return { reason: 'FailureBudgetSpent', message: budgetSpent(pass), needsPerson: true };
  }
  if (taken.size - (taken.has(name) ? 1 : 0) >= policy.maxUnavailable)
    return placesTaken(pass, name, taken, granted);
  return pulls.mayBegin(member) ? undefined : pullsTaken(policy.maxPulls, name);
}

function placesTaken(
  pass: Pass,
  name: string,
  places: ReadonlySet<string>,
  granted: ReadonlySet<string>,
): Wait {
  const message = `Node ${name} waits for its turn: ${describePlaces(pass, places, name, granted)}`;
  return { reason: 'MaxUnavailable', message, needsPerson: false };
}

function pullsTaken(maxPulls: number, name: string): Wait {
  const message = `Node ${name} waits for its turn: ${maxPulls} nodes pull the image now (varve.dev/max-pulls)`;
  return { reason: 'MaxPulls', message, needsPerson: false };
}

/** Why a node without a permit does not get one. */
function objectionTo(
  pass: Pass,
  member: Member,
  { places, holders, granted, pulls }: SoFar,
): Wait | undefined {
  const { policyProblems, snapshot, policy, failures } = pass;
  const { name } = member;
  const [problem] = policyProblems;
  if (problem !== undefined) return { reason: 'PolicyInvalid', message: problem, needsPerson: true };
  // It is out of service already: only its update brings it back.
  if (isOutAnyway(member)) return undefined;
  const self = cordonObjection(member) ?? readinessObjection(pass, member);
  if (self !== undefined) return self;
  if (failures.size >= policy.failureBudget) {
    return { reason: 'FailureBudgetSpent', message: budgetSpent(pass), needsPerson: true };
  }
  const peer = peerObjection(snapshot) ?? quorumObjection(snapshot, pass, holders, member);
  if (peer !== undefined) return { ...peer, needsPerson: false };
  const others = places.size - (places.has(name) ? 1 : 0);
  if (others >= policy.maxUnavailable) return placesTaken(pass, name, places, granted);
  return pulls.mayBegin(member) ? undefined : pullsTaken(policy.maxPulls, name);
}

/** What the pool says when too many nodes have failed. */
export function budgetSpent({ failures, policy, snapshot }: Pass): string {
  const [first] = failures.values();
  const { name } = snapshot.pool.metadata;
  const nodes = failures.size === 1 ? '1 node has failed' : `${failures.size} nodes have failed`;
  return `MachineConfigPool ${name} goes no further: ${nodes}, and ${policy.failureBudget} may (varve.dev/failure-budget): ${first?.message ?? ''}`;
}

/** Somebody took the lease away while the node was on its way. */
function hasLostLease({ lease, isDone, current, desired }: Member): boolean {
  const isThere = current.config === desired.config && current.image === desired.image;
  return lease.kind === 'free' && !isDone && !isThere;
}

/** Booted with the configuration of a custom pool that it is not in yet, since it lacks the labels (contract §3.5). */
function isFirstBootOfAnother({ facts, node }: Member): boolean {
  return (
    facts.firstPool !== undefined && node.metadata.annotations?.[POOL_LABELS_APPLIED_ANNOTATION] === undefined
  );
}
