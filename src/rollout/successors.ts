import type { Member } from './member.ts';
import type { Pass } from './pass.ts';
import type { Permits } from './permits.ts';
import { isControlPlanePool } from './quorum.ts';
import type { Turn } from './turns.ts';

/**
 * Whether the turn of a node that is to take another one's place has not come: that one is still on its way. What the node was told
 * under its permit tells that it had come.
 */
export function isYetToCome(
  { name, told }: Pick<Member, 'name' | 'told'>,
  permits: Permits,
  over: ReadonlySet<string>,
): boolean {
  const permit = permits[name];
  if (permit?.after === undefined || told?.permit === permit.id) return false;
  return Object.hasOwn(permits, permit.after) && !over.has(permit.after);
}

/**
 * Who takes the places of nodes that are on their way, by the names of those who wait: they get their permits now, and begin when their
 * predecessors serve again, without another write of the pool. A place has one successor, and no two controllers can disagree on who
 * that is. Where a node is watched before another one follows, or the control plane needs each of them, they get their turn one by one.
 */
export function successors(pass: Pass, turns: ReadonlyMap<string, Turn>): ReadonlyMap<string, string> {
  const { policy, permits, over, members, snapshot } = pass;
  const found = new Map<string, string>();
  if (
    policy.soak > 0 ||
    snapshot.permitsPool !== undefined ||
    isControlPlanePool(snapshot.pool.metadata.name)
  )
    return found;
  const followed = new Set(
    Object.entries(permits).flatMap(([name, { after }]) =>
      after !== undefined && pass.next.has(name) ? [after] : [],
    ),
  );
  const needed = new Set((snapshot.controlPlane ?? []).map(({ node }) => node));
  const waiting = members.filter(({ name }) => {
    const turn = turns.get(name);
    // Whoever has a permit keeps its place, whatever it waits for.
    const isFree = permits[name] === undefined && !needed.has(name);
    return isFree && turn?.kind === 'wait' && turn.reason === 'MaxUnavailable';
  });
  const holders = members.filter(
    ({ name, permit }) => turns.get(name)?.kind === 'grant' || (permit !== undefined && !over.has(name)),
  );
  for (const { name } of holders) {
    if (followed.has(name)) continue;
    const next = waiting[found.size];
    if (next === undefined) break;
    found.set(next.name, name);
  }
  return found;
}
