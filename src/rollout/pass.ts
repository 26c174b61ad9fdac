import { type Aim, aimOf } from './aim.ts';
import { type Failure, outlookOf } from './journey.ts';
import { isOver } from './ledger.ts';
import { type Member, readMember } from './member.ts';
import { isOutOfService, takesPlace } from './occupancy.ts';
import { inOrder } from './order.ts';
import { type Permits, readPermits } from './permits.ts';
import { isControlPlanePool } from './quorum.ts';
import { type RolloutPolicy, rolloutPolicy } from './rollout-policy.ts';
import type { RolloutSnapshot } from './snapshot.ts';
import { isYetToCome } from './successors.ts';

/** A snapshot, read: what every rule of one pass looks at. */
export interface Pass {
  readonly snapshot: RolloutSnapshot;
  readonly aim: Aim;
  readonly policy: RolloutPolicy;
  /** What of the pool's own words cannot be used, whole sentences; then no node gets its turn. */
  readonly policyProblems: readonly string[];
  /** Of all nodes that share these permits, of another pool too. */
  readonly permits: Permits;
  /** In the order in which they get their turn. */
  readonly members: readonly Member[];
  readonly byName: ReadonlyMap<string, Member>;
  /** Nodes that failed at what the pool wants, by name. */
  readonly failures: ReadonlyMap<string, Failure>;
  /** Nodes that failed at what they were told before, by name. */
  readonly stalls: ReadonlyMap<string, Failure>;
  /** Nodes whose turn is over: others take their places, and their permits go with the next write that somebody waits for. */
  readonly over: ReadonlySet<string>;
  /** Nodes that have a permit for a place that another one still has; to everything else they have none. */
  readonly next: ReadonlySet<string>;
  /** Nodes that take one of the places of `maxUnavailable`. */
  readonly places: ReadonlySet<string>;
  readonly now: number;
  /** Has the pass repeated at a time, in milliseconds since 1970, though nothing has changed. */
  readonly wakeAt: (time: number) => void;
}

/** What is used while the pool's words cannot be: it only says when nodes count as failed, since none gets its turn. */
const CAUTIOUS: RolloutPolicy = {
  maxUnavailable: 1,
  failureBudget: 1,
  soak: 0,
  stuckAfter: 30 * 60_000,
  maxPulls: 1,
};

export function readPass(snapshot: RolloutSnapshot, wakeAt: (time: number) => void): Pass {
  const { pool, nodes, controllerNode, now } = snapshot;
  const aim = aimOf(snapshot);
  const permits = readPermits((snapshot.permitsPool ?? pool).metadata.annotations);
  const reading = rolloutPolicy(pool, nodes.length);
  const stated = reading.ok ? reading.policy : CAUTIOUS;
  const policy = isControlPlanePool(pool.metadata.name) ? { ...stated, maxUnavailable: 1 } : stated;
  const read = nodes.map((node) => readMember(node, aim, permits, now));
  const over = new Set(read.filter((member) => isOver(member, policy, now)).map(({ name }) => name));
  const next = new Set(read.filter((member) => isYetToCome(member, permits, over)).map(({ name }) => name));
  const members = inOrder(
    read.map((member) => (next.has(member.name) ? readMember(member.facts, aim, {}, now) : member)),
    controllerNode,
  );
  const failures = new Map<string, Failure>();
  const stalls = new Map<string, Failure>();
  for (const member of members) {
    const outlook = outlookOf(member, policy, now);
    if ('failure' in outlook) (member.isAsked ? failures : stalls).set(member.name, outlook.failure);
    else if (outlook.failsAt !== undefined) wakeAt(outlook.failsAt);
  }
  return {
    snapshot,
    aim,
    policy,
    policyProblems: reading.ok ? [] : reading.problems,
    permits,
    members,
    byName: new Map(members.map((member) => [member.name, member])),
    failures,
    stalls,
    over,
    next,
    places: new Set(
      members
        .filter((member) => (over.has(member.name) ? isOutOfService(member) : takesPlace(member)))
        .map(({ name }) => name),
    ),
    now,
    wakeAt,
  };
}
